"""axe finds nothing serious on any page, in either theme, and the keyboard reaches what the mouse does."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import Api, Console
from tests.e2e.browser import console as open_console
from tests.harness.embedded import Up
from tests.harness.poll import wait_until

AXE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"
PAGES = [
    "/",
    "/jobs",
    "/jobs?q=nothing-of-this-name",
    "/new-job",
    "/jobs/axe-ok",
    "/jobs/axe-ok?tab=changes",
    "/jobs/axe-ok?tab=definition",
    "/jobs/axe-ok/edit",
    "/import",
    "/runs",
    "/runs/RUN",
    "/timeline",
    "/workers",
    "/users",
    "/tokens",
    "/audit",
    "/account",
    "/about",
]


@pytest.fixture(scope="module")
def run(api: Api) -> str:
    """Of a job that has failed once and succeeded once."""
    api.job(
        "axe-ok",
        'printf "\\033[31mred\\033[0m plain\\n"',
        group="axe",
        tags=["a tag"],
        description="For axe.",
    )
    api.job("axe-bad", "exit 3")
    ids = [api.ok("POST", f"/jobs/{job}/run")["runIds"][0] for job in ("axe-ok", "axe-bad")]
    for each in ids:
        wait_until(lambda each=each: api.ok("GET", f"/runs/{each}").get("endTime"), what="the run")
    return ids[0]


def violations(console: Console) -> list[str]:
    console.page.evaluate(AXE.read_text())
    result: dict[str, Any] = console.page.evaluate(
        """() => axe.run(document, { resultTypes: ["violations"] })"""
    )
    return [
        f"{found['impact']}: {found['id']}: {found['help']}: {node['html'][:200]} {node['failureSummary']}"
        for found in result["violations"]
        if found["impact"] in ("serious", "critical")
        for node in found["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Browser, up: Up, password: str, run: str, theme: str) -> None:
    found = []
    # Contrast is judged where things stand still.
    look = {"color_scheme": theme, "reduced_motion": "reduce"}
    with open_console(browser, up.url, user="admin", password=password, **look) as console:
        for fragment in PAGES:
            console.open(fragment.replace("RUN", run))
            expect(console.page.locator("main [aria-busy=true]")).to_have_count(0)
            found += [f"{fragment}: {each}" for each in violations(console)]
    with open_console(browser, up.url, **look) as stranger:
        stranger.open("/sign-in")
        found += [f"sign-in: {each}" for each in violations(stranger)]
    assert not found, "\n".join(found)


def test_a_dialog_keeps_the_focus_and_gives_it_back(console: Console, run: str) -> None:
    console.open("/jobs?q=axe-ok")
    page = console.page
    opener = page.get_by_role("button", name="More: axe-ok")
    opener.press("Enter")
    page.get_by_role("button", name="Delete", exact=True).press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    for _ in range(8):
        page.keyboard.press("Tab")
        # Past the last control the browser's own bar has its turn, and the page has no focus.
        assert dialog.evaluate(
            "dialog => [dialog, document.body].some(e => e === document.activeElement) "
            "|| dialog.contains(document.activeElement)"
        )
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()
