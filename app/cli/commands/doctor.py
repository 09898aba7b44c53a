"""`yuanya doctor`: what is wrong here, and what to do about it."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from app.cli.commands.options import AsJson
from app.cli.output import cell, err, out
from app.common.settings import CommonSettings, MasterSettings, WorkerSettings

if TYPE_CHECKING:  # what needs etcd's client is loaded when the command runs, not for every `--help`
    from app.cli.doctor.findings import Check, Finding, Level


class Role(StrEnum):
    ALL = "all"
    MASTER = "master"
    WORKER = "worker"


def doctor(
    role: Annotated[Role, typer.Option(help="What this host is, or is to become.")] = Role.ALL,
    as_json: AsJson = False,
) -> None:
    """Check what a master or worker needs on this host, and say what to do.

    Settings, etcd, rights, log store, clocks, certificates, disk, kernel. It reads the role's settings
    (environment, YUANYA_SECRETS_DIR, .env), so run it as the role's user with the role's environment. Nothing
    is changed, and nothing secret is printed. Exit code 1 if there is a problem; warnings do not count.

    Example: yuanya doctor --role worker
    """
    from app.cli.doctor.findings import Level, run

    early, checks = _plan(role)
    with err.status("Checking ..."):
        findings = [*early, *run(checks)]
    counts = Counter(finding.level for finding in findings)
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "findings": [asdict(finding) for finding in findings],
                    **{f"{level}s" if level is not Level.OK else "ok": counts[level] for level in Level},
                }
            )
        )
    else:
        for finding in findings:
            for line in _lines(finding, Level):
                out.print(line, soft_wrap=True)
        out.print(f"{counts[Level.PROBLEM]} problems, {counts[Level.WARNING]} warnings.")
    if counts[Level.PROBLEM]:
        raise typer.Exit(1)


def _plan(role: Role) -> "tuple[list[Finding], list[Check]]":
    """What the settings themselves tell, and the checks that they allow."""
    from app.cli.doctor import certificates, clocks, etcd, host, master, rights, settings, store, worker

    findings = list(settings.unknown())
    checks: list[Check] = []
    shared: CommonSettings | None = None
    if role in (Role.ALL, Role.MASTER):
        found, told = settings.read("master", MasterSettings)
        findings += told
        checks += host.checks("master", None)
        if isinstance(found, MasterSettings):
            shared = found
            checks += [*master.checks(found), rights.check("master", found)]
    if role in (Role.ALL, Role.WORKER):
        found, told = settings.read("worker", WorkerSettings)
        findings += told
        checks += host.checks("worker", found.capacity if isinstance(found, WorkerSettings) else 0)
        if isinstance(found, WorkerSettings):
            shared = shared or found
            checks += [*worker.checks(found), rights.check("worker", found)]
    if shared is not None:
        first = [*etcd.checks(shared), store.check(shared), certificates.check(shared), clocks.check(shared)]
        checks = [*first, *checks]
    return findings, list({check.subject: check for check in checks}.values())


def _lines(finding: "Finding", levels: "type[Level]") -> Iterator[Text]:
    style = {levels.OK: "green", levels.WARNING: "yellow", levels.PROBLEM: "red"}[finding.level]
    yield Text.assemble(
        (f"{finding.level:<8} ", style), (f"{finding.subject}: ", "bold"), cell(finding.found)
    )
    if finding.advice:
        yield Text.assemble("         -> ", cell(finding.advice))
