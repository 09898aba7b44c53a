"""The console without a mouse."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import Api, Console

FAR = 60  # more stops than any page has before what is looked for here


def tab_to(page: Page, wanted: Locator) -> None:
    for _ in range(FAR):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element.matches(':focus')"):
            return
    raise AssertionError(f"Tab does not come to {wanted}")


def test_a_job_is_created_and_saved_without_a_mouse(console: Console, api: Api) -> None:
    console.open("/jobs")
    page = console.page
    keys = page.keyboard
    tab_to(page, page.get_by_role("main").get_by_role("link", name="New job").first)
    keys.press("Enter")
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_be_focused()
    keys.type("keys-made")
    tab_to(page, page.get_by_role("textbox", name="Command"))
    keys.type("echo by keys")
    tab_to(page, page.get_by_role("textbox", name="Schedule", exact=True))
    keys.type("15 3 * * *")
    keys.press("Control+s")
    expect(page).to_have_url(re.compile("#/jobs/keys-made$"))
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    job = api.ok("GET", "/jobs/keys-made")
    assert (job["command"], job["cronExpr"]) == ("echo by keys", "15 3 * * *")


def test_an_edit_is_reviewed_given_up_and_saved_with_keys(console: Console, api: Api) -> None:
    api.job("keys-edited", cron="@daily")
    console.open("/jobs/keys-edited/edit")
    page = console.page
    tab_to(page, page.get_by_role("textbox", name="Schedule", exact=True))
    page.keyboard.press("Control+a")
    page.keyboard.type("@weekly")
    page.keyboard.press("Control+s")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("@weekly")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert api.ok("GET", "/jobs/keys-edited")["cronExpr"] == "@daily"
    page.keyboard.press("Control+s")
    expect(dialog.get_by_role("button", name="Save", exact=True)).to_be_focused()
    page.keyboard.press("Control+s")
    expect(page).to_have_url(re.compile("#/jobs/keys-edited$"))
    assert api.ok("GET", "/jobs/keys-edited")["cronExpr"] == "@weekly"


def test_the_keys_are_listed_and_do_not_disturb_typing(console: Console) -> None:
    console.open("/jobs")
    page = console.page
    page.keyboard.press("/")
    search = page.get_by_role("searchbox")
    expect(search).to_be_focused()
    page.keyboard.type("?/")
    expect(search).to_have_value("?/")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Tab")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("Search on this page")
    page.keyboard.press("/")
    expect(search).not_to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.press("/")
    expect(search).to_be_focused()
