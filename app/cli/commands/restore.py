"""`yuanya restore`: what `yuanya backup` wrote, back into etcd."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from app.cli.archive_io import STDIO, bar, etcd_client, source
from app.cli.commands.options import Yes
from app.cli.config import ClientError
from app.cli.output import STATUS_STYLES, cell, err, out
from app.cli.plan import differences, short
from app.cli.terminal import plain
from app.common.settings import CommonSettings, load

if TYPE_CHECKING:  # what needs etcd's client is loaded when the command runs, not for every `--help`
    from app.common.etcd import EtcdClient
    from app.master.backup.archive import Archive
    from app.master.backup.content import Part
    from app.master.backup.survey import Change, Step

NAMED = 10  # keys that differ, or are not in the backup

Only = Annotated[str | None, typer.Option(help="jobs or accounts; default: everything.", metavar="PART")]


def restore(
    file: Annotated[Path, typer.Argument(help="Archive of `yuanya backup`; - is standard input.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Overwrite what differs. What the backup does not have stays.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, change nothing.")
    ] = False,
    only: Only = None,
    yes: Yes = False,
) -> None:
    """Write a backup into etcd: into an empty cluster, unless --replace says otherwise.

    The archive is checked as a whole first. Restored jobs count from now: nothing of the past is run, or
    counted as missed. Sessions of restored users end; passwords and API tokens are those of the backup, also
    tokens that were deleted since. If it breaks off, run it again.

    It speaks to etcd itself, with the settings of a master. Into an empty cluster restore before the first
    master starts, because that one makes the account admin.

    Example: yuanya restore /var/backups/yuanya-2030-01-31.tar.gz --dry-run
    """
    from app.master.backup.archive import Archive
    from app.master.backup.restore import Restore, cluster_clock
    from app.master.backup.survey import Change, check, keep_an_admin, others

    parts = _parts(only)
    settings = load(CommonSettings)
    zone = settings.timezone
    with source(file) as content, Archive(content) as archive, etcd_client(settings) as client:
        total = sum(facts.items for facts in archive.manifest.files.values())
        with bar("Checking the backup") as advance:
            known = check(archive, zone, lambda n: advance(n, total))
        if archive.manifest.timezone != zone:
            told = f"Jobs that name no zone had {plain(archive.manifest.timezone)}; here they get {zone}."
            err.print(Text(told, style="yellow"), soft_wrap=True)
        counts, changed = _survey(client, archive, parts, zone, show=dry_run)
        extra = others(client, parts, known)
        if dry_run:
            for key in extra:
                out.print(Text.assemble("kept      ", cell(key)), soft_wrap=True)
            out.print(f"Dry run, nothing was written: {_summary(counts)}, {len(extra)} others there.")
        if (changed or extra) and not replace:
            raise ClientError(_refusal(changed, counts, extra))
        if "accounts" in parts:
            keep_an_admin(client, archive, zone)
        if dry_run:
            return
        if counts[Change.CHANGED] and not yes:
            if str(file) == STDIO:
                raise ClientError("Standard input has the archive, not your answer: add --yes to overwrite")
            typer.confirm(f"Overwrite {counts[Change.CHANGED]} that differ?", abort=True)
        with cluster_clock(client) as clock, bar("Writing") as advance:
            done = Restore(client, archive, clock, zone, replace=replace).run(
                parts, lambda n: advance(n, total)
            )
        out.print(Text(f"Restored the backup of {plain(archive.manifest.taken_at)}: {_summary(done)}."))
        _tell_invalid(archive, parts)


def _survey(
    client: "EtcdClient", archive: "Archive", parts: "Sequence[Part]", zone: str, *, show: bool
) -> "tuple[Counter[Change], list[str]]":
    """How many of each, and the first keys that differ."""
    from app.master.backup.survey import Change, steps

    counts: Counter[Change] = Counter()
    changed: list[str] = []
    for step in steps(client, archive, parts, zone):
        counts[step.change] += 1
        if step.change is Change.CHANGED and len(changed) < NAMED:
            changed.append(step.entry.key)
        if show and step.change is not Change.UNCHANGED:
            _show(step)
    return counts, changed


def _show(step: "Step") -> None:
    from app.master.backup.words import in_words

    label = Text.assemble((f"{step.change:<9} ", STATUS_STYLES.get(step.change, "")), cell(step.entry.key))
    out.print(label, soft_wrap=True)
    if step.before is not None:
        for field, before, after in differences(*in_words(step.before.value, step.entry.value)):
            change = Text.assemble(
                f"          {field}: ", (short(before), "red"), " -> ", (short(after), "green")
            )
            out.print(change, soft_wrap=True)


def _refusal(changed: list[str], counts: "Counter[Change]", extra: list[str]) -> str:
    from app.master.backup.survey import Change

    lines = ["The cluster is not empty. Nothing was written."]
    if changed:
        named = ", ".join(map(plain, changed)) + (", ..." if counts[Change.CHANGED] > len(changed) else "")
        lines.append(f"{counts[Change.CHANGED]} differ from the backup: {named}")
    if extra:
        named = ", ".join(map(plain, extra[:NAMED])) + (", ..." if len(extra) > NAMED else "")
        lines.append(f"{len(extra)} are not in the backup: {named}")
    lines.append(
        "Add --replace to overwrite what differs and keep the rest; --dry-run shows what would change."
    )
    return "\n".join(lines)


def _summary(counts: "Counter[Change]") -> str:
    from app.master.backup.survey import Change

    return ", ".join(f"{counts[change]} {change}" for change in Change)


def _tell_invalid(archive: "Archive", parts: "Sequence[Part]") -> None:
    facts = archive.manifest.files.get("invalid-jobs.json")
    if facts and facts.items and "jobs" in parts:
        err.print(f"[yellow]{facts.items} jobs were invalid: see yuanya job list --state invalid[/]")


def _parts(only: str | None) -> "list[Part]":
    from app.master.backup.content import Part

    if only is None:
        return list(Part)
    if only not in (Part.JOBS, Part.ACCOUNTS):
        raise typer.BadParameter("must be jobs or accounts", param_hint="--only")
    return [Part(only)]
