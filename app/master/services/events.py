"""What keeps a console live: changes of jobs and workers, and new runs, to every open event stream."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable

from sse_starlette import ServerSentEvent
from starlette.concurrency import run_in_threadpool

from app.common.errors import CronError
from app.common.metrics.master import EVENT_CLIENTS, EVENTS_DROPPED
from app.master.problems import Problem
from app.master.services.job_index import JobIndex
from app.master.services.run_news import RELOAD, RunNews
from app.master.services.workers import Workers

log = logging.getLogger(__name__)

MAX_CLIENTS = 500
QUEUED = 200  # events a client may lag behind
NAMES_SHOWN = 100  # more changes at once: fetch the list again
POLL_SECONDS = 2.0
CHECK_SECONDS = 5.0  # how often a stream asks whether its reader may still read


READY = ServerSentEvent("{}", event="ready")
_END = ServerSentEvent("{}", event="end")


class Events:
    """Publishing is safe from any thread; a slow client loses events, is told so by `reload`, and harms
    nobody.
    """

    def __init__(self, index: JobIndex, workers: Workers, news: RunNews) -> None:
        self._news = news
        self._loop: asyncio.AbstractEventLoop | None = None
        self._poller: asyncio.Task[None] | None = None
        self._looking = asyncio.Lock()
        self._clients: set[asyncio.Queue[ServerSentEvent]] = set()
        self.stopping = False
        index.on_change(lambda names: self._publish_names("jobs", names))
        workers.on_change(lambda ids: self._publish_names("workers", ids))

    def start(self) -> None:
        """To be called in the event loop."""
        self._loop = asyncio.get_running_loop()
        self._poller = asyncio.create_task(self._poll())

    def stop(self) -> None:
        """Ends all streams. To be called in the event loop, before the server waits for its connections."""
        self.stopping = True
        if self._poller:
            self._poller.cancel()
        for queue in self._clients:
            _offer(queue, _END)

    def subscribe(self, still_allowed: Callable[[], bool]) -> AsyncIterator[ServerSentEvent]:
        """Events from now on, until the server stops or the reader may read no more."""
        if self.stopping or len(self._clients) >= MAX_CLIENTS:
            raise Problem(503, "Too many event streams.", headers={"Retry-After": "5"})
        return self._stream(still_allowed)

    async def _stream(self, still_allowed: Callable[[], bool]) -> AsyncIterator[ServerSentEvent]:
        queue: asyncio.Queue[ServerSentEvent] = asyncio.Queue(QUEUED)
        self._clients.add(queue)
        EVENT_CLIENTS.inc()
        loop = asyncio.get_running_loop()
        check_at = loop.time() + CHECK_SECONDS
        try:
            if len(self._clients) == 1:
                await self._look()  # so that what is fetched from here on, and the events, miss nothing
            else:
                async with self._looking:  # the first look may be in progress
                    pass
            yield READY
            while True:
                try:
                    async with asyncio.timeout_at(check_at):
                        event = await queue.get()
                except TimeoutError:
                    event = None
                if event is _END:
                    return
                if loop.time() >= check_at:
                    if not await run_in_threadpool(still_allowed):
                        return
                    check_at = loop.time() + CHECK_SECONDS
                if event:
                    yield event
        finally:
            self._clients.discard(queue)
            EVENT_CLIENTS.dec()

    def _publish_names(self, kind: str, names: list[str]) -> None:
        """From a mirror's thread."""
        if not self._clients or self._loop is None:
            return
        distinct = sorted(set(names))
        event = (
            ServerSentEvent(json.dumps({"names": distinct}, ensure_ascii=False), event=kind)
            if 0 < len(distinct) <= NAMES_SHOWN
            else RELOAD
        )
        self._loop.call_soon_threadsafe(self._publish, event)

    def _publish(self, event: ServerSentEvent) -> None:
        for queue in self._clients:
            _offer(queue, event)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if self._clients:
                await self._look()
            else:
                self._news.forget()

    async def _look(self) -> None:
        async with self._looking:
            try:
                for event in await run_in_threadpool(self._news.look):
                    self._publish(event)
            except CronError as error:
                log.debug("News of runs are not known: %s", error, extra={"action": "news"})
            except Exception:  # the poller would end, and nobody hear of runs any more
                log.exception("News of runs cannot be read.", extra={"action": "news-failed"})


def _offer(queue: asyncio.Queue[ServerSentEvent], event: ServerSentEvent) -> None:
    if queue.full():
        # What it has not read yet is worth less than the word to fetch everything again.
        while not queue.empty():
            queue.get_nowait()
            EVENTS_DROPPED.inc()
        queue.put_nowait(RELOAD)
    queue.put_nowait(event)
