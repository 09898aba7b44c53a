"""The settings of a role: whether they can be read, and variables that are none."""

import difflib
import os
from collections.abc import Iterator, Sequence

from app.cli.doctor.findings import Finding, ok, problem, warning
from app.common.errors import SettingsError
from app.common.settings import PREFIX, SECRETS_DIR, CommonSettings, MasterSettings, WorkerSettings, load

# Read by the client commands, not by a role.
_OF_CLIENTS = frozenset({"YUANYA_URL", "YUANYA_TOKEN", "YUANYA_TOKEN_FILE"})


def read(role: str, kind: type[CommonSettings]) -> tuple[CommonSettings | None, list[Finding]]:
    """None where they are refused."""
    subject = f"settings of the {role}"
    try:
        return load(kind), [ok(subject, "complete")]
    except SettingsError as error:
        return None, [
            problem(subject, line, "correct it where it is set: environment, YUANYA_SECRETS_DIR or .env")
            for line in str(error).splitlines()
        ]


def unknown(roles: Sequence[type[CommonSettings]] = (MasterSettings, WorkerSettings)) -> Iterator[Finding]:
    """Variables that nothing reads: most are misspelt."""
    known = {PREFIX + field.upper() for role in roles for field in role.model_fields} | {SECRETS_DIR}
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known | _OF_CLIENTS:
            meant = difflib.get_close_matches(name, known, 1)
            advice = f"did you mean {meant[0]}?" if meant else "remove it"
            yield warning("settings", f"{name} is no setting and has no effect", advice)
