"""The way into the console, and out."""

import re

from playwright.sync_api import expect

from tests.e2e.browser import Console


def test_a_stranger_signs_in_by_the_form_and_comes_to_the_page_that_was_asked_for(
    stranger: Console, password: str
) -> None:
    page = stranger.page
    page.goto(f"{stranger.url}/#/workers")
    page.get_by_label("User").fill("admin")
    page.get_by_label("Password").fill("wrong password")
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("wrong")
    page.get_by_label("Password").fill(password)
    page.get_by_label("Password").press("Enter")
    expect(page).to_have_url(re.compile(r"#/workers$"))
    expect(page.get_by_role("heading", level=1, name="Workers")).to_be_visible()


def test_signing_out_ends_the_session(console: Console) -> None:
    console.open("/")
    page = console.page
    page.get_by_role("button", name="Account: admin").click()
    console.button("Sign out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.goto(f"{console.url}/#/jobs")
    expect(page.get_by_label("Password")).to_be_visible()
