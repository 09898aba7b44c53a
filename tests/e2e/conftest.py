"""The whole system as `yuanya up` starts it, and a browser: once for each process that runs these tests."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.e2e.browser import Api, Console, chromium
from tests.e2e.browser import console as open_console
from tests.harness.embedded import Up


@pytest.fixture(scope="package")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """For all tests that do no harm to it; they tell their jobs apart by name."""
    system = Up(tmp_path_factory.mktemp("up"))
    try:
        system.start()
        yield system
    finally:
        system.end()


@pytest.fixture(scope="package")
def password(up: Up) -> str:
    return (up.data / "admin-password").read_text().strip()


@pytest.fixture(scope="package")
def api(up: Up, password: str) -> Iterator[Api]:
    client = Api(up.url, password)
    yield client
    client.close()


# Not longer than the package: Playwright holds this thread's event loop.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def console(browser: Browser, up: Up, password: str) -> Iterator[Console]:
    """Signed in as admin, in English."""
    with open_console(browser, up.url, user="admin", password=password) as opened:
        yield opened


@pytest.fixture
def stranger(browser: Browser, up: Up) -> Iterator[Console]:
    """Not signed in."""
    with open_console(browser, up.url) as opened:
        yield opened
