"""Serving the web console, and what it needs of the server: policies, caching, compression."""

import gzip
import re

import httpx
import pytest

from app.master import pages
from tests.integration.master.test_events import Reader

GZIP = {"Accept-Encoding": "gzip"}
HTML = {"Accept": "text/html,application/xhtml+xml"}
SCRIPT = "console.log('" + "x" * 5000 + "')"


@pytest.fixture
def built(tmp_path, monkeypatch):
    """A console as the build leaves it."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(f"<!doctype html><title>The console</title>{' ' * 2000}")
    (tmp_path / "theme.js").write_text("// theme")
    (tmp_path / "favicon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (tmp_path / "assets" / "index-B1a2.js").write_text(SCRIPT)
    (tmp_path / "assets" / ".hidden.js").write_text("no")
    (tmp_path / "assets" / "index-B1a2.js.py").write_text("no")
    monkeypatch.setattr(pages, "CONSOLE", tmp_path)
    return tmp_path


@pytest.fixture
def not_built(tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "CONSOLE", tmp_path)


def test_it_is_open_to_everybody_and_checked_for_a_newer_one(master, built):
    answer = httpx.get(f"{master.url}/")
    assert answer.status_code == 200
    assert "The console" in answer.text
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "Set-Cookie" not in answer.headers
    again = httpx.get(f"{master.url}/", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    (built / "index.html").write_text("another")
    newer = httpx.get(f"{master.url}/", headers={"If-None-Match": answer.headers["ETag"]})
    assert (newer.status_code, newer.text) == (200, "another")


def test_its_policy_allows_no_inline_script_and_no_other_host(master, built):
    policy = httpx.get(f"{master.url}/").headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["script-src"] == "'self'"
    assert rules["style-src"] == "'self'"
    assert rules["require-trusted-types-for"] == "'script'"
    assert rules["frame-ancestors"] == "'none'"
    assert "unsafe" not in policy
    assert not re.search(r"https?:", policy)


@pytest.mark.parametrize(
    ("path", "kind", "cache"),
    [
        ("/theme.js", "text/javascript", "no-cache"),
        ("/favicon.svg", "image/svg+xml", "no-cache"),
        ("/assets/index-B1a2.js", "text/javascript", "public, max-age=31536000, immutable"),
        ("/static/own/docs.js", "text/javascript", "public, max-age=3600"),
        ("/static/swagger/swagger-ui.css", "text/css", "public, max-age=3600"),
    ],
)
def test_each_file_has_its_type_and_its_time(master, built, path, kind, cache):
    answer = httpx.get(f"{master.url}{path}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(kind)
    assert answer.headers["Cache-Control"] == cache
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/nothing.js",
        "/assets/.hidden.js",
        "/assets/index-B1a2.js.py",
        "/assets/..%2findex.html",
        "/assets/%2e%2e/%2e%2e/pages.py",
        "/assets/",
        "/static/own/../../pages.py",
        "/static/own/console",
        "/index.html",
    ],
)
def test_nothing_else_is_served(master, built, path):
    # A client that does not tidy up the path.
    answer = httpx.get(httpx.URL(master.url).copy_with(raw_path=path.encode()))
    assert answer.status_code == 404


def test_files_go_out_compressed_to_those_who_take_it(master, built):
    url = f"{master.url}/assets/index-B1a2.js"
    with httpx.stream("GET", url, headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(raw).decode() == SCRIPT
    plain = httpx.get(url, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.text == SCRIPT


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip;q=0", None),
        ("br, GZIP ; q=0.000, *", None),
        ("x-gzip-like", None),
        ("*;q=0", None),
        ("br;q=1.0, gzip;q=0.5", "gzip"),
        ("*", "gzip"),
    ],
)
def test_compression_is_what_the_client_says(master, api, built, accepted, encoding):
    for path in ("/assets/index-B1a2.js", "/openapi.json"):
        answer = api.http.get(path, headers={"Accept-Encoding": accepted})
        assert (answer.status_code, answer.headers.get("Content-Encoding")) == (200, encoding)


@pytest.mark.parametrize(
    "path", ["/", "/theme.js", "/favicon.svg", "/assets/index-B1a2.js", "/static/own/docs.js"]
)
def test_whether_a_file_is_there_can_be_asked_without_taking_it(master, built, path):
    asked, taken = httpx.head(f"{master.url}{path}"), httpx.get(f"{master.url}{path}")
    assert (asked.status_code, asked.content) == (200, b"")
    for header in ("Content-Type", "Content-Length", "ETag", "Cache-Control"):
        assert asked.headers[header] == taken.headers[header]


def test_where_it_was_not_built_a_page_says_how(master, not_built):
    answer = httpx.get(f"{master.url}/", headers=HTML)
    assert answer.status_code == 503
    assert "make console" in answer.text
    assert 'href="/docs"' in answer.text
    docs = httpx.get(f"{master.url}/docs", headers=HTML)
    assert (docs.status_code, "make console" in docs.text) == (401, True)


def test_docs_lead_to_the_sign_in_and_back(master, api, built):
    answer = httpx.get(f"{master.url}/docs", headers=HTML)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/#/sign-in?next=/docs")
    assert httpx.get(f"{master.url}/docs").status_code == 401  # a program
    assert httpx.get(f"{master.url}/api/v1/jobs", headers=HTML).status_code == 401
    docs = api.http.get("/docs", headers=HTML)
    assert docs.status_code == 200
    assert not re.search(r"<script(?![^>]*\bsrc=)", docs.text)
    assert not re.search(r"\son\w+=", docs.text)
    assets = re.findall(r'(?:src|href)="(?!data:)([^"]+)"', docs.text)
    assert assets
    for asset in assets:
        assert "//" not in asset
        assert httpx.get(f"{master.url}/{asset.lstrip('/')}").status_code == 200


class TestCompression:
    @pytest.fixture(scope="class")
    @classmethod
    def jobs(cls, api):
        for number in range(30):
            api.post("/jobs", {"name": f"compressed-{number}", "command": "true", "cronExpr": "@daily"})

    def test_a_list_is_compressed_and_the_same(self, api, jobs):
        compressed = api.get("/jobs?q=compressed", headers=GZIP)
        plain = api.get("/jobs?q=compressed", headers={"Accept-Encoding": "identity"})
        assert compressed.headers["Content-Encoding"] == "gzip"
        assert compressed.headers["Vary"] == "Accept-Encoding"
        assert "Content-Encoding" not in plain.headers
        assert compressed.json() == plain.json()
        assert int(compressed.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 3

    def test_a_large_list_too(self, api, jobs):
        big = {"name": "compressed-big", "command": ":" * 200_000, "cronExpr": "@daily"}
        assert api.post("/jobs", big, headers=GZIP).headers["Content-Encoding"] == "gzip"
        answer = api.get("/jobs/compressed-big", headers=GZIP)
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.json()["command"] == big["command"]

    def test_what_is_short_or_empty_stays_as_it_is(self, api):
        assert "Content-Encoding" not in api.get("/session", headers=GZIP).headers
        assert api("DELETE", "/jobs/compressed-big", headers=GZIP).status_code == 204

    def test_events_come_one_by_one(self, api, master, sign_in):
        reader = Reader(sign_in(master).http, **GZIP)
        for number in range(3):
            name = f"one-by-one-{number}"
            reader.wait_for("ready")
            api.post("/jobs", {"name": name, "command": "true", "cronExpr": "@daily"})
            reader.wait_for("jobs", {"names": [name]})
        assert "Content-Encoding" not in reader.headers
