"""Following the output of a run while it is printed.

Somebody watching is a leased key that the worker sees; it then writes the run's output to the log store as it
comes, and this reads it from there.
"""

import asyncio
import codecs
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from sse_starlette import ServerSentEvent
from starlette.concurrency import run_in_threadpool

from app.common import keys
from app.common.errors import CronError, LeaseNotFound
from app.common.etcd import EtcdClient
from app.common.logstore import LogStore
from app.common.models import Run, Status
from app.master.problems import Problem
from app.master.schemas.runs import view
from app.master.services.open_runs import WaitingOrder
from app.master.services.runs import Runs

log = logging.getLogger(__name__)

MAX_STREAMS = 200
POLL_SECONDS = 0.3
LOOK_SECONDS = 1.0  # between looks whether the run has ended
TAIL_TTL_SECONDS = 30
RENEW_SECONDS = 10.0
TRACELESS_SECONDS = 120.0  # neither open record nor row: its row is held up on the way to the store


class RunStreams:
    def __init__(self, client: EtcdClient, store: LogStore, runs: Runs) -> None:
        self._client, self._store, self._runs = client, store, runs
        self._open = 0
        self.stopping = False

    def stop(self) -> None:
        """Streams end at their next step."""
        self.stopping = True

    async def open(self, run_id: str, still_allowed: Callable[[], bool]) -> AsyncIterator[ServerSentEvent]:
        """Raises 404 and 503 before the first event."""
        if self.stopping or self._open >= MAX_STREAMS:
            raise Problem(503, "Too many streams.", headers={"Retry-After": "5"})
        found = await run_in_threadpool(self._runs.get, run_id)
        return self._follow(run_id, found, still_allowed)

    async def _follow(
        self, run_id: str, found: Run | WaitingOrder | None, still_allowed: Callable[[], bool]
    ) -> AsyncIterator[ServerSentEvent]:
        self._open += 1
        output = _Output()
        tail = _Tail(self._client, run_id)
        look_at = trace_seen = time.monotonic()
        try:
            while not self.stopping:
                now = time.monotonic()
                try:
                    if now >= look_at:
                        found = await run_in_threadpool(self._runs.find, run_id)
                        look_at = now + LOOK_SECONDS
                        if not await run_in_threadpool(still_allowed):
                            return
                    if _ended(found):
                        break
                    await run_in_threadpool(tail.keep)
                    if text := await self._new_output(run_id, output):
                        yield text
                        continue
                except CronError as error:
                    log.info("A stream waits: %s", error, extra={"action": "stream", "runId": run_id})
                if found is not None:
                    trace_seen = now
                elif now - trace_seen > TRACELESS_SECONDS:
                    yield _event("error", {"detail": "The run has not been recorded yet."})
                    return
                await asyncio.sleep(POLL_SECONDS)
            if isinstance(found, Run) and _ended(found):
                if rest := output.rest(found):
                    yield rest
                yield ServerSentEvent(view(found).model_dump_json(by_alias=True), event="end")
        finally:
            self._open -= 1

    async def _new_output(self, run_id: str, output: "_Output") -> ServerSentEvent | None:
        chunk = await run_in_threadpool(self._store.read_live, run_id, output.offset)
        return output.take(chunk.offset, chunk.data) if chunk else None


class _Output:
    """Bytes in, text out: a character may be split between two chunks."""

    def __init__(self) -> None:
        self.offset = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def take(self, offset: int, data: bytes) -> ServerSentEvent | None:
        if offset != self.offset:
            self._decoder.reset()
        text = self._decoder.decode(data)
        self.offset = offset + len(data)
        return _output(offset, text) if text else None

    def rest(self, run: Run) -> ServerSentEvent | None:
        """What the live output did not have yet. A row whose output was cut has no offsets to continue from;
        GET /runs/{id}/output has its head and tail.
        """
        whole = run.output.encode(errors="replace")
        if self.offset == 0:
            return _output(0, run.output) if run.output else None
        if run.truncated or len(whole) != run.output_bytes or self.offset >= len(whole):
            return None
        return _output(self.offset, self._decoder.decode(whole[self.offset :], final=True))


class _Tail:
    """The leased key that says somebody watches. Ended by its lease, because others may be watching too."""

    def __init__(self, client: EtcdClient, run_id: str) -> None:
        self._client, self._key = client, keys.tail(run_id)
        self._lease = 0
        self._renew_at = 0.0

    def keep(self) -> None:
        if time.monotonic() < self._renew_at:
            return
        try:
            if self._lease:
                self._client.keepalive(self._lease)
        except LeaseNotFound:
            self._lease = 0
        self._lease = self._lease or self._client.grant(TAIL_TTL_SECONDS)
        # Put again each time: another stream of the same run may have put it under its own lease.
        self._client.put(self._key, b"", self._lease)
        self._renew_at = time.monotonic() + RENEW_SECONDS


def _ended(found: Run | WaitingOrder | None) -> bool:
    return isinstance(found, Run) and found.status is not Status.RUNNING


def _output(offset: int, text: str) -> ServerSentEvent:
    return _event("output", {"offset": offset, "text": text})


def _event(name: str, data: dict[str, Any]) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(data, ensure_ascii=False), event=name)
