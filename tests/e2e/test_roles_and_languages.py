"""Who sees what, and in which words."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import Api, Console
from tests.e2e.browser import console as open_console
from tests.harness.embedded import Up

PASSWORD = "a password that is long enough"


@pytest.fixture(scope="module")
def viewer_account(api: Api) -> str:
    api.ok("POST", "/users", json={"name": "e2e-viewer", "role": "viewer", "password": PASSWORD})
    return "e2e-viewer"


@pytest.fixture
def viewer(browser: Browser, up: Up, viewer_account: str) -> Iterator[Console]:
    with open_console(browser, up.url, user=viewer_account, password=PASSWORD) as opened:
        yield opened


def test_a_viewer_is_offered_nothing_that_would_be_refused(viewer: Console, api: Api) -> None:
    api.job("viewed", command="echo seen")
    page = viewer.page
    for fragment in ("/jobs?q=viewed", "/jobs/viewed"):
        viewer.open(fragment)
        expect(
            page.get_by_role("link", name="viewed").or_(page.get_by_role("heading", name="viewed")).first
        ).to_be_visible()
        main = page.get_by_role("main")
        offers = re.compile("^(Run|Kill|Delete|Edit|Pause|Resume|Copy to|New job|Import|Restore)")
        for role in ("button", "link"):
            expect(main.get_by_role(role, name=offers).filter(has_not_text="Runs")).to_have_count(0)
        for switch in page.get_by_role("switch").all():
            expect(switch).to_be_disabled()
    menu = page.get_by_role("navigation", name="Main menu")
    expect(menu.get_by_role("link", name="Users")).to_have_count(0)
    expect(menu.get_by_role("link", name="Audit")).to_have_count(0)


@pytest.mark.parametrize("fragment", ["/new-job", "/jobs/viewed/edit", "/import", "/users", "/audit"])
def test_a_viewer_who_knows_an_address_is_told_so(viewer: Console, fragment: str) -> None:
    viewer.page.goto(f"{viewer.url}/#{fragment}")
    expect(
        viewer.page.get_by_role("alert").filter(has_text="Your role does not allow this page.")
    ).to_be_visible()


def test_a_browser_that_prefers_chinese_gets_chinese(browser: Browser, up: Up, password: str) -> None:
    with open_console(
        browser, up.url, user="admin", password=password, locale="zh-CN", zone="Asia/Shanghai"
    ) as console:
        console.open("/jobs")
        page = console.page
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        expect(page.get_by_role("heading", level=1)).to_have_text("任务")
        expect(page.get_by_role("navigation", name="主菜单")).to_be_visible()


def test_the_language_chosen_stays(console: Console) -> None:
    console.open("/jobs")
    page = console.page
    page.get_by_role("button", name="Language").click()
    page.get_by_role("button", name="简体中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("任务")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("任务")
    page.get_by_role("button", name="语言").click()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Jobs")


def test_a_refusal_is_said_in_the_readers_language(browser: Browser, up: Up, password: str) -> None:
    with open_console(browser, up.url, user="admin", password=password, locale="zh-CN") as console:
        console.open("/new-job")
        page = console.page
        page.locator("[data-field=cronExpr] input").first.fill("61 * * * *")
        expect(page.locator("[data-field=cronExpr]")).to_contain_text("61 超出范围")


def test_the_theme_follows_the_system_and_can_be_chosen(browser: Browser, up: Up, password: str) -> None:
    with open_console(browser, up.url, user="admin", password=password, color_scheme="dark") as console:
        console.open("/")
        page = console.page
        root = page.locator("html")
        expect(root).to_have_attribute("data-bs-theme", "dark")
        page.get_by_role("button", name="Theme").click()
        page.get_by_role("button", name="Light").click()
        expect(root).to_have_attribute("data-bs-theme", "light")
        page.reload()
        expect(root).to_have_attribute("data-bs-theme", "light")
