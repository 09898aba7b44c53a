"""A real browser on the real console."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.harness.services import needs

ARGUMENTS = [
    # Root, as in containers and CI, cannot use Chromium's sandbox; pages come from this machine only.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
EXPECT_MS = 15_000  # the machine may be busy with other tests


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    path = needs("chromium")
    expect.set_options(timeout=EXPECT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Console:
    """The console in one browser context.

    `complaints` collects what the browser found wrong: exceptions, refusals of the Content-Security-Policy,
    and other errors on its console.
    """

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        self.page.on("console", self._heard)

    def _heard(self, message: Any) -> None:
        # The browser itself reports each failed request; tests of failures expect them.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(f"console: {message.text}")

    def open(self, fragment: str) -> None:
        """Go to a page of the console, such as `/jobs?q=a`, and wait until it is drawn."""
        self.page.goto(f"{self.url}/#{fragment}")
        self.settle()

    def settle(self) -> None:
        expect(self.page.locator("main h1").first).to_be_visible()

    def sign_in(self, user: str, password: str) -> None:
        """By the API, as the form does it: the tests of the form use the form."""
        answer = self.page.request.post(
            f"{self.url}/api/v1/session", data={"username": user, "password": password}
        )
        assert answer.ok, answer.text()

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name, exact=True)


@contextlib.contextmanager
def console(
    browser: Browser,
    url: str,
    *,
    user: str = "",
    password: str = "",
    locale: str = "en-GB",
    zone: str = "Europe/Berlin",
    **options: Any,
) -> Iterator[Console]:
    """A fresh context, signed in if a user is given; fails at its end if the browser complained."""
    context: BrowserContext = browser.new_context(
        locale=locale,
        timezone_id=zone,
        **{"viewport": {"width": 1440, "height": 900}, **options},
    )
    try:
        made = Console(context.new_page(), url)
        if user:
            made.sign_in(user, password)
        yield made
        assert not made.complaints, "\n".join(made.complaints)
    finally:
        context.close()


class Api:
    """The API as an admin, for preparing and checking what the console shows."""

    def __init__(self, url: str, password: str) -> None:
        self.client = httpx.Client(base_url=f"{url}/api/v1", timeout=20, trust_env=False)
        self.sign_in("admin", password)

    def sign_in(self, user: str, password: str) -> None:
        answer = self.client.post("/session", json={"username": user, "password": password})
        assert answer.is_success, answer.text
        self.client.headers["X-CSRF-Token"] = answer.json()["csrfToken"]

    def ok(self, method: str, path: str, **options: Any) -> Any:
        answer = self.client.request(method, path, **options)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        return answer.json() if answer.content else None

    def job(self, name: str, command: str = "true", cron: str = "0 0 1 1 *", **fields: Any) -> dict[str, Any]:
        """Create it; by default one that does not fire by itself."""
        return self.ok("POST", "/jobs", json={"name": name, "command": command, "cronExpr": cron, **fields})

    def close(self) -> None:
        self.client.close()
