"""One job from its creation to its end, as an editor has it in the browser."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.browser import Api, Console
from tests.harness.poll import wait_until

TREE = "echo started; setsid sleep 300 & sleep 300; wait"


def fill_command(page: Page, command: str) -> None:
    """The editor is no plain field: it is typed into."""
    editor = page.get_by_role("textbox", name="Command")
    editor.click()
    editor.press("Control+a")
    page.keyboard.insert_text(command)


def new_job(console: Console, name: str, command: str, schedule: str) -> Page:
    console.open("/new-job")
    page = console.page
    page.get_by_role("textbox", name="Name", exact=True).fill(name)
    fill_command(page, command)
    page.get_by_role("textbox", name="Schedule", exact=True).fill(schedule)
    return page


def save(page: Page) -> None:
    """By the keyboard, and past the dialog that shows what is about to change."""
    page.keyboard.press("Control+s")
    page.get_by_role("dialog").get_by_role("button", name="Save", exact=True).click()


def test_a_job_made_by_the_form_runs_live_and_shows_its_output(console: Console, api: Api) -> None:
    page = new_job(
        console, "e2e-live", "for i in 1 2 3; do echo line $i of $CRON_JOB; sleep 1; done", "*/5 * * * * *"
    )
    expect(page.get_by_role("region", name="What the schedule means")).to_contain_text("Every 5 seconds")
    console.button("Create").click()
    expect(page).to_have_url(re.compile("#/jobs/e2e-live$"))
    # No reload: the page of the job hears of its run, and the page of the run of its output.
    page.goto(f"{console.url}/#/runs?job=e2e-live")
    running = page.get_by_role("row").filter(has_text="Running").first
    expect(running).to_be_visible()
    running.get_by_role("link").nth(1).click()
    expect(page).to_have_url(re.compile("#/runs/"))
    output = page.locator("[role=region][aria-label=Output]")
    expect(output).to_contain_text("line 1 of e2e-live")
    expect(
        page.locator("main h1 ~ * [data-status=succeeded], main .page-head [data-status=succeeded]")
    ).to_be_visible()
    expect(output).to_contain_text("line 3 of e2e-live")
    api.ok("DELETE", "/jobs/e2e-live")


def test_a_schedule_is_explained_while_it_is_typed(console: Console) -> None:
    page = new_job(console, "e2e-typed", "true", "30 2 * * *")
    meaning = page.get_by_role("region", name="What the schedule means")
    expect(meaning).to_contain_text("02:30")
    page.get_by_role("combobox", name="Time zone").fill("Europe/Berlin")
    expect(meaning).to_contain_text("does not exist in Europe/Berlin")
    page.get_by_role("textbox", name="Schedule", exact=True).fill("61 * * * *")
    expect(page.locator("[data-field=cronExpr]")).to_contain_text("61")
    console.button("Create").click()
    expect(page.locator("[data-field=cronExpr].has-error")).to_be_visible()
    expect(page).to_have_url(re.compile("#/new-job"))


def test_a_hostile_name_is_refused_at_its_field_and_nothing_typed_is_lost(console: Console, api: Api) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    page = new_job(console, hostile, "true", "@daily")
    console.button("Create").click()
    expect(page.locator("[data-field=name].has-error")).to_be_visible()
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_have_value(hostile)
    expect(page.get_by_role("textbox", name="Schedule", exact=True)).to_have_value("@daily")
    assert api.ok("GET", "/jobs", params={"q": "onerror"})["total"] == 0


def test_hostile_output_is_shown_as_text(console: Console, api: Api) -> None:
    hostile = '</pre><img src=x onerror="document.title=1"><script>alert(1)</script>'
    api.job("e2e-hostile", f"echo '{hostile}'; printf '\\033]0;window\\007\\033[31mred\\033[0m\\n'")
    [run] = api.ok("POST", "/jobs/e2e-hostile/run")["runIds"]
    wait_until(lambda: api.ok("GET", f"/runs/{run}")["status"] == "succeeded", what="the run")
    console.open(f"/runs/{run}")
    page = console.page
    output = page.locator("[role=region][aria-label=Output]")
    expect(output).to_contain_text(hostile)
    expect(output).not_to_contain_text("window")
    assert page.locator("main img, main script").count() == 0
    red = output.get_by_text("red", exact=True)
    plain = output.get_by_text("onerror")
    colour = "element => getComputedStyle(element).color"
    assert red.evaluate(colour) != plain.evaluate(colour)


def test_edit_pause_run_and_kill(console: Console, api: Api) -> None:
    api.job("e2e-edit", TREE, "*/7 * * * *", description="before", killGraceSeconds=1)
    console.open("/jobs/e2e-edit/edit")
    page = console.page
    page.get_by_role("textbox", name="Schedule", exact=True).fill("*/9 * * * *")
    save(page)
    expect(page).to_have_url(re.compile("#/jobs/e2e-edit$"))
    assert api.ok("GET", "/jobs/e2e-edit")["cronExpr"] == "*/9 * * * *"

    page.get_by_role("switch", name="Fires by its schedule").click()
    wait_until(lambda: api.ok("GET", "/jobs/e2e-edit")["state"] == "paused", what="the pause")

    console.button("Run now").click()
    wait_until(lambda: running(api, "e2e-edit"), what="the run")
    [run] = running(api, "e2e-edit")
    page.goto(f"{console.url}/#/runs/{run}")
    expect(page.locator("[role=region][aria-label=Output]")).to_contain_text("started")
    assert processes(run)
    page.get_by_role("button", name="Kill").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Kill").click()
    expect(page.locator(".page-head [data-status=killed]")).to_be_visible()
    assert not processes(run)


def test_somebody_else_saved_first(console: Console, api: Api) -> None:
    api.job("e2e-conflict", "echo one", "@daily", description="first")
    console.open("/jobs/e2e-conflict/edit")
    page = console.page
    page.get_by_role("textbox", name="Schedule", exact=True).fill("@weekly")
    api.ok("PATCH", "/jobs/e2e-conflict", json={"description": "theirs"})
    save(page)
    expect(page.get_by_role("dialog")).to_contain_text("theirs")
    assert api.ok("GET", "/jobs/e2e-conflict")["cronExpr"] == "@daily"


def test_leaving_unsaved_work_asks_first(console: Console) -> None:
    page = new_job(console, "e2e-unsaved", "true", "@daily")
    page.get_by_role("link", name="Workers").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Leave without saving")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_have_value("e2e-unsaved")
    page.get_by_role("link", name="Workers").click()
    dialog.get_by_role("button", name="Leave").click()
    expect(page).to_have_url(re.compile("#/workers"))


def running(api: Api, job: str) -> list[str]:
    return [run["id"] for run in api.ok("GET", "/runs", params={"job": job, "status": "running"})["items"]]


def processes(run: str) -> list[int]:
    """Everything alive that the run started, however it tried to get away."""
    mark = f"CRON_RUN_ID={run}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found
