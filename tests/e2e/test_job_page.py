"""The page of one job: its past, its future, and what can be done with it."""

import re
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import Api, Console
from tests.harness.embedded import Up
from tests.harness.poll import wait_until

PASSWORD = "a password that is long enough"


@pytest.fixture(scope="module")
def editor(up: Up, password: str, api: Api) -> Iterator[Api]:
    """Somebody else than the reader of the page."""
    api.ok("POST", "/users", json={"name": "page-editor", "role": "editor", "password": PASSWORD})
    client = Api(up.url, password)
    client.sign_in("page-editor", PASSWORD)
    yield client
    client.close()


def change(page: Page, action: str) -> Locator:
    """An entry of the tab of changes."""
    return page.locator(f"[data-card=changes] li[data-action='{action}']")


def dialog_button(page: Page, name: str) -> Locator:
    return page.get_by_role("dialog").get_by_role("button", name=name, exact=True)


def run(api: Api, job: str) -> dict[str, object]:
    """One that has been ordered and has ended."""
    [identifier] = api.ok("POST", f"/jobs/{job}/run")["runIds"]
    wait_until(lambda: api.ok("GET", f"/runs/{identifier}")["endTime"], what="the end of the run")
    found: dict[str, object] = api.ok("GET", f"/runs/{identifier}")
    return found


def test_the_changes_say_who_did_what_and_an_older_version_comes_back(
    console: Console, api: Api, editor: Api
) -> None:
    api.job("page-restored", "echo first", description="as it was")
    editor.ok("PATCH", "/jobs/page-restored", json={"command": "echo second", "group": "moved"})
    console.open("/jobs/page-restored?tab=changes")
    page = console.page
    edited = change(page, "job.update")
    expect(edited).to_contain_text("by page-editor")
    expect(edited).to_contain_text("present version")
    edited.locator("summary").click()
    expect(edited.locator("[data-field=command] [data-kind=removed]")).to_contain_text("echo first")
    expect(edited.locator("[data-field=command] [data-kind=added]")).to_contain_text("echo second")
    created = change(page, "job.create")
    expect(created).to_contain_text("by admin")
    created.get_by_role("button", name="Restore this version").click()
    expect(page.get_by_role("dialog").locator("[data-field=group]")).to_contain_text("moved")
    dialog_button(page, "Restore").click()
    expect(change(page, "job.update")).to_have_count(2)
    expect(created).to_contain_text("present version")
    job = api.ok("GET", "/jobs/page-restored")
    assert (job["command"], job["group"], job["description"]) == ("echo first", None, "as it was")


def test_a_deleted_job_keeps_its_past_and_comes_back(console: Console, api: Api, editor: Api) -> None:
    api.job("page-deleted", "echo not for ever", cron="5 4 * * *")
    gone = run(api, "page-deleted")
    editor.ok("DELETE", "/jobs/page-deleted")
    console.open("/jobs/page-deleted")
    page = console.page
    expect(page.get_by_text("This job is deleted")).to_be_visible()
    expect(change(page, "job.delete")).to_contain_text("by page-editor")
    expect(change(page, "job.create")).to_contain_text("by admin")
    page.get_by_role("tab", name="Runs").click()
    runs = page.get_by_role("tabpanel", name="Runs")
    expect(runs.locator(f"a[href$='{gone['id']}']")).to_be_visible()
    page.get_by_role("button", name="Restore the last definition").click()
    dialog_button(page, "Restore").click()
    expect(console.button("Run now")).to_be_visible()
    job = api.ok("GET", "/jobs/page-deleted")
    assert (job["command"], job["cronExpr"]) == ("echo not for ever", "5 4 * * *")


def test_runs_and_their_usual_duration_show_as_they_end(console: Console, api: Api) -> None:
    api.job("page-timed", "sleep 0.$((RANDOM % 3 + 1))")
    console.open("/jobs/page-timed")
    chart = console.page.locator("[data-card=last-runs]")
    expect(chart).to_contain_text("It has not run yet")
    runs = [run(api, "page-timed") for _ in range(3)]
    took = sorted(milliseconds(each) for each in runs)
    expect(chart).to_contain_text(f"p50 {words(took[1])}")
    expect(chart).to_contain_text(f"p95 {words(took[2])}")


def words(duration: int) -> str:
    """Of ms, below a minute."""
    return f"{duration} ms" if duration < 1000 else f"{(duration + 50) // 100 / 10:g} s"


def milliseconds(run: dict[str, object]) -> int:
    start, end = (datetime.fromisoformat(str(run[name])) for name in ("startTime", "endTime"))
    return round((end - start).total_seconds() * 1000)


def test_the_next_fires_stand_in_the_jobs_zone_the_readers_and_utc(console: Console, api: Api) -> None:
    api.job("page-zoned", cron="15 9 * * *", timezone="Asia/Kolkata")
    console.open("/jobs/page-zoned")
    table = console.page.get_by_role("table", name="Next fires")
    heads = table.get_by_role("columnheader")
    expect(heads).to_have_text(["When", "Asia/Kolkata", "Your zone", "UTC"])
    cells = table.get_by_role("row").nth(1).get_by_role("cell")
    fire = datetime.fromisoformat(api.ok("GET", "/jobs/page-zoned")["nextFire"])
    for place, zone in ((1, "Asia/Kolkata"), (2, "Europe/Berlin"), (3, "UTC")):
        expect(cells.nth(place)).to_have_text(re.compile(f"{fire.astimezone(ZoneInfo(zone)):%H:%M}$"))
    expect(cells.nth(1)).to_have_text(re.compile("09:15$"))


def test_a_copy_gets_another_name_and_is_off(console: Console, api: Api) -> None:
    api.job("page-original", "echo the same", cron="@daily", tags=["copied"])
    console.open("/jobs/page-original")
    page = console.page
    console.button("More actions").click()
    page.get_by_role("button", name="Copy …").click()
    name = page.get_by_role("dialog").get_by_label("Name of the copy")
    name.fill("page-original")
    dialog_button(page, "Make the copy").click()
    expect(page.get_by_role("dialog").locator(".has-error, [role=alert]").first).to_be_visible()
    name.fill("page-twin")
    dialog_button(page, "Make the copy").click()
    expect(page).to_have_url(re.compile("#/jobs/page-twin$"))
    expect(page.get_by_role("switch", name="Fires by its schedule")).not_to_be_checked()
    twin = api.ok("GET", "/jobs/page-twin")
    assert (twin["command"], twin["tags"], twin["state"]) == ("echo the same", ["copied"], "paused")
    assert api.ok("GET", "/jobs/page-original")["state"] == "enabled"


def test_a_run_with_other_variables_hands_them_to_the_command(console: Console, api: Api) -> None:
    api.job("page-greets", 'echo "good $TIME_OF_DAY, $WHO"', env={"TIME_OF_DAY": "morning"})
    console.open("/jobs/page-greets")
    page = console.page
    console.button("Run with …").click()
    variables = page.get_by_role("dialog").get_by_label("Variables")
    variables.fill("WHO=reader of this\nnonsense")
    dialog_button(page, "Run now").click()
    expect(page.get_by_role("dialog")).to_contain_text("Line 2 is not NAME=value.")
    assert not api.ok("GET", "/runs", params={"job": "page-greets"})["items"]
    variables.fill("WHO=reader of this")
    dialog_button(page, "Run now").click()
    page.get_by_role("link", name="Show it").click()
    expect(page.get_by_role("region", name="Output")).to_contain_text("good morning, reader of this")


def test_run_again_opens_another_run_of_the_job(console: Console, api: Api) -> None:
    api.job("page-again", "echo this is $CRON_RUN_ID")
    first = run(api, "page-again")["id"]
    console.open(f"/runs/{first}")
    page = console.page
    output = page.get_by_role("region", name="Output")
    expect(output).to_contain_text(f"this is {first}")
    console.button("Run again").click()
    expect(page).not_to_have_url(re.compile(re.escape(f"{first}")))
    expect(output).to_contain_text(re.compile(rf"this is (?!{re.escape(str(first))}\b)\S+"))
    newest, oldest = api.ok("GET", "/runs", params={"job": "page-again"})["items"]
    expect(page).to_have_url(re.compile(re.escape(newest["id"])))
    assert oldest["id"] == first
    assert (newest["trigger"], newest["by"]) == ("manual", "admin")
