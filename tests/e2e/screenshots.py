"""`make screenshots`: every page in both languages and themes, wide and as on a phone, in screenshots/.

`python -m tests.e2e.screenshots docs` renews the few pictures of the README in docs/images instead.
"""

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser
from rich.progress import track

from tests.e2e import demo
from tests.e2e.browser import Api, Console, chromium, console
from tests.harness.embedded import Up
from tests.harness.poll import wait_until

FOLDER = Path(__file__).parents[2] / "screenshots"
DOCS = FOLDER.parent / "docs/images"
LANGUAGES = {"en": ("en-GB", "Europe/Berlin"), "zh": ("zh-CN", "Asia/Shanghai")}
PHONE = {"width": 390, "height": 844}
SETTLE_MS = 900  # charts, and parts of a page that load by themselves


@contextlib.contextmanager
def demo_system() -> Iterator[tuple[Up, Api]]:
    directory = Path(tempfile.mkdtemp(prefix="yuanya-demo-"))
    system = Up(directory)
    try:
        system.start()
        api = Api(system.url, (system.data / "admin-password").read_text().strip())
        demo.fill(system, api)
        wait_until(lambda: _ended(api, "failing-probe", "failed"), what="the first failure")
        yield system, api
        api.close()
    finally:
        system.end()
        shutil.rmtree(directory, ignore_errors=True)


def pages(api: Api) -> dict[str, str]:
    """Names of pictures and where they are taken."""
    running = api.ok("GET", "/runs", params={"job": "colourful-build", "status": "running"})["items"][0]["id"]
    return {
        "dashboard": "/",
        "jobs": "/jobs",
        "jobs-search": "/jobs?q=backup",
        "jobs-nothing-found": "/jobs?q=no-such-thing",
        "new-job": "/new-job",
        "edit-job": "/jobs/nightly-backup/edit",
        "import": "/import",
        "job": "/jobs/payment-sync",
        "job-changes": "/jobs/nightly-backup?tab=changes",
        "job-invalid": "/jobs/typed-by-hand",
        "job-missing": "/jobs/no-such-job",
        "runs": "/runs",
        "runs-failed": "/runs?status=failed",
        "run-running": f"/runs/{running}",
        "run-failed": f"/runs/{_ended(api, 'failing-probe', 'failed')}",
        "timeline": "/timeline",
        "workers": "/workers",
        "users": "/users",
        "tokens": "/tokens",
        "audit": "/audit",
        "account": "/account",
        "about": "/about",
        "no-such-page": "/nothing-here",
    }


def take(browser: Browser, up: Up, api: Api) -> None:
    wanted = pages(api)
    looks = [
        (language, theme, phone) for language in LANGUAGES for theme in ("light", "dark") for phone in (0, 1)
    ]
    for language, theme, phone in track(looks, "Taking pictures"):
        locale, zone = LANGUAGES[language]
        options = {"viewport": PHONE} if phone else {}
        size = "-phone" if phone else ""
        with console(browser, up.url, locale=locale, zone=zone, color_scheme=theme, **options) as view:
            view.page.goto(f"{up.url}/#/sign-in")
            view.page.locator("input[type=password]").wait_for()
            _picture(view, f"sign-in-{language}-{theme}{size}")
            view.sign_in("admin", (up.data / "admin-password").read_text().strip())
            for name, fragment in wanted.items():
                view.page.goto("about:blank")
                view.page.goto(f"{up.url}/#{fragment}")
                view.page.locator("main h1, main .state").first.wait_for()
                view.page.wait_for_timeout(SETTLE_MS)
                _picture(view, f"{name}-{language}-{theme}{size}")


def take_for_docs(browser: Browser, up: Up, api: Api) -> None:
    wanted = pages(api)
    for name, page, language, theme in (
        ("dashboard", "dashboard", "en", "light"),
        ("jobs", "jobs", "en", "light"),
        ("run", "run-running", "en", "dark"),
        ("dashboard-zh", "dashboard", "zh", "light"),
    ):
        locale, zone = LANGUAGES[language]
        options = {"viewport": {"width": 1280, "height": 800}, "color_scheme": theme}
        password = (up.data / "admin-password").read_text().strip()
        with console(
            browser, up.url, user="admin", password=password, locale=locale, zone=zone, **options
        ) as view:
            view.open(wanted[page])
            view.page.wait_for_timeout(SETTLE_MS)
            view.page.screenshot(path=DOCS / f"{name}.png")


def _picture(view: Console, name: str) -> None:
    view.page.screenshot(path=FOLDER / f"{name}.png", full_page=True)


def _ended(api: Api, job: str, status: str) -> str:
    items = api.ok("GET", "/runs", params={"job": job, "status": status, "limit": 1})["items"]
    return items[0]["id"] if items else ""


def main() -> None:
    for_docs = sys.argv[1:] == ["docs"]
    folder = DOCS if for_docs else FOLDER
    folder.mkdir(exist_ok=True)
    with demo_system() as (up, api), chromium() as browser:
        (take_for_docs if for_docs else take)(browser, up, api)
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")


if __name__ == "__main__":
    main()
