"""What operators do with hundreds of jobs at once."""

import re

from playwright.sync_api import expect

from tests.e2e.browser import Api, Console
from tests.harness.poll import wait_until

CRONTAB = """\
# Every night
MAILTO=ops@example.com
30 2 * * * /usr/local/bin/backup --all
*/5 * * * * e2e-poll
"""


def states(api: Api, query: str) -> dict[str, int]:
    counts = {}
    for state in ("enabled", "paused"):
        counts[state] = api.ok("GET", "/jobs", params={"q": query, "state": state, "limit": 1})["total"]
    return counts


def test_500_jobs_are_paused_at_once(console: Console, api: Api) -> None:
    lines = [
        f'{{"name": "bulk-{number:03d}", "command": "true", "cronExpr": "0 0 1 1 *"}}'
        for number in range(500)
    ]
    made = api.ok("POST", "/import", json={"format": "yaml", "text": f"[{','.join(lines)}]", "dryRun": False})
    assert made["create"] == 500
    wait_until(lambda: states(api, "bulk-") == {"enabled": 500, "paused": 0}, what="all jobs")
    console.open("/jobs?q=bulk-")
    page = console.page
    page.get_by_role("checkbox", name="Choose all jobs of this page").check()
    page.get_by_role("button", name="Choose all 500 that match").click()
    console.button("Pause").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Pause 500 jobs?")
    dialog.get_by_role("button", name="Pause", exact=True).click()
    wait_until(lambda: states(api, "bulk-") == {"enabled": 0, "paused": 500}, what="the pause of all")
    history = api.ok("GET", "/jobs/bulk-499/history")["items"]
    assert [entry["action"] for entry in history] == ["job.pause", "job.create"]
    expect(dialog).to_contain_text("500 done")
    dialog.get_by_role("button", name="Close").last.click()
    expect(page.get_by_role("switch", checked=True)).to_have_count(0)


def test_a_crontab_is_imported_after_a_look_at_what_would_change(console: Console, api: Api) -> None:
    console.open("/import")
    page = console.page
    page.get_by_role("textbox", name="Crontab or YAML").fill(CRONTAB)
    page.get_by_role("textbox", name="Group").fill("imported")
    console.button("Show what would change").click()
    expect(page.get_by_role("button", name="2 new")).to_be_visible()
    expect(page.locator("main")).to_contain_text("At 02:30 every day")
    assert api.ok("GET", "/jobs", params={"group": "imported"})["total"] == 0  # only looked at
    page.get_by_role("button", name="Apply 2 changes").click()
    wait_until(lambda: api.ok("GET", "/jobs", params={"group": "imported"})["total"] == 2, what="the jobs")
    console.open("/import")
    page.get_by_role("textbox", name="Crontab or YAML").fill(CRONTAB.replace("30 2", "45 3"))
    page.get_by_role("textbox", name="Group").fill("imported")
    console.button("Show what would change").click()
    expect(page.locator("main")).to_contain_text("45 3 * * *")
    expect(page.get_by_role("button", name="1 unchanged")).to_be_visible()


def test_a_search_as_it_is_typed_stands_in_the_address(console: Console, api: Api) -> None:
    api.job("search-needle", tags=["haystack"])
    api.job("search-other")
    console.open("/jobs")
    page = console.page
    page.keyboard.press("/")
    page.keyboard.type("needle")
    expect(page.get_by_role("link", name="search-needle", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="search-other", exact=True)).to_have_count(0)
    expect(page).to_have_url(re.compile(r"#/jobs\?q=needle"))
    page.reload()
    expect(page.get_by_role("link", name="search-needle", exact=True)).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_value("needle")


def test_what_others_do_shows_without_a_reload(console: Console, api: Api) -> None:
    api.job("live-row", cron="0 0 1 1 *")
    console.open("/jobs?q=live-row")
    page = console.page
    switch = page.get_by_role("switch")
    expect(switch).to_be_checked()
    api.ok("POST", "/jobs/live-row/pause")
    expect(switch).not_to_be_checked()
    api.job("live-row-2")
    expect(page.get_by_role("link", name="live-row-2", exact=True)).to_be_visible()
    api.ok("DELETE", "/jobs/live-row-2")
    expect(page.get_by_role("link", name="live-row-2", exact=True)).to_have_count(0)


def test_deleting_a_job_asks_first(console: Console, api: Api) -> None:
    api.job("to-delete")
    console.open("/jobs?q=to-delete")
    page = console.page
    page.get_by_role("button", name="More: to-delete").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("to-delete")
    dialog.get_by_role("button", name="Cancel").click()
    assert api.ok("GET", "/jobs/to-delete")["name"] == "to-delete"
    page.get_by_role("button", name="More: to-delete").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="to-delete", exact=True)).to_have_count(0)
    assert api.client.get("/jobs/to-delete").status_code == 404
