"""What applying jobs would change on the server, and doing it. Shared by `job apply` and `import-crontab`."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import ValidationError
from rich.text import Text

from app.cli.client import Api, ApiError, at
from app.cli.output import STATUS_STYLES, cell, progress
from app.cli.terminal import plain
from app.common.models import Job

REQUESTS_AT_ONCE = 4
SHOWN = 60  # characters of a value in a diff
READ_ONLY = frozenset({"revision", "state", "nextFire", "scheduleText", "lastRun", "running", "recentRuns"})

T = TypeVar("T")
R = TypeVar("R")


class Action(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Change:
    """`fields`: (field, value now, value to be) of each difference; None where there is none."""

    job: Job
    action: Action
    fields: tuple[tuple[str, Any, Any], ...] = ()
    revision: int = 0


def survey(api: Api, jobs: Sequence[Job], keep: frozenset[str] = frozenset()) -> list[Change]:
    """Compare with what is on the server. Fields named in `keep` stay as they are there."""
    return list(_with_progress("Comparing", jobs, lambda job: _change(job, current(api, job.name), keep)))


def current(api: Api, name: str) -> dict[str, Any] | None:
    """The job as the server has it; None if there is none."""
    try:
        return dict(api.get(at("jobs", name)))
    except ApiError as error:
        if error.status == 404:
            return None
        raise


def write(api: Api, changes: Sequence[Change]) -> list[tuple[Change, ApiError]]:
    """Make them so; returns the refused ones. A job that changed meanwhile is refused, not overwritten."""
    wanted = [change for change in changes if change.action is not Action.UNCHANGED]

    def put(change: Change) -> tuple[Change, ApiError] | None:
        guard = (
            {"If-None-Match": "*"}
            if change.action is Action.CREATED
            else {"If-Match": f'"{change.revision}"'}
        )
        try:
            api.send("PUT", at("jobs", change.job.name), json.loads(change.job.to_json()), guard)
        except ApiError as error:
            if error.status in (401, 403):
                raise
            return change, error
        return None

    return [refused for refused in _with_progress("Writing", wanted, put) if refused]


def settings_of(view: dict[str, Any]) -> dict[str, Any]:
    """What somebody set: no defaults, and not what the system knows about the job."""
    settings = {name: value for name, value in view.items() if name not in READ_ONLY}
    try:
        return dict(json.loads(Job.model_validate(settings).to_json()))
    except ValidationError:  # a newer server, with fields unknown here
        return settings


def differences(now: dict[str, Any], wanted: dict[str, Any]) -> tuple[tuple[str, Any, Any], ...]:
    """Field by field, in the order of `wanted`; `env` and other mappings key by key."""
    found: list[tuple[str, Any, Any]] = []
    for name in [*wanted, *(name for name in now if name not in wanted)]:
        old, new = now.get(name), wanted.get(name)
        if isinstance(old, dict) or isinstance(new, dict):
            inner = differences(old or {}, new or {})
            found.extend((f"{name}.{key}", before, after) for key, before, after in inner)
        elif old != new:
            found.append((name, old, new))
    return tuple(found)


def lines(change: Change) -> Iterator[Text]:
    """`created  nightly` and, for a change, a line `command: old -> new` for each field."""
    yield Text.assemble((f"{change.action:<9} ", STATUS_STYLES.get(change.action, "")), cell(change.job.name))
    if change.action is Action.CHANGED:
        for field, before, after in change.fields:
            yield Text.assemble(
                "          ", f"{field}: ", (short(before), "red"), " -> ", (short(after), "green")
            )


def summary(changes: Iterable[Change]) -> str:
    """`2 created, 1 changed, 5 unchanged`"""
    actions = [change.action for change in changes]
    return ", ".join(f"{actions.count(action)} {action}" for action in Action if action in actions)


def _change(job: Job, view: dict[str, Any] | None, keep: frozenset[str]) -> Change:
    if view is None:
        return Change(job, Action.CREATED)
    revision = int(view["revision"])
    if view["state"] == "invalid":
        return Change(job, Action.CHANGED, (("whole job", f"invalid: {view['reason']}", "valid"),), revision)
    settings = settings_of(view)
    if keep:
        kept = {name: value for name, value in settings.items() if name in keep}
        others = {name: value for name, value in json.loads(job.to_json()).items() if name not in keep}
        job = Job.model_validate(others | kept)
    found = differences(settings, json.loads(job.to_json()))
    return Change(job, Action.CHANGED if found else Action.UNCHANGED, found, revision)


def short(value: Any) -> str:
    """A value as a diff shows it."""
    if value is None:
        return "(default)"
    text = plain(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _with_progress(what: str, items: Sequence[T], do: Callable[[T], R]) -> Iterator[R]:
    """Results in the order of `items`, a few at once, with a progress bar."""
    with ThreadPoolExecutor(REQUESTS_AT_ONCE) as pool, progress() as bar:
        try:
            yield from bar.track(pool.map(do, items), total=len(items), description=what)
        finally:
            pool.shutdown(cancel_futures=True)
