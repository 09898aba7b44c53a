"""The output of runs: followed while it is printed, and long, cut or odd once it is stored."""

import re

from playwright.sync_api import expect

from tests.e2e.browser import Api, Console
from tests.harness.poll import wait_until

FROM_END = "element => element.scrollHeight - element.scrollTop - element.clientHeight"  # px


def ended(api: Api, job: str) -> str:
    """The id of a run of `job` that has just been ordered and has ended."""
    (run,) = api.ok("POST", f"/jobs/{job}/run", json={})["runIds"]
    wait_until(lambda: api.ok("GET", f"/runs/{run}")["endTime"], what="the end of the run")
    return str(run)


def test_what_is_printed_is_followed_until_the_reader_scrolls_up(console: Console, api: Api) -> None:
    api.job("e2e-follow", "for i in $(seq 1 100000); do echo line $i; sleep 0.05; done")
    (run,) = api.ok("POST", "/jobs/e2e-follow/run", json={})["runIds"]
    console.open(f"/runs/{run}")
    page = console.page
    output = page.get_by_role("region", name="Output")
    follow = console.button("Follow")
    expect(page.get_by_text("line 80", exact=True)).to_be_attached()
    expect(output).to_be_in_viewport(ratio=1)
    assert output.evaluate(FROM_END) < 20
    expect(follow).to_have_attribute("aria-pressed", "true")

    output.hover()
    page.mouse.wheel(0, -600)
    expect(follow).to_have_attribute("aria-pressed", "false")
    place = output.evaluate("element => element.scrollTop")
    lines = page.locator(".out-line").count()
    expect(page.locator(".out-line").nth(lines + 20)).to_be_attached()
    assert output.evaluate("element => element.scrollTop") == place

    follow.click()
    expect(follow).to_have_attribute("aria-pressed", "true")
    assert output.evaluate(FROM_END) < 20
    api.ok("POST", f"/runs/{run}/kill")
    expect(page.locator('[data-notice="gone"]')).to_contain_text("process tree is gone")
    expect(follow).to_be_hidden()


def test_ten_thousand_lines_are_searched_with_keys(console: Console, api: Api) -> None:
    api.job("e2e-long", "seq 1 10000 | sed 's/^/number /'")
    console.open(f"/runs/{ended(api, 'e2e-long')}")
    page = console.page
    expect(page.locator(".out-size")).to_contain_text("10,000 lines")
    page.keyboard.press("/")
    search = page.get_by_role("searchbox", name="Search in the output")
    expect(search).to_be_focused()
    page.keyboard.type("NUMBER 777")
    expect(page.get_by_text("1 of 11")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 of 11")).to_be_visible()
    expect(page.get_by_text("number 7770", exact=True)).to_be_in_viewport()
    chosen = "[...CSS.highlights.get('out-chosen')].map(String)"
    wait_until(lambda: page.evaluate(chosen) == ["number 777"], what="the chosen match is marked")
    page.keyboard.press("Escape")
    expect(page.get_by_text("of 11")).to_be_hidden()


def test_a_cut_in_the_middle_says_how_much_is_missing(console: Console, api: Api) -> None:
    api.job("e2e-cut", "seq 1 2000", outputLimitBytes=1024)
    console.open(f"/runs/{ended(api, 'e2e-cut')}")
    page = console.page
    cut = page.locator(".out-body .out-cut")
    expect(cut).to_have_text(re.compile(r"^\s*[\d,]+ bytes were cut here"))
    missing = int(cut.get_attribute("data-cut") or "")
    kept = page.locator(".out-text").all_text_contents()
    assert (kept[0], kept[-1]) == ("1", "2000")
    # What is shown and what is missing make up all that was printed; the head may end within a line.
    printed = sum(len(f"{number}\n") for number in range(1, 2001))
    shown = sum(len(f"{line}\n") for line in kept)
    assert missing + shown - printed in (0, 1)


def test_an_endless_line_is_shown_in_part_until_asked_for(console: Console, api: Api) -> None:
    api.job("e2e-wide", "head -c 100000 /dev/zero | tr '\\0' x")
    console.open(f"/runs/{ended(api, 'e2e-wide')}")
    line = console.page.locator(".out-text")
    expect(line).to_have_text(re.compile("^x{4000}$"))
    console.button("show all 100,000 characters").click()
    expect(line).to_have_text(re.compile("^x{100000}$"))


def test_the_next_and_the_previous_run_of_a_job(console: Console, api: Api) -> None:
    api.job("e2e-steps", "true")
    first, second = ended(api, "e2e-steps"), ended(api, "e2e-steps")
    console.open(f"/runs/{first}")
    page = console.page
    page.get_by_role("link", name="Next run of this job").click()
    expect(page).to_have_url(re.compile(second))
    page.get_by_role("link", name="Previous run of this job").click()
    expect(page).to_have_url(re.compile(first))


def test_a_run_that_is_not_there(console: Console) -> None:
    console.open("/runs/nothing-of-this-kind")
    expect(console.page.get_by_role("heading", name="There is no such run")).to_be_visible()
