"""Two values of one key as JSON objects that may be shown side by side: no hashes of passwords."""

import json
from typing import Any

_HIDDEN = frozenset({"stamp", "passwordHash"})


def in_words(now: bytes, wanted: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    before, after = _object(now), _object(wanted)
    shown = [{name: value for name, value in each.items() if name not in _HIDDEN} for each in (before, after)]
    if before.get("passwordHash") != after.get("passwordHash"):
        shown[0]["password"], shown[1]["password"] = "(as it is)", "(of the backup)"
    return shown[0], shown[1]


def _object(value: bytes) -> dict[str, Any]:
    """Anything else becomes an object with its text."""
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        found = value.decode(errors="backslashreplace")
    return found if isinstance(found, dict) else {"value": found}
