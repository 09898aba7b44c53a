"""From a click to the page: every page of the console, in a real browser, over many jobs and runs."""

import statistics
import tempfile
from contextlib import closing
from pathlib import Path

from playwright.sync_api import Page
from rich.progress import track

from app.common.etcd import EtcdClient
from app.common.logstore import open_store
from loadtest.populate import DAYS, put_jobs, store_runs
from loadtest.report import Report
from tests.e2e.browser import Api, chromium, console
from tests.harness.embedded import Up
from tests.harness.poll import wait_until

TARGET_MS = 500

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
            endpoint = f"http://127.0.0.1:{system.ports['--etcd-port']}"
            with closing(EtcdClient([endpoint], timeout=10)) as client:
                put_jobs(client, jobs)
            with closing(open_store(f"sqlite:///{system.data / 'runs.db'}", 30)) as store:
                hot = store_runs(store, jobs, runs)
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
