"""When certificates end."""

import contextlib
import time
from collections.abc import Iterator

from app.cli.doctor.etcd import files
from app.cli.doctor.findings import Check, Finding, ok, problem, warning
from app.common.settings import CommonSettings

SOON_DAYS = 21


def check(settings: CommonSettings) -> Check:
    return Check("certificates", lambda: _certificates(settings))


def _certificates(settings: CommonSettings) -> Iterator[Finding]:
    from app.common.certificates import configured, ends
    from app.common.etcd.inspect import certificate_ends

    for name, file in configured(settings).items():
        subject = f"certificate {name}"
        try:
            end = ends(file)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "holds no certificate"
            yield problem(subject, f"{file}: {reason}", "correct the setting, or the rights of the file")
        else:
            yield _judged(subject, str(file), end)
    for endpoint in settings.etcd_endpoints:
        if endpoint.startswith("https://"):
            # One that is not trusted is told where etcd itself is looked at.
            with contextlib.suppress(OSError):
                end = certificate_ends(endpoint, files(settings), settings.etcd_timeout_seconds)
                yield _judged("certificate etcd-server", endpoint, end)


def _judged(subject: str, whose: str, end: float) -> Finding:
    days = (end - time.time()) / 86_400
    if days < 0:
        return problem(subject, f"{whose}: ended {-days:.0f} days ago", "renew it: docs/secure.md")
    if days < SOON_DAYS:
        return warning(subject, f"{whose}: ends in {days:.0f} days", "renew it: docs/secure.md")
    return ok(subject, f"{whose}: good for {days:.0f} days")
