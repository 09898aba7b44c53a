"""A local copy of some prefixes of etcd: a snapshot, then a watch from its revision on.

Any doubt about the watch (its end, an error, a cancel, a compaction, silence) rebuilds the copy from a new
snapshot. A full comparison now and then heals what a watch lost without a sign.
"""

import contextlib
import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import grpc
from pyetcd import etcdrpc as rpc

from app.common.errors import EtcdError
from app.common.etcd.client import EtcdClient
from app.common.etcd.connection import translate
from app.common.etcd.txn import key_value, prefix_end
from app.common.key_value import Event, KeyValue
from app.common.reasons import Reasons

log = logging.getLogger(__name__)

PROGRESS_SECONDS = 2.0  # how often the server is asked to prove that the watch is alive
SILENCE_SECONDS = 7.0  # no answer for this long: the watch is dead, whatever the connection says
MIN_BACKOFF_SECONDS = 0.1
MAX_BACKOFF_SECONDS = 5.0

# etcd before 3.4.25 and 3.5.8 may send a proof of progress ahead of the events it speaks of (etcd issue
# 15220). So a proof counts when the next one has come, too, and no such event between them. Requests are this
# far apart, longer than the 0.1 s after which etcd looks at watches that lag behind.
PROGRESS_GAP_SECONDS = 0.2

Snapshot = Callable[[dict[str, KeyValue], int, str], None]
Part = Callable[[list[KeyValue], bool], None]
Changes = Callable[[list[Event], int], None]


class Mirror:
    """Keeps `items` equal to what etcd holds under `prefixes`, from a thread of its own.

    `on_snapshot(items, revision, cause)` is called with everything whenever the copy is (re)built,
    `on_changes(events, revision)` with what changed since, in order within each prefix; both from the
    mirror's thread, never at the same time. If one raises, the copy is built again. `revision` is how far the
    copy is complete; between etcd's answers it may lag, and `wait_for` waits until a revision has been seen.

    With `on_part(part, first)` every snapshot is handed over in parts while the rest is still being read, the
    first of them marked; `on_snapshot` then says that all parts were told. If reading fails between, another
    first part follows. The values are the listener's to keep: `items` is without them, and a listener that
    needs them again (`replay`) gets them from etcd.
    """

    def __init__(
        self,
        client: EtcdClient,
        prefixes: Sequence[str],
        *,
        on_snapshot: Snapshot | None = None,
        on_part: Part | None = None,
        on_changes: Changes | None = None,
        resync_seconds: float = 300,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._prefixes = tuple(prefixes)
        self._on_snapshot = on_snapshot or (lambda items, revision, cause: None)
        self._on_part = on_part
        self._on_changes = on_changes or (lambda events, revision: None)
        self._resync_seconds = resync_seconds
        self._monotonic = monotonic
        self._thread = threading.Thread(target=self._run, name="mirror", daemon=True)
        self._stopping = threading.Event()
        self._replay = threading.Event()
        self._advanced = threading.Condition()
        self._stream: _Stream | None = None
        self._heard = monotonic()
        self._claimed: int | None = None  # revision of the last proof of progress, not confirmed yet
        self._seen: dict[int, int] = {}  # how far each watch of the stream has come: one watch a prefix
        self.items: dict[str, KeyValue] = {}
        self.revision = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        stream = self._stream
        if stream:
            stream.close()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def replay(self) -> None:
        """Have `on_snapshot` called soon with what is held, for a listener that lost its state."""
        self._replay.set()

    @property
    def age(self) -> float:
        """Seconds since etcd last proved that the copy is complete up to `revision`."""
        return self._monotonic() - self._heard

    def wait_for(self, revision: int, timeout: float) -> bool:
        """Whether the copy reached `revision` (0: was built at all) within `timeout` seconds.

        A revision that changed nothing under the prefixes is reached by the next proof of progress, which
        this asks for.
        """
        deadline = self._monotonic() + timeout
        with self._advanced:
            while not (self.revision and self.revision >= revision):
                left = deadline - self._monotonic()
                if left <= 0:
                    return False
                stream = self._stream
                if stream:
                    stream.ask_progress()
                self._advanced.wait(min(left, PROGRESS_GAP_SECONDS))
        return True

    # The mirror's thread

    def _run(self) -> None:
        backoff, cause, reasons = MIN_BACKOFF_SECONDS, "start", Reasons()
        while not self._stopping.is_set():
            built = None
            try:
                self._build(cause)
                built = self._monotonic()
                reasons.clear()
                cause = self._follow()
            except EtcdError as error:
                level = logging.WARNING if reasons.is_new(error) else logging.DEBUG
                log.log(level, "The mirror waits for etcd: %s", error, extra={"action": "mirror"})
                cause = "error"
                self._client.fail_over()
            except Exception:
                log.exception(
                    "The mirror starts anew after a failure of its own.", extra={"action": "mirror"}
                )
                cause = "failure"
            if self._stopping.is_set():
                return
            if built is not None and self._monotonic() - built > MAX_BACKOFF_SECONDS:
                backoff = MIN_BACKOFF_SECONDS
            self._stopping.wait(backoff * random.uniform(0.5, 1))
            backoff = min(backoff * 2, MAX_BACKOFF_SECONDS)

    def _build(self, cause: str) -> None:
        self._replay.clear()
        items, revision = self._read_snapshot()
        self.items = items
        self._claimed = None
        self._heard = self._monotonic()
        self._on_snapshot(items, revision, cause)
        with self._advanced:
            self.revision = revision  # lower than before only if etcd was restored or emptied
            self._advanced.notify_all()

    def _read_snapshot(self) -> tuple[dict[str, KeyValue], int]:
        items: dict[str, KeyValue] = {}
        revision = 0
        for prefix in self._prefixes:
            for page in self._client.pages(prefix, revision=revision):
                if self._on_part:
                    self._on_part(page.items, revision == 0)
                items.update((kv.key, self._kept(kv)) for kv in page.items)
                revision = page.revision
        return items, revision

    def _kept(self, kv: KeyValue) -> KeyValue:
        return kv._replace(value=b"") if self._on_part else kv

    def _read_revisions(self) -> tuple[dict[str, int], int]:
        """When each key was changed last; without the values, which are most of what a snapshot costs."""
        found: dict[str, int] = {}
        revision = 0
        for prefix in self._prefixes:
            for page in self._client.pages(prefix, revision=revision, keys_only=True):
                found.update((kv.key, kv.mod_revision) for kv in page.items)
                revision = page.revision
        return found, revision

    def _follow(self) -> str:
        """Apply changes until there is a doubt; returns its name."""
        self._stream = stream = _Stream(self._client, self._prefixes, self.revision + 1)
        self._seen = {}
        silence = 0.0  # of time spent waiting, so that a slow listener is not taken for a silent etcd
        asked = self._monotonic()
        resync_at = asked + self._resync_seconds * random.uniform(0.8, 1.2)
        try:
            while not self._stopping.is_set():
                before = self._monotonic()
                response = stream.next(timeout=0.5)
                now = self._monotonic()
                silence = 0.0 if response is not None else silence + now - before
                doubt = self._take(response)
                if doubt:
                    return doubt
                if silence > SILENCE_SECONDS:
                    log.warning("The watch fell silent.", extra={"action": "mirror"})
                    self._client.fail_over()
                    return "silence"
                if self._replay.is_set():
                    if self._on_part:
                        return "replay"
                    self._replay.clear()
                    self._on_snapshot(self.items, self.revision, "replay")
                if now - asked >= PROGRESS_SECONDS:
                    stream.ask_progress()
                    asked = now
                if now >= resync_at:
                    doubt = self._resync(stream)
                    if doubt:
                        return doubt
                    resync_at = now + self._resync_seconds
            return "stop"
        finally:
            self._stream = None
            stream.close()

    def _take(self, response: Any) -> str | None:
        """Apply one answer, or that there was none; returns the doubt it raises, if any."""
        if isinstance(response, Exception):
            log.warning("The watch ended: %s", response, extra={"action": "mirror"})
            return "error"
        if response is None:
            return None
        if response.compact_revision:
            return "compacted"
        if response.canceled:
            log.warning("etcd cancelled the watch: %s", response.cancel_reason, extra={"action": "mirror"})
            return "cancelled"
        self._heard = self._monotonic()
        if response.created:
            self._seen[response.watch_id] = self.revision
        elif response.events:
            self._apply(response)
        else:
            self._progress(response.header.revision)
        return None

    def _apply(self, response: Any) -> None:
        events = [Event(e.type == 1, key_value(e.kv)) for e in response.events]
        for event in events:
            if event.deleted:
                self.items.pop(event.kv.key, None)
            else:
                self.items[event.kv.key] = self._kept(event.kv)
        self._on_changes(events, response.header.revision)
        if self._claimed and events[0].kv.mod_revision <= self._claimed:
            self._claimed = None
        # Watches that lag behind catch up one after the other: only what all have passed is complete.
        self._seen[response.watch_id] = events[-1].kv.mod_revision
        if len(self._seen) == len(self._prefixes):
            self._reached(min(self._seen.values()))

    def _progress(self, revision: int) -> None:
        confirmed, self._claimed = self._claimed, revision
        if confirmed:
            self._seen = {watch: max(confirmed, seen) for watch, seen in self._seen.items()}
            self._reached(confirmed)

    def _resync(self, stream: "_Stream") -> str | None:
        """Compare every key with etcd; returns the doubt.

        Twice where they differ: what changes between reading and comparing differs once, but not again.
        """
        suspects: set[str] | None = None
        for _ in range(2):
            actual, revision = self._read_revisions()
            doubt = self._catch_up(stream, revision)
            if doubt:
                return doubt
            differing = {
                key
                for key in actual.keys() | self.items.keys()
                if actual.get(key, 0) != self._held(key) and self._held(key) <= revision
            }
            suspects = differing if suspects is None else suspects & differing
            if not suspects:
                return None
        log.warning("The mirror differed from etcd.", extra={"action": "mirror", "keys": len(suspects or ())})
        return "difference"

    def _held(self, key: str) -> int:
        """The revision held of a key; 0 for none."""
        kv = self.items.get(key)
        return kv.mod_revision if kv else 0

    def _catch_up(self, stream: "_Stream", revision: int) -> str | None:
        """Follow the watch up to `revision`; returns the doubt."""
        deadline = self._monotonic() + SILENCE_SECONDS
        while self.revision < revision:
            if self._stopping.is_set():
                return "stop"
            if self._monotonic() > deadline:
                return "silence"
            stream.ask_progress()
            doubt = self._take(stream.next(timeout=PROGRESS_GAP_SECONDS))
            if doubt:
                return doubt
        return None

    def _reached(self, revision: int) -> None:
        with self._advanced:
            self.revision = max(self.revision, revision)
            self._advanced.notify_all()


class _Stream:
    """One watch stream over several prefixes. A reader thread turns gRPC's blocking iterator into a queue, so
    that silence can be noticed."""

    MAX_BUFFERED = 1_000  # answers; a slower reader stops reading, and etcd holds back

    def __init__(self, client: EtcdClient, prefixes: Sequence[str], start_revision: int) -> None:
        self._requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._responses: queue.Queue[Any] = queue.Queue(self.MAX_BUFFERED)
        self._closed = threading.Event()
        self._asking = threading.Lock()
        self._asked = 0.0
        for prefix in prefixes:
            start = prefix.encode()
            self._requests.put(
                rpc.WatchRequest(
                    create_request=rpc.WatchCreateRequest(
                        key=start, range_end=prefix_end(start), start_revision=start_revision
                    )
                )
            )
        self._call = client.watch_stream(self._outgoing())
        threading.Thread(target=self._read, name="watch", daemon=True).start()

    def next(self, timeout: float) -> Any | None:
        """The next answer, an exception if the stream ended, None if there was nothing in time."""
        try:
            return self._responses.get(timeout=timeout)
        except queue.Empty:
            return None

    def ask_progress(self) -> None:
        """From any thread. Requests that come too soon after another are left out."""
        with self._asking:
            now = time.monotonic()
            if now - self._asked >= PROGRESS_GAP_SECONDS:
                self._asked = now
                self._requests.put(rpc.WatchRequest(progress_request=rpc.WatchProgressRequest()))

    def close(self) -> None:
        self._closed.set()
        self._requests.put(None)
        self._call.cancel()
        with contextlib.suppress(queue.Full):
            self._responses.put_nowait(None)  # wakes `next`

    def _outgoing(self) -> Iterator[Any]:
        while (request := self._requests.get()) is not None:
            yield request

    def _read(self) -> None:
        try:
            for response in self._call:
                self._hand_over(response)
            self._hand_over(EtcdError("the stream was closed by etcd"))
        except grpc.RpcError as error:
            self._hand_over(translate(error))

    def _hand_over(self, item: Any) -> None:
        while not self._closed.is_set():
            try:
                self._responses.put(item, timeout=0.5)
            except queue.Full:
                continue
            return
