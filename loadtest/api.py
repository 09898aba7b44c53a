"""The API of a master over many jobs: p95 of each kind of request over that of an empty route."""

import itertools
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from rich.progress import track

from app.common.logstore import open_store
from loadtest import http_load
from loadtest.api_routes import BARE, EMPTY, ITEM_TARGET, PAGE, PAGE_TARGET, Route, routes
from loadtest.populate import job_name, put_jobs, store_runs
from loadtest.report import Report
from loadtest.system import running_etcd
from loadtest.times import percentile
from tests.harness.master import MasterProcess
from tests.harness.poll import wait_until

CONNECTIONS = (1, 4)
SLICE = 20  # requests of one kind in a row, between two slices of the empty route
RUNS_ASKED_FOR = 100
EDITS = 10
EDITED = job_name(0)
# Each has the edited job on its first page.
LISTS_AFTER_EDITS = {
    "first page": "",
    "searched": "q=MARK",
    "of a group": "group=group-0",
    "enabled": "state=enabled",
    "by group": "sort=group",
    "by state": "sort=state",
}


@dataclass
class Times:
    """Of one kind of request on some connections, in ms; `empty` is of the slices beside."""

    own: list[float] = field(default_factory=list)
    empty: list[float] = field(default_factory=list)


def run(*, jobs: int = 100_000, seconds: int = 40) -> Report:
    """Each kind of request in short slices, in turns, for `seconds` in all. Beside each slice the empty route
    is measured, `GET /session`: it is authenticated like all others (the credentials are read from etcd at
    each request) and does nothing else. The targets are set against it; the figures over `GET /healthz`,
    which answers anybody, are given too. The requests ask for compressed answers, as browsers do.
    """
    report = Report(f"api: {jobs:,} jobs, {seconds} s, answers compressed")
    with _master(jobs) as client:
        wanted = _routes(client, jobs, report)
        wrong = [route.name for route in (EMPTY, BARE, *wanted) if not route.is_right(client)]
        report.check(f"each of {len(wanted)} kinds of request has the right answers {wrong or ''}", not wrong)
        load = _Load(client)
        times = _measure(load, [*wanted, BARE], seconds)
        _edit(report, client, load)
        report.check("every answer under load was 200", load.failed == 0)
    _tell(report, wanted, times)
    return report


@contextmanager
def _master(jobs: int) -> Iterator[httpx.Client]:
    """A master over `jobs` jobs, each with a past; a client of it that is signed in."""
    with running_etcd() as (directory, etcd):
        put_jobs(etcd.client(10), jobs)
        store_url = f"sqlite:///{directory / 'runs.db'}"
        with closing(open_store(store_url, 30)) as store:
            store.prepare()
            store_runs(store, jobs, jobs)
        settings = {"etcd_endpoints": [etcd.endpoint], "store_url": store_url}
        master = MasterProcess(directory / "master", settings)
        try:
            master.start()
            with (
                closing(master.client()) as session,
                httpx.Client(base_url=master.url, cookies=session.cookies, timeout=20) as client,
            ):
                client.headers["X-CSRF-Token"] = session.headers["X-CSRF-Token"]
                # 503 until the master has them all.
                wait_until(lambda: client.get("/api/v1/jobs?limit=1").status_code == 200, 60, "all jobs")
                yield client
        finally:
            master.kill()


def _json(client: httpx.Client, path: str) -> Any:
    return client.get(f"/api/v1{path}").raise_for_status().json()


def _routes(client: httpx.Client, jobs: int, report: Report) -> list[Route]:
    """Goes through the whole list first, page by page."""
    names: list[str] = []
    cursors: dict[int, str] = {}
    more = ""
    while True:
        page = _json(client, f"/jobs?limit={PAGE}{more}")
        names += (item["name"] for item in page["items"])
        if page["next"] is None:
            break
        cursors[len(names)] = page["next"]
        more = f"&cursor={page['next']}"
    report.check("the pages of the list have each job once", names == [job_name(n) for n in range(jobs)])
    return routes(jobs, cursors, _json(client, f"/runs?limit={RUNS_ASKED_FOR}")["items"])


class _Load:
    """Requests with the client's session, and how many of them failed."""

    def __init__(self, client: httpx.Client) -> None:
        self._url = str(client.base_url).rstrip("/")
        cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        self._headers = {"Cookie": cookies, "Accept-Encoding": "gzip"}
        self.failed = 0

    def __call__(self, paths: Sequence[str], connections: int, requests: int) -> list[float]:
        """Milliseconds each."""
        answers = http_load.get(self._url, paths, self._headers, connections=connections, requests=requests)
        self.failed += sum(answer.status != 200 for answer in answers) + requests - len(answers)
        return [answer.ms for answer in answers]


def _measure(load: _Load, wanted: list[Route], seconds: float) -> dict[tuple[str, int], Times]:
    """By name and connections. Goes round at least twice."""
    times: dict[tuple[str, int], Times] = defaultdict(Times)
    until = time.monotonic() + seconds
    for turn in track(itertools.count(), "Asking"):
        if turn >= 2 and time.monotonic() >= until:
            return times
        for connections, route in itertools.product(CONNECTIONS, wanted):
            # Each slice goes on where the one before ended, so that all addresses are asked for.
            paths = list(route.paths)
            found = times[route.name, connections]
            first = (len(found.own) + connections * len(paths) // 2) % len(paths)
            found.empty += load([*EMPTY.paths], connections, SLICE)
            found.own += load([*paths[first:], *paths[:first]], connections, SLICE)
    return times


def _edit(report: Report, client: httpx.Client, load: _Load) -> None:
    """A list that is read after an acknowledged write contains it, and how long the first one takes."""
    shown, took = True, report.table("the first list after a change of a job, ms", "list", "p50", "max")
    for name, query in LISTS_AFTER_EDITS.items():
        edits = [_list_after_edit(client, query, number) for number in range(EDITS)]
        shown = shown and all(right for right, _ in edits)
        took.add(name, percentile([ms for _, ms in edits], 0.5), max(ms for _, ms in edits))
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            load([f"/api/v1/jobs?limit={PAGE}"], CONNECTIONS[-1], SLICE)

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        try:
            for number, query in itertools.product(range(EDITS), LISTS_AFTER_EDITS.values()):
                shown = shown and _list_after_edit(client, query, EDITS + number)[0]
        finally:
            stop.set()
        asking.result()
    report.check("a list contains each write that was answered before", shown)


def _list_after_edit(client: httpx.Client, query: str, number: int) -> tuple[bool, float]:
    """Whether the list has the job as it was just written, and in how many ms."""
    mark = f"edit-{number}"
    edited = client.patch(f"/api/v1/jobs/{EDITED}", json={"description": mark}).raise_for_status().json()
    began = time.perf_counter()
    answer = client.get(f"/api/v1/jobs?limit={PAGE}&{query.replace('MARK', mark)}")
    took = (time.perf_counter() - began) * 1000
    items = {item["name"]: item for item in answer.raise_for_status().json()["items"]}
    return items.get(EDITED, edited)["revision"] == edited["revision"] and (EDITED in items), took


def _tell(report: Report, wanted: list[Route], times: dict[tuple[str, int], Times]) -> None:
    """A p95 needs many figures, so that of the empty route is of all its slices; a median is compared with
    that of the slices beside.
    """
    for connections in CONNECTIONS:
        bare = percentile(times[BARE.name, connections].own, 0.95)
        empty = [ms for route in wanted for ms in times[route.name, connections].empty]
        table = report.table(
            f"{connections} connection{'s' * (connections > 1)}: ms, and times the empty route",
            *("request", "p50", "p95", "p99", "p50 over", "p95 over", "p95 over /healthz"),
        )
        slowest: dict[float, tuple[float, str]] = {}
        for route in (*wanted, EMPTY):
            found = times.get((route.name, connections)) or Times(empty, empty)
            p50, p95, p99 = (percentile(found.own, share) for share in (0.5, 0.95, 0.99))
            ratio = p95 / percentile(empty, 0.95)
            table.add(route.name, p50, p95, p99, p50 / percentile(found.empty, 0.5), ratio, p95 / bare)
            slowest[route.target] = max(slowest.get(route.target, (0.0, "")), (ratio, route.name))
        for target, what in ((PAGE_TARGET, "pages"), (ITEM_TARGET, "items")):
            ratio, name = slowest[target]
            report.at_most(
                f"{what}, p95 over the empty route's, {connections} at once ({name})", ratio, target
            )
    report.figures["answers measured"] = sum(len(found.own) for found in times.values())
