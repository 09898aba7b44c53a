"""When certificates end."""

import time
from collections.abc import Iterator

from app.cli.doctor.findings import Check, Finding, ok, problem, warning
from app.common.settings import CommonSettings

SOON_DAYS = 21


def check(settings: CommonSettings) -> Check:
    return Check("certificates", lambda: _certificates(settings))


def _certificates(settings: CommonSettings) -> Iterator[Finding]:
    from app.common.certificates import configured, ends

    for name, file in configured(settings).items():
        subject = f"certificate {name}"
        try:
            left = (ends(file) - time.time()) / 86_400
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "holds no certificate"
            yield problem(subject, f"{file}: {reason}", "correct the setting, or the rights of the file")
            continue
        if left < 0:
            yield problem(subject, f"{file} ended {-left:.0f} days ago", "renew it: docs/secure.md")
        elif left < SOON_DAYS:
            yield warning(subject, f"{file} ends in {left:.0f} days", "renew it: docs/secure.md")
        else:
            yield ok(subject, f"good for {left:.0f} days")
