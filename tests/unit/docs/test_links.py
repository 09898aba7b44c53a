"""Every link of every page to another page, file or heading of this repository leads somewhere."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[3]
PAGES = sorted(
    page for folder in ("", "docs", "ansible", "frontend") for page in (ROOT / folder).glob("*.md")
)


@cache
def tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text())


@cache
def anchors(page: Path) -> frozenset[str]:
    """What GitHub makes of the headings."""
    found: set[str] = set()
    for before, token in zip(tokens(page), tokens(page)[1:], strict=False):
        if before.type == "heading_open":
            text = "".join(
                part.content for part in token.children or [] if part.type in ("text", "code_inline")
            )
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            same = sum(1 for one in found if re.fullmatch(re.escape(slug) + r"(-\d+)?", one))
            found.add(f"{slug}-{same}" if slug in found else slug)
    return frozenset(found)


def targets(page: Path) -> Iterator[str]:
    for token in tokens(page):
        for part in token.children or []:
            target = part.attrGet("href") or part.attrGet("src")
            if target:
                yield str(target)


def leads_nowhere(page: Path, target: str) -> bool:
    if re.match(r"[a-z]+:", target):
        return False
    path, _, anchor = unquote(target).partition("#")
    to = (page.parent / path).resolve() if path else page
    return not to.exists() or (bool(anchor) and anchor not in anchors(to))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    assert [target for target in targets(page) if leads_nowhere(page, target)] == []


def test_a_wrong_link_is_seen() -> None:
    readme = ROOT / "README.md"
    assert not leads_nowhere(readme, "docs/secure.md#masters-behind-nginx")
    assert leads_nowhere(readme, "docs/secure.md#masters-behind-apache")
    assert leads_nowhere(readme, "docs/nothing.md")
    assert len(PAGES) > 10
    assert any(target.startswith("docs/") for target in targets(readme))


def test_each_alert_names_its_part_of_a_guide() -> None:
    rules = yaml.safe_load((ROOT / "ansible/roles/prometheus/files/rules/yuanya.yml").read_text())
    alerts = [rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule]
    assert alerts
    for alert in alerts:
        assert not leads_nowhere(ROOT / "README.md", alert["annotations"]["runbook"]), alert["alert"]
