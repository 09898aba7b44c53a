"""The pages that show the whole system: dashboard, timeline, workers, about."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import Api, Console
from tests.harness.poll import wait_until

READER = ZoneInfo("Europe/Berlin")
LEDGER = ("planned", "ran", "skipped", "missed", "lost", "duplicated", "unaccounted")


def card(page: Page, name: str) -> Locator:
    return page.locator(f"[data-card={name}]")


def number(found: Locator) -> int:
    return int(re.sub(r"\D", "", found.inner_text()))


def states(page: Page) -> dict[str, int]:
    """Of jobs, as the dashboard says."""
    links = page.get_by_role("list", name="The system in figures").locator("[data-state]")
    return {str(link.get_attribute("data-state")): number(link) for link in links.all()}


def test_the_dashboard_counts_jobs_as_the_api_does_while_they_change(console: Console, api: Api) -> None:
    api.job("view-counted")
    console.open("/")
    page = console.page

    def agree() -> bool:
        told = api.ok("GET", "/stats/summary")["jobs"]
        return states(page) == {state: count for state, count in told.items() if count or state == "enabled"}

    wait_until(agree, what="the same figures")
    before = states(page)
    api.ok("POST", "/jobs/view-counted/pause")
    wait_until(lambda: states(page) != before, what="the change")
    wait_until(agree, what="the same figures again")
    assert states(page)["paused"] == before.get("paused", 0) + 1
    total = sum(states(page).values())
    expect(page.get_by_role("link", name=f"Jobs: {total:,}", exact=True)).to_be_visible()


def test_the_ledger_line_of_the_dashboard_is_that_of_the_api(console: Console, api: Api) -> None:
    api.job("view-ledger", cron="* * * * * *")
    ledger = lambda: api.ok("GET", "/ledger")  # noqa: E731
    wait_until(lambda: ledger()["ran"] >= 2, what="two fires")
    api.ok("POST", "/jobs/view-ledger/pause")
    wait_until(lambda: not ledger()["pending"] + ledger()["running"], what="a settled ledger")

    def agree() -> bool:
        """Jobs of other tests may fire between the two looks."""
        console.page.reload()
        figures = card(console.page, "ledger")
        expect(figures.locator("[data-figure=planned]")).to_be_visible()
        shown = {name: number(figures.locator(f"[data-figure={name}] .figure")) for name in LEDGER}
        told = ledger()
        return shown == {name: told[name] for name in LEDGER}

    console.open("/")
    wait_until(agree, what="the same ledger")
    expect(card(console.page, "ledger")).to_contain_text("Every planned fire is accounted for, each once.")


def test_a_failing_job_shows_until_it_succeeds(console: Console, api: Api, tmp_path: Path) -> None:
    mended = tmp_path / "mended"
    api.job("view-failing", f"test -e {mended}")
    console.open("/")
    page = console.page
    row = card(page, "failing").get_by_role("row").filter(has_text="view-failing")
    failing = page.get_by_role("link", name=re.compile("^Failing now:"))
    api.ok("POST", "/jobs/view-failing/run")
    expect(row).to_contain_text("Failed")
    expect(failing).to_have_text(str(api.ok("GET", "/stats/summary")["failing"]))
    mended.touch()
    api.ok("POST", "/jobs/view-failing/run")
    expect(row).to_have_count(0)
    expect(failing).to_have_text(str(api.ok("GET", "/stats/summary")["failing"]))


@pytest.fixture(scope="module")
def pile_up(api: Api) -> Iterator[datetime]:
    """When 30 jobs of one group fire at once; those of another fire 7 minutes later."""
    at = (datetime.now(UTC) + timedelta(hours=5)).replace(minute=37, second=0, microsecond=0)
    jobs = []
    for group, count, fire in (("view-pile", 30, at), ("view-few", 2, at + timedelta(minutes=7))):
        for place in range(count):
            cron = f"{fire.minute} {fire.hour} * * *"
            jobs.append(
                {
                    "name": f"{group}-{place}",
                    "command": "true",
                    "cronExpr": cron,
                    "timezone": "UTC",
                    "group": group,
                }
            )
    api.ok("POST", "/import", json={"format": "yaml", "text": json.dumps(jobs), "dryRun": False})
    yield at
    names = [job["name"] for job in jobs]
    api.ok("POST", "/jobs/bulk", json={"action": "delete", "names": names})


def test_a_pile_up_of_30_jobs_shows_with_its_count_and_group(console: Console, pile_up: datetime) -> None:
    console.open("/timeline")
    page = console.page
    then = f"{pile_up.astimezone(READER):%H:%M}"
    found = card(page, "pile-ups").get_by_role("listitem").filter(has_text="view-pile")
    expect(found).to_contain_text("30 fires")
    when = found.get_by_role("button")
    expect(when).to_have_text(re.compile(f"{then}$"))
    when.click()
    minutes = card(page, "minutes")
    expect(minutes).to_contain_text(f"{then} · 30 fires")
    expect(minutes.get_by_role("link", name="view-pile 30")).to_be_visible()

    # The picture itself: a row an hour, a column a minute.
    picture = minutes.locator(".heat-field > svg")
    rows = int((picture.get_attribute("viewBox") or "").split()[3])
    begin = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    row = (pile_up - begin) // timedelta(hours=1)
    box = picture.bounding_box()
    assert box
    place = {"x": box["width"] * (pile_up.minute + 0.5) / 60, "y": box["height"] * (row + 0.5) / rows}
    picture.hover(position=place)  # type: ignore[arg-type]
    expect(minutes.locator(".heat-tip")).to_have_text(re.compile(f"{then} · 30 fires$"))


def test_the_timeline_can_be_of_one_group(console: Console, pile_up: datetime) -> None:
    console.open("/timeline")
    page = console.page
    group = page.get_by_role("combobox", name="Group")
    piles = card(page, "pile-ups").get_by_role("listitem")
    for name, count in (("view-few", 2), ("view-pile", 30)):
        group.select_option(name)
        expect(piles).to_have_count(1)
        expect(piles).to_contain_text(f"{count} fires")
        expect(page).to_have_url(re.compile(f"group={name}"))
    page.reload()
    expect(group.locator("option:checked")).to_have_text("view-pile")
    expect(piles).to_have_count(1)


def test_a_worker_is_drained_and_resumed_and_shows_what_it_runs(console: Console, api: Api) -> None:
    worker = lambda: api.ok("GET", "/workers")["items"][0]  # noqa: E731
    name = worker()["id"]
    api.job("view-busy", "sleep 300", killGraceSeconds=1)
    console.open("/workers")
    page = console.page
    console.button(f"Details of {name}").click()
    panel = page.get_by_role("dialog", name=name)
    api.ok("POST", "/jobs/view-busy/run")
    expect(panel.get_by_role("link", name="view-busy")).to_be_visible()
    api.ok("POST", "/jobs/view-busy/kill")
    expect(panel.get_by_role("link", name="view-busy")).to_have_count(0)
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_have_count(0)
    try:
        console.button(f"Drain {name}").click()
        asked = page.get_by_role("dialog", name=f"Drain {name}?")
        expect(asked).to_contain_text("It is the only worker that takes runs")
        assert not worker()["drained"]
        asked.get_by_role("button", name="Drain", exact=True).click()
        expect(page.get_by_role("row").filter(has_text=name)).to_contain_text("Drained")
        assert worker()["drained"]
        console.button(f"Resume {name}").click()
        expect(page.get_by_role("row").filter(has_text=name)).to_contain_text("Active")
        assert not worker()["drained"]
    finally:
        api.ok("POST", f"/workers/{name}/resume")


def test_about_says_the_version_and_that_all_parts_are_ready(console: Console, api: Api) -> None:
    about = api.ok("GET", "/about")
    console.open("/about")
    system = card(console.page, "system")
    for term, value in (
        ("Version", about["version"]),
        ("etcd", about["etcd"]["version"]),
        ("Log store", "SQLite"),
        ("Time zone", about["timezone"]),
    ):
        expect(system.locator(f"dt:text-is('{term}') + dd")).to_contain_text(value)
    health = card(console.page, "health")
    expect(health).to_contain_text("Everything is ready.")
    for part in ("etcd", "store", "mirror", "accounts"):
        expect(health.locator(f"[data-part={part}]")).to_have_attribute("data-ready", "true")
