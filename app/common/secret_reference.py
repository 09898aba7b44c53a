"""`secret:NAME` as the value of a variable of a job: the worker puts the secret of that name in its place."""

import re

PREFIX = "secret:"
ESCAPED = "secret::"  # `secret::x` is the text `secret:x`

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,127}")


def is_plain(value: str) -> bool:
    """Whether the value is what the command gets, as it stands."""
    return not value.startswith(PREFIX)


def name_in(value: str) -> str | None:
    """The name of the secret that is referred to; None for plain and escaped values.

    Raises ValueError where it cannot be a name: it is that of a file, so it has no `/` and no leading dot.
    """
    if is_plain(value) or value.startswith(ESCAPED):
        return None
    name = value.removeprefix(PREFIX)
    if not _NAME.fullmatch(name):
        raise ValueError(
            "after secret: comes the name of a secret (letters of A to Z, digits, '.', '_' and '-', at most "
            "128, a letter or digit first); a text that begins with secret: is written secret::"
        )
    return name


def literal(value: str) -> str:
    """The text that a plain or an escaped value stands for."""
    return PREFIX + value.removeprefix(ESCAPED) if value.startswith(ESCAPED) else value
