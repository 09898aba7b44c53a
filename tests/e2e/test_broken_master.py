"""A master that dies or hangs under an open console."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import Api, Console
from tests.e2e.browser import console as open_console
from tests.harness.embedded import Up
from tests.harness.poll import wait_until

LOST = "The server does not answer."


@pytest.fixture
def own_up(tmp_path: Path) -> Iterator[Up]:
    """One to do harm to."""
    system = Up(tmp_path)
    try:
        system.start()
        yield system
    finally:
        system.end()


@pytest.fixture
def open_jobs(browser: Browser, own_up: Up) -> Iterator[Console]:
    password = (own_up.data / "admin-password").read_text().strip()
    api = Api(own_up.url, password)
    api.job("before")
    api.close()
    with open_console(browser, own_up.url, user="admin", password=password) as console:
        console.open("/jobs")
        expect(console.page.get_by_role("link", name="before", exact=True)).to_be_visible()
        yield console


def master_of(system: Up) -> int:
    """The process that listens on the system's web port."""
    for pid in system.processes():
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if command[-2:-1] == [b"master"]:
            return pid
    raise AssertionError("no master runs")


def test_a_killed_master_shows_as_such_and_heals(open_jobs: Console, own_up: Up) -> None:
    page = open_jobs.page
    banner = page.locator(".lost-banner").filter(has_text=LOST)
    os.kill(own_up.process.pid, signal.SIGSTOP)  # so that nobody starts it again yet
    os.kill(master_of(own_up), signal.SIGKILL)
    expect(banner).to_be_visible()
    # What was seen stays, and what fails says so.
    expect(page.get_by_role("link", name="before", exact=True)).to_be_visible()
    page.get_by_role("button", name="Run now: before").click()
    expect(page.locator(".toast").filter(has_text=LOST)).to_be_visible()
    os.kill(own_up.process.pid, signal.SIGCONT)
    expect(banner).to_be_hidden(timeout=40_000)
    api = Api(own_up.url, (own_up.data / "admin-password").read_text().strip())
    api.job("afterwards")
    api.close()
    expect(page.get_by_role("link", name="afterwards", exact=True)).to_be_visible()


def test_a_master_that_hangs_shows_as_such_and_heals(open_jobs: Console, own_up: Up) -> None:
    page = open_jobs.page
    master = master_of(own_up)
    os.kill(master, signal.SIGSTOP)
    try:
        expect(page.get_by_role("alert").filter(has_text=LOST)).to_be_visible(timeout=40_000)
    finally:
        os.kill(master, signal.SIGCONT)
    expect(page.get_by_role("alert").filter(has_text=LOST)).to_be_hidden(timeout=40_000)


def test_a_session_that_ended_costs_nothing_typed(open_jobs: Console, own_up: Up) -> None:
    page = open_jobs.page
    password = (own_up.data / "admin-password").read_text().strip()
    page.goto(f"{open_jobs.url}/#/new-job")
    page.get_by_role("textbox", name="Name", exact=True).fill("kept")
    page.get_by_role("textbox", name="Command").click()
    page.keyboard.insert_text("true")
    page.get_by_role("textbox", name="Schedule", exact=True).fill("@daily")
    # Else its question might be the first to be refused.
    expect(page.locator(".preview-words")).to_be_visible()
    page.context.clear_cookies()
    page.get_by_role("button", name="Create", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Your session has ended")
    dialog.get_by_label("Password").fill(password)
    dialog.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("kept")
    api = Api(own_up.url, password)
    wait_until(lambda: api.client.get("/jobs/kept").status_code == 200, what="the job")
    api.close()
