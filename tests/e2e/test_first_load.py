"""What a browser that knows nothing has to load."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import console as open_console
from tests.harness.embedded import Up

LIMIT = 300_000  # bytes as they travel, headers included


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
@pytest.mark.parametrize("fragment", ["/", "/jobs", "/runs"])
def test_the_first_load_is_small(browser: Browser, up: Up, password: str, locale: str, fragment: str) -> None:
    with open_console(browser, up.url, user="admin", password=password, locale=locale) as console:
        network = console.page.context.new_cdp_session(console.page)
        network.send("Network.enable")
        sizes: list[int] = []
        network.on("Network.loadingFinished", lambda event: sizes.append(round(event["encodedDataLength"])))
        console.open(fragment)
        expect(console.page.locator("main [aria-busy=true], main .state[role=status]")).to_have_count(0)
        total = sum(sizes)
        print(f"{fragment} in {locale}: {len(sizes)} answers, {total:,} bytes")
        assert 50_000 < total < LIMIT


def test_nothing_comes_from_elsewhere(browser: Browser, up: Up, password: str) -> None:
    with open_console(browser, up.url, user="admin", password=password) as console:
        asked: set[str] = set()
        console.page.on("request", lambda request: asked.add(re.sub(r"(?<=\w)/.*", "", request.url)))
        for fragment in ("/", "/jobs", "/new-job", "/timeline"):
            console.open(fragment)
            expect(console.page.locator("main [aria-busy=true]")).to_have_count(0)
        assert asked == {up.url}
