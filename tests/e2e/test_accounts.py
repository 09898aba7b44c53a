"""Users, API tokens, the audit, and the ways into an account."""

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.browser import Api, Console
from tests.e2e.browser import console as open_console
from tests.harness.embedded import Up
from tests.harness.poll import wait_until

PASSWORD = "a password that is long enough"


def row(page: Page, text: str) -> Locator:
    return page.get_by_role("row").filter(has_text=text)


def sign_in(console: Console, user: str, password: str) -> None:
    """By the form."""
    page = console.page
    page.goto(f"{console.url}/")
    page.get_by_label("User").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_label("Password").press("Enter")
    expect(page.get_by_role("button", name=f"Account: {user}")).to_be_visible()


@contextmanager
def somebody(browser: Browser, up: Up, api: Api, name: str, role: str) -> Iterator[Console]:
    """A new user in a browser of their own."""
    api.ok("POST", "/users", json={"name": name, "role": role, "password": PASSWORD})
    with open_console(browser, up.url, user=name, password=PASSWORD) as opened:
        yield opened


def test_the_link_that_the_start_prints_opens_signed_in_exactly_once(browser: Browser, up: Up) -> None:
    printed = lambda: re.search(r"(http\S+/#/sign-in\?link=\S+) \(works once", up.said())  # noqa: E731
    link = cast(re.Match[str], wait_until(printed, what="the link"))[1]
    with open_console(browser, up.url) as first:
        first.page.goto(link)
        expect(first.page.get_by_role("button", name="Account: admin")).to_be_visible()
        expect(first.page).not_to_have_url(re.compile("link="))
        first.page.reload()
        expect(first.page.get_by_role("button", name="Account: admin")).to_be_visible()
    with open_console(browser, up.url) as second:
        second.page.goto(link)
        expect(second.page.get_by_role("alert")).to_contain_text("The link no longer works")
        expect(second.page.get_by_label("Password")).to_be_visible()


def test_an_operator_made_by_the_form_runs_and_kills_but_edits_nothing(
    console: Console, browser: Browser, up: Up, api: Api
) -> None:
    api.job("acc-operated", "sleep 300", killGraceSeconds=1)
    console.open("/users")
    console.button("New user").click()
    dialog = console.page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("acc-operator")
    dialog.get_by_label("Password", exact=True).fill("password")
    dialog.get_by_role("radio", name="Operator").check()
    dialog.get_by_role("button", name="Create the user").click()
    expect(dialog.locator("[data-field=password].has-error")).to_contain_text("12 characters")
    assert "acc-operator" not in [user["name"] for user in api.ok("GET", "/users")["items"]]
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Create the user").click()
    expect(row(console.page, "acc-operator")).to_contain_text("Operator")

    with open_console(browser, up.url) as theirs:
        sign_in(theirs, "acc-operator", PASSWORD)
        theirs.open("/jobs/acc-operated")
        theirs.button("Run now").click()
        theirs.button("Kill").click()
        main = theirs.page.get_by_role("main")
        expect(main.get_by_role("link", name="Edit")).to_have_count(0)
        expect(theirs.button("More actions")).to_have_count(0)
        theirs.page.get_by_role("dialog").get_by_role("button", name="Kill").click()
        expect(main.locator("[data-status=killed]").first).to_be_visible()
    [run] = api.ok("GET", "/runs", params={"job": "acc-operated"})["items"]
    assert (run["by"], run["status"]) == ("acc-operator", "killed")


def test_a_changed_role_holds_at_once_on_pages_that_are_open(
    console: Console, browser: Browser, up: Up, api: Api
) -> None:
    api.job("acc-looked-at")
    with somebody(browser, up, api, "acc-demoted", "editor") as theirs:
        theirs.open("/jobs/acc-looked-at")
        edit = theirs.page.get_by_role("main").get_by_role("link", name="Edit", exact=True)
        expect(edit).to_be_visible()
        console.open("/users")
        console.button("Change the role of acc-demoted").click()
        dialog = console.page.get_by_role("dialog")
        dialog.get_by_role("radio", name="Operator").check()
        dialog.get_by_role("button", name="Change the role").click()
        expect(row(console.page, "acc-demoted")).to_contain_text("Operator")
        expect(edit).to_have_count(0)
        expect(theirs.button("Run now")).to_be_visible()


def test_the_open_page_of_a_user_who_is_disabled_asks_to_sign_in_again(
    console: Console, browser: Browser, up: Up, api: Api
) -> None:
    api.job("acc-still-open")
    with somebody(browser, up, api, "acc-disabled", "viewer") as theirs:
        theirs.open("/jobs/acc-still-open")
        console.open("/users")
        console.page.get_by_role("switch", name="acc-disabled may sign in").click()
        console.page.get_by_role("dialog").get_by_role("button", name="Disable").click()
        expect(row(console.page, "acc-disabled")).to_contain_text("disabled")
        again = theirs.page.get_by_role("dialog")
        expect(again).to_contain_text("Your session has ended")
        again.get_by_label("Password").fill(PASSWORD)
        again.get_by_role("button", name="Sign in", exact=True).click()
        expect(again.get_by_role("alert")).to_be_visible()


def test_a_token_is_shown_once_works_and_stops_when_it_is_deleted(console: Console, up: Up) -> None:
    console.open("/tokens")
    page = console.page
    console.button("New token").click()
    page.get_by_role("dialog").get_by_label("Name", exact=True).fill("acc-pipeline")
    console.button("Make the token").click()
    once = page.get_by_role("dialog", name="Your new token: acc-pipeline")
    shown = once.get_by_role("textbox", name="Token")
    token = shown.input_value()

    def asked() -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.get(f"{up.url}/api/v1/jobs", headers=headers, timeout=20, trust_env=False).status_code

    assert asked() == 200
    page.keyboard.press("Escape")
    expect(shown).to_be_visible()
    once.get_by_role("button", name="I have kept it").click()
    expect(once).to_have_count(0)
    page.reload()
    expect(row(page, "acc-pipeline")).to_contain_text("Viewer")
    assert token not in page.content()
    console.button("Delete acc-pipeline").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row(page, "acc-pipeline")).to_have_count(0)
    assert asked() == 401


def test_the_own_password_is_changed_and_other_sessions_end(browser: Browser, up: Up, api: Api) -> None:
    changed = "another password, long enough"
    with (
        somebody(browser, up, api, "acc-careful", "viewer") as theirs,
        open_console(browser, up.url, user="acc-careful", password=PASSWORD) as elsewhere,
    ):
        theirs.open("/account")
        page = theirs.page
        page.get_by_label("Present password").fill("not the present one")
        page.get_by_label("New password").fill(changed)
        theirs.button("Change the password").click()
        expect(page.locator("[data-field=currentPassword].has-error")).to_be_visible()
        page.get_by_label("Present password").fill(PASSWORD)
        theirs.button("Change the password").click()
        expect(page.get_by_text("Your password was changed.")).to_be_visible()
        theirs.open("/jobs")  # this session goes on
        assert elsewhere.page.request.get(f"{up.url}/api/v1/session").status == 401
        sign_in(elsewhere, "acc-careful", changed)


@pytest.fixture
def audited(api: Api) -> Api:
    """Changes of one user and one job, on record."""
    api.ok("POST", "/users", json={"name": "acc-audited", "role": "viewer", "password": PASSWORD})
    api.ok("PATCH", "/users/acc-audited", json={"role": "operator"})
    api.ok("PATCH", "/users/acc-audited", json={"disabled": True})
    api.job("acc-audited")
    on_record = lambda: api.ok("GET", "/audit", params={"target": "acc-audited"})["items"]  # noqa: E731
    wait_until(lambda: len(on_record()) == 4, what="the entries")
    return api


def test_the_audit_says_who_did_what_and_is_exported_as_filtered(
    console: Console, audited: Api, tmp_path: Path
) -> None:
    console.open("/audit?target=acc-audited")
    page = console.page
    entries = page.get_by_role("list", name="Who changed what").get_by_role("listitem")
    expect(entries).to_have_count(4)
    expect(entries.first).to_contain_text("admin created job acc-audited")
    page.get_by_role("combobox", name="What", exact=True).select_option("Users")
    expect(entries).to_have_count(3)
    for entry, words in zip(
        entries.all(),
        (
            ("admin changed user acc-audited", "disabled"),
            ("admin changed user acc-audited", "Viewer → Operator"),
            ("admin created user acc-audited", "Viewer"),
        ),
        strict=True,
    ):
        for each in words:
            expect(entry).to_contain_text(each)
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="As CSV").click()
    file = tmp_path / "audit.csv"
    download.value.save_as(file)
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    wanted = audited.ok("GET", "/audit", params={"target": "acc-audited", "kind": "user"})["items"]
    names = ("id", "at", "actor", "action", "kind", "target")
    assert [[each[name] for name in names] for each in rows] == [
        [each[name] for name in names] for each in wanted
    ]
    assert [entry.get_attribute("data-key") for entry in entries.all()] == [each["id"] for each in rows]
