"""What came from a command or the server, made safe to show on a terminal.

A command may print anything: sequences that retitle the window, write the clipboard, or overwrite what stands
above. Colours (SGR) pass; every other control sequence goes.
"""

import re

_HELD_AT_MOST = 4096  # characters of a sequence whose end has not come yet

_COLOUR = r"\x1b\[[0-9;:]*m"
# The inside of a string sequence; it holds no start of another, so that matching takes linear time.
_BODY = r"[^\x07\x1b\x90\x98\x9c-\x9f]*"
_CSI = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*"
_STRING = rf"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f]){_BODY}"  # OSC, DCS, SOS, PM, APC
_OTHER = r"\x1b[ -/]*"
# Controls but tab and newline, the C1 set, and the marks that turn the direction of text.
_CONTROL = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
_UNSAFE = re.compile(
    rf"({_COLOUR})|{_CSI}[@-~]|{_STRING}(?:\x07|\x1b\\|\x9c)|{_OTHER}[0-OQ-WYZ\\`-~]|\r+\n?|{_CONTROL}"
)
_UNFINISHED = re.compile(rf"(?:{_CSI}|{_STRING}\x1b?|{_OTHER}|\r+)\Z")


class Sanitiser:
    """Cleans a stream that comes in pieces, sequences cut in two included."""

    def __init__(self) -> None:
        self._held = ""
        self._coloured = False

    def feed(self, text: str) -> str:
        text = self._held + text
        unfinished = _UNFINISHED.search(text, max(0, len(text) - _HELD_AT_MOST))
        cut = unfinished.start() if unfinished else len(text)
        self._held = text[cut:]
        return _UNSAFE.sub(self._replace, text[:cut])

    def finish(self) -> str:
        """What was held back, and the end of any colour."""
        rest, self._held = _UNSAFE.sub(self._replace, self._held), ""
        return rest + ("\x1b[0m" if self._coloured else "")

    def _replace(self, match: re.Match[str]) -> str:
        if match[1]:
            self._coloured = True
            return match[1]
        return "\n" if match[0].startswith("\r") else ""


def plain(text: object) -> str:
    """One line without any control sequence or colour, for a cell or a message."""
    valid = str(text).encode(errors="replace").decode()
    return " ".join(_UNSAFE.sub(" ", valid).split())
