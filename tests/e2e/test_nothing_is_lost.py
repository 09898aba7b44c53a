"""What was typed, and what was done, survives whatever its user does next."""

import re

from playwright.sync_api import Route, expect

from tests.e2e.browser import Console

CRONTAB = "0 3 * * * /usr/local/bin/backup"
UNSAVED = "Leave without saving?"


def test_a_token_is_shown_though_escape_was_pressed_while_it_was_made(console: Console) -> None:
    page = console.page
    held: list[Route] = []
    page.route("**/api/v1/tokens", lambda route: held.append(route) if is_write(route) else route.continue_())
    console.open("/tokens")
    console.button("New token").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("shown-once")
    with page.expect_request("**/api/v1/tokens"):
        dialog.get_by_role("button", name="Make the token").click()
    page.keyboard.press("Escape")
    page.mouse.click(5, 5)  # beside the dialog
    expect(dialog).to_contain_text("New token")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_disabled()
    held[0].continue_()
    expect(page.get_by_label("Token", exact=True)).to_have_value(re.compile("^yct_"))


def test_a_crontab_survives_another_theme_and_is_asked_for_before_another_language(console: Console) -> None:
    page = console.page
    console.open("/import")
    text = page.get_by_role("textbox").first
    text.fill(CRONTAB)
    html = page.locator("html")
    for theme in ("Dark", "Light"):
        console.button("Theme").click()
        console.button(theme).click()
        expect(html).to_have_attribute("data-bs-theme", theme.lower())
        expect(console.button("Theme")).to_be_focused()
        expect(text).to_have_value(CRONTAB)
    console.button("Language").click()
    console.button("简体中文").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(UNSAVED)
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(html).to_have_attribute("lang", "en")
    expect(text).to_have_value(CRONTAB)
    console.button("Language").click()
    console.button("简体中文").click()
    dialog.get_by_role("button", name="Leave").click()
    expect(html).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_role("textbox").first).to_have_value("")


def test_nobody_else_signs_in_over_a_page_whose_session_has_ended(console: Console, password: str) -> None:
    page = console.page
    console.open("/import")
    page.get_by_role("textbox").first.fill(CRONTAB)
    page.context.clear_cookies()
    console.button("Show what would change").click()
    dialog = page.get_by_role("dialog").filter(has_text="Your session has ended")
    expect(dialog.get_by_label("User")).to_have_js_property("readOnly", True)
    expect(dialog.get_by_label("Password")).to_be_focused()
    # Back from the question, the page still waits for its own user.
    other = dialog.get_by_role("button", name="Sign in as somebody else")
    other.click()
    question = page.get_by_role("dialog").filter(has_text=UNSAVED)
    question.get_by_role("button", name="Cancel").click()
    other.click()
    question.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("heading", name="Yuanya Crontab")).to_be_visible()
    page.get_by_label("User").fill("admin")
    page.get_by_label("Password").fill(password)
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_role("heading", level=1, name="Dashboard")).to_be_visible()


def is_write(route: Route) -> bool:
    return route.request.method == "POST"
