"""From a click to the page: every page of the console, in a real browser, over many jobs and runs."""

import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from playwright.sync_api import Page
from rich.progress import Progress, track

from app.common import keys
from app.common.etcd import EtcdClient, txn
from app.common.logstore import open_store
from app.common.models import Run, Status, run_id
from loadtest.report import Report
from tests.e2e.browser import Api, chromium, console
from tests.harness.embedded import Up
from tests.harness.poll import wait_until

TARGET_MS = 500
DAYS = 10
DAY_MS = 86_400_000
BATCH = 60  # jobs a transaction
ROWS = 5_000  # runs a batch
GROUPS = 40

# Clicks a link and measures until the page it leads to stands there with all of its parts.
MEASURE = """([target, ready]) => new Promise((resolve, reject) => {
  const link = document.body.appendChild(document.createElement("a"));
  link.href = target;
  for (const page of document.querySelectorAll("main .page")) page.dataset.left = "";
  const started = performance.now();
  const look = () => {
    const waited = performance.now() - started;
    const page = document.querySelector("main .page:not([data-left])");
    const busy = document.querySelector("main [aria-busy=true], main .state[role=status]");
    if (page?.querySelector(ready) && !busy) resolve(waited);
    else if (waited > 20000) reject(new Error(`${target} is not there after 20 s`));
    else requestAnimationFrame(look);
  };
  link.click();
  link.remove();
  requestAnimationFrame(look);
})"""


def run(*, jobs: int = 100_000, runs: int = 1_000_000, rounds: int = 20) -> Report:
    """Click each page `rounds` times, in turns; p95 of the time until its content is there."""
    report = Report(f"console: {jobs:,} jobs, {runs:,} runs of {DAYS} days, {rounds} clicks a page")
    with tempfile.TemporaryDirectory(prefix="yuanya-console-") as directory:
        system = Up(Path(directory))
        try:
            system.start()
            _put_jobs(system, jobs)
            hot = _store_runs(system, jobs, runs)
            password = (system.data / "admin-password").read_text().strip()
            api = Api(system.url, password)
            wait_until(lambda: api.ok("GET", "/jobs", params={"limit": 1})["total"] >= jobs, 120, "all jobs")
            with (
                chromium() as browser,
                console(browser, system.url, user="admin", password=password) as view,
            ):
                times = _measure(view.page, system.url, _pages(api, hot), rounds)
            api.close()
        finally:
            system.end()
    for name, found in times.items():
        p95 = statistics.quantiles(found, n=20)[-1]
        report.figures[name] = f"p50 {statistics.median(found):.0f} ms, p95 {p95:.0f} ms"
        report.check(f"{name}: p95 under {TARGET_MS} ms", p95 < TARGET_MS)
    return report


def _pages(api: Api, hot: str) -> dict[str, tuple[str, str]]:
    """Address of each page, and what must stand there."""
    run = api.ok("GET", "/runs", params={"job": hot, "limit": 1})["items"][0]["id"]
    row = "tbody tr"
    return {
        "dashboard": ("#/", "canvas"),
        "jobs": ("#/jobs", row),
        "jobs, searched": ("#/jobs?q=job-0421", row),
        "jobs, failing, by last start": ("#/jobs?lastStatus=failed&sort=-lastStart", row),
        "job": (f"#/jobs/{hot}", row),
        "job, changes": (f"#/jobs/{hot}?tab=changes", "h1"),
        "job editor": (f"#/jobs/{hot}/edit", "form"),
        "new job": ("#/new-job", "form"),
        "import": ("#/import", "textarea"),
        "runs": ("#/runs", row),
        "runs, failed": ("#/runs?status=failed", row),
        "run": (f"#/runs/{run}", "h1"),
        "timeline": ("#/timeline", ".card svg, .card canvas"),
        "workers": ("#/workers", "h1"),
        "users": ("#/users", row),
        "tokens": ("#/tokens", "h1"),
        "audit": ("#/audit", "h1"),
        "about": ("#/about", "h1"),
    }


def _measure(page: Page, url: str, pages: dict[str, tuple[str, str]], rounds: int) -> dict[str, list[float]]:
    page.goto(f"{url}/#/account")
    page.locator("main h1").wait_for()
    times: dict[str, list[float]] = {name: [] for name in pages}
    for number in track(range(rounds + 1), "Clicking"):
        for name, (target, ready) in pages.items():
            took = page.evaluate(MEASURE, [target, ready])
            if number:  # the first round loads each page's code
                times[name].append(took)
    return times


def _put_jobs(system: Up, jobs: int) -> None:
    now = int(time.time() * 1000)
    operations = [operation for number in range(jobs) for operation in _job(number, jobs, now)]
    with (
        closing(EtcdClient([f"http://127.0.0.1:{system.ports['--etcd-port']}"], timeout=10)) as client,
        Progress() as bar,
    ):
        for start in bar.track(range(0, len(operations), 2 * BATCH), description="Jobs"):
            client.txn(success=[*operations[start : start + 2 * BATCH], txn.put(keys.JOBS_MARK, b"")])


def _job(number: int, jobs: int, now: int) -> Iterator[Any]:
    name, expression = _name(number), _expression(number, jobs)
    job = (
        f'{{"name":"{name}","command":"true","cronExpr":"{expression}","group":"group-{number % GROUPS}",'
        f'"tags":["tag-{number % 7}"]}}'
    )
    yield txn.put(keys.job(name), job.encode())
    yield txn.put(keys.fired(name), keys.cursor(now))


def _name(number: int) -> str:
    return f"job-{number:06d}"


def _expression(number: int, jobs: int) -> str:
    """Daily, spread over the day; the last one is the busy one."""
    return "* * * * *" if number == jobs - 1 else f"{number % 60} {number // 60 % 24} * * *"


def _store_runs(system: Up, jobs: int, runs: int) -> str:
    """The last fires of each job, as many days back as `runs` allows. Returns the busy job's name."""
    hot = _name(jobs - 1)
    now = int(time.time() * 1000) // 60_000 * 60_000
    chance = random.Random(5)
    plans = [(hot, now - number * 60_000) for number in range(1, DAYS * 1440 + 1)]
    for day in range(runs // jobs):
        for number in range(jobs - 1):
            of_day = (number // 60 % 24 * 60 + number % 60) * 60_000
            last = now // DAY_MS * DAY_MS + of_day
            plans.append((_name(number), last - (day + (last >= now)) * DAY_MS))
    with closing(open_store(f"sqlite:///{system.data / 'runs.db'}", 30)) as store, Progress() as bar:
        for start in bar.track(range(0, len(plans), ROWS), description="Runs"):
            store.store([_run(name, plan, chance) for name, plan in plans[start : start + ROWS]])
    return hot


def _run(name: str, plan: int, chance: random.Random) -> Run:
    start = plan + chance.randint(1, 40)
    status = chance.choices([Status.SUCCEEDED, Status.FAILED, Status.TIMEOUT], [95, 4, 1])[0]
    return Run(
        id=run_id(name, plan),
        job_name=name,
        plan_time=plan,
        status=status,
        command="true",
        output="\n".join(f"line {number}" for number in range(20)),
        schedule_time=plan + 1,
        start_time=start,
        end_time=start + chance.randint(20, 90_000),
        exit_code=0 if status is Status.SUCCEEDED else 1,
        worker=chance.choice(["local", "worker-a", "worker-b"]),
        output_bytes=150,
        job_revision=1,
    )
