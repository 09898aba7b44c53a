"""What `loadtest.api` asks the master for, and what the right answers are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from app.master.services.job_list import SORTS
from loadtest.populate import GROUPS, TAGS, group_of, job_name, tag_of

PAGE = 50
DIFFERENT = 40  # addresses of a kind: more than the results of lists that a master keeps
PAGE_TARGET = 3.0  # times the empty route
ITEM_TARGET = 1.5

Check = Callable[[Any], bool]
"""Of the answer: its JSON, or its text."""


@dataclass(frozen=True)
class Route:
    """Addresses of one kind, each with what its answer must be. `target`: of p95 over the empty route's."""

    name: str
    target: float
    paths: dict[str, Check]

    def is_right(self, client: httpx.Client) -> bool:
        """Whether they are answered with what they must be; of very many addresses, some are asked."""
        some = list(self.paths.items())[:: -(-len(self.paths) // (2 * DIFFERENT))]
        return all(_is_right(client.get(path), check) for path, check in some)


EMPTY = Route("GET /session", 1.0, {"/api/v1/session": lambda body: body["user"] == "admin"})
BARE = Route("GET /healthz", 1.0, {"/healthz": lambda body: body == {"status": "ok"}})


def routes(jobs: int, cursors: dict[int, str], runs: Sequence[dict[str, Any]]) -> list[Route]:
    """For the jobs and runs of `populate`. `cursors[n]` stands behind the first n jobs by name; those of all
    pages are so many that each page asked for has not been shown for long. `runs` are some of those stored,
    the newest first.
    """
    names = [job_name(number) for number in range(jobs)]
    some = names[:: max(1, jobs // DIFFERENT)]
    lists: dict[str, dict[str, Check]] = {
        "first page": {"": _page(names)},
        "page by cursor": {
            f"&cursor={cursor}": _page(names[behind:], jobs) for behind, cursor in cursors.items()
        },
        "searched": {f"&q={name[:-2]}": _page([n for n in names if name[:-2] in n]) for name in some},
        "of a group": {f"&group={group_of(k)}": _page(names[k::GROUPS]) for k in range(GROUPS)},
        "with a tag": {f"&tag={tag_of(k)}": _page(names[k::TAGS]) for k in range(TAGS)},
        "enabled": {"&state=enabled": _page(names)},
        **{
            f"by {sort}": {f"&sort={sign}{sort}": _ordered(sort, sign == "-", jobs) for sign in ("", "-")}
            for sort in SORTS
        },
    }
    items: dict[str, dict[str, Check]] = {
        "one job": {f"/jobs/{name}": _has("name", name) for name in some},
        "one run": {f"/runs/{run['id']}": _has("id", run["id"]) for run in runs},
        "its output": {f"/runs/{run['id']}/output": _is_output for run in runs},
    }
    newest = [run["id"] for run in runs[:PAGE]]
    lists_of_runs: dict[str, dict[str, Check]] = {
        "runs": {"": lambda body: [run["id"] for run in body["items"]] == newest},
        "runs of a job": {f"&job={run['jobName']}": _has_run_of(run) for run in runs},
    }
    return [
        *_routes(lists, PAGE_TARGET, f"/jobs?limit={PAGE}"),
        *_routes(lists_of_runs, PAGE_TARGET, f"/runs?limit={PAGE}"),
        *_routes(items, ITEM_TARGET),
    ]


def _routes(named: dict[str, dict[str, Check]], target: float, start: str = "") -> list[Route]:
    return [
        Route(name, target, {f"/api/v1{start}{path}": check for path, check in paths.items()})
        for name, paths in named.items()
    ]


def _is_right(answer: httpx.Response, check: Check) -> bool:
    if answer.status_code != 200:
        return False
    return check(answer.json() if "json" in answer.headers["Content-Type"] else answer.text)


def _page(names: Sequence[str], total: int | None = None) -> Check:
    """The first of `names`; `total` where the list has more before them."""
    wanted = (list(names[:PAGE]), len(names) if total is None else total)
    return lambda body: ([item["name"] for item in body["items"]], body["total"]) == wanted


def _ordered(sort: str, descending: bool, total: int) -> Check:
    """All jobs, by what they have under `sort`, then by name."""

    def key(item: dict[str, Any]) -> tuple[str, str]:
        last = item["lastRun"]
        value = {**item, "lastStatus": last["status"], "lastStart": last["startTime"]}[sort]
        return value, item["name"]

    def check(body: Any) -> bool:
        keys = list(map(key, body["items"]))
        return len(keys) == PAGE and keys == sorted(keys, reverse=descending) and body["total"] == total

    return check


def _has(field: str, value: str) -> Check:
    return lambda body: bool(body[field] == value)


def _has_run_of(run: dict[str, Any]) -> Check:
    return lambda body: {item["jobName"] for item in body["items"]} == {run["jobName"]}


def _is_output(text: str) -> bool:
    return text.startswith("line 0\nline 1\n")
