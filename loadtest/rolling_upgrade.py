"""The playbook brings another release to a whole fleet, under load: requests failed, fires and runs lost."""

import re
import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from app import __version__
from app.common.models import Job, Status
from loadtest.failover import measure
from loadtest.failover_fleet import Fault
from loadtest.failover_machines import UNITS, MachineFleet, machine_fleet
from loadtest.report import Report
from loadtest.wheels import build_wheel
from tests.rollout.playbook import SPREAD, THREE, Groups

NEXT, BROKEN = f"{__version__}.post1", f"{__version__}.post2"
LONG_RUNS = (20, 40, 60)  # seconds; of each, one begins every `EVERY_SECONDS`
EVERY_SECONDS = 20
PLAYBOOK_SECONDS = 1_200
PROGRAM = re.compile(r"/opt/yuanya/([^/]+)-[0-9a-f]{8}/")
NOTHING = "nothing to change"
STOPPED_AT = "Ensure it takes runs"  # the task that finds that a worker does not come back

Part = tuple[str, str]  # group and host

OLD = typer.Option("--from", help="Wheel that the fleet runs before. Default: of this checkout.")
ONLY = typer.Option("--only", help="Do this one only; may be repeated: check, same, next, broken.")
SEVEN = typer.Option("--spread", help="On seven machines, each part on some of its own, instead of three.")


def run(
    *,
    rate: Annotated[int, typer.Option(help="Fires a second.")] = 30,
    clients: Annotated[int, typer.Option(help="Clients of the API; each asks one request at a time.")] = 4,
    calm_seconds: Annotated[float, typer.Option(help="Between two rollouts.")] = 8,
    spread: Annotated[bool, SEVEN] = False,
    old: Annotated[Path | None, OLD] = None,
    only: Annotated[list[str] | None, ONLY] = None,
) -> Report:
    """On machines set up by the playbook, with the jobs of `failover` and some that run for up to a minute:
    what a rollout would change (--check), one with nothing to change, one of the next release, one of a
    release whose worker does not start, and the way back from it.
    """
    report = Report(f"rolling upgrade: {rate} fires/s, {clients} clients of the API")
    groups = SPREAD if spread else THREE
    with tempfile.TemporaryDirectory(prefix="yuanya-wheels-") as folder:
        first = old.absolute() if old else build_wheel(Path(folder))
        rollouts = _rollouts(groups, first, Path(folder), only or ["check", "same", "next", "broken"])
        with machine_fleet(*_given(first), groups=groups) as fleet:
            faults = [Fault(r.name, partial(r.begin, fleet), partial(r.is_done, fleet)) for r in rollouts]
            verdict = measure(
                fleet,
                faults,
                report,
                rate=rate,
                clients=clients,
                calm_seconds=calm_seconds,
                more_jobs=_long_jobs(fleet),
            )
    _tell(report, _parts(groups), rollouts)
    report.at_most("fires that did not end well", verdict.planned - verdict.rows[Status.SUCCEEDED], 0)
    return report


@dataclass
class Rollout:
    """One run of the playbook, and what it did."""

    name: str
    wheel: Path
    running: dict[Part, str]  # the versions that masters and workers run afterwards
    arguments: tuple[str, ...] = ()
    fails: bool = False
    changed: dict[str, int] = field(default_factory=dict)  # tasks by host
    seen: dict[Part, str] = field(default_factory=dict)  # as `running`

    def begin(self, fleet: MachineFleet) -> None:
        """Returns at the end of the playbook. Raises AssertionError if it does not end as it should."""
        try:
            self.changed = fleet.playbook.run(*_given(self.wheel), *self.arguments, timeout=PLAYBOOK_SECONDS)
        except AssertionError as error:
            if not self.fails or STOPPED_AT not in str(error):
                raise
        else:
            assert not self.fails, "a release that does not start was rolled out"

    def is_done(self, fleet: MachineFleet) -> bool:
        """Whether hosts run what they should, and what runs does its work."""
        self.seen = {part: found for part in _parts(fleet.groups) if (found := _version(fleet, part))}
        return self.seen == self.running and all(fleet.works(*part) for part in self.running)


def _parts(groups: Groups) -> list[Part]:
    return [(group, host) for group in ("masters", "workers") for host in groups[group]]


def _rollouts(groups: Groups, first: Path, folder: Path, wanted: list[str]) -> list[Rollout]:
    """`first` is what the fleet runs before them; wheels of other versions are made in `folder`."""
    current, following = first, build_wheel(folder, NEXT)
    rollouts = []
    for name in wanted:
        everywhere = _all_run(groups, current)
        match name:
            case "check":
                rollouts.append(Rollout("what it would change", following, everywhere, ("--check", "--diff")))
            case "same":
                rollouts.append(Rollout(NOTHING, current, everywhere))
            case "next":
                current = following
                rollouts.append(Rollout(f"upgrade to {NEXT}", current, _all_run(groups, current)))
            case "broken":
                broken = build_wheel(folder, BROKEN, worker_starts=False)
                stuck = everywhere | {("masters", host): BROKEN for host in groups["masters"]}
                del stuck["workers", groups["workers"][0]]
                rollouts.append(Rollout("a worker that does not start", broken, stuck, fails=True))
                rollouts.append(Rollout("the way back", current, everywhere))
            case _:
                raise typer.BadParameter(f"{name}: must be check, same, next or broken")
    return rollouts


def _given(wheel: Path) -> tuple[str, str]:
    return "--extra-vars", f"yuanya_wheel={wheel}"


def _all_run(groups: Groups, wheel: Path) -> dict[Part, str]:
    return dict.fromkeys(_parts(groups), wheel.name.split("-")[1])


def _version(fleet: MachineFleet, part: Part) -> str:
    """Of the program that runs on a host, as its command line tells; empty where it does not run."""
    group, host = part
    pid = fleet.machines[host].unit(UNITS[group], "MainPID")["MainPID"]
    found = PROGRAM.search(fleet.machines[host].run(f"cat /proc/{pid}/cmdline", check=False).stdout)
    return found[1] if found else ""


def _long_jobs(fleet: MachineFleet) -> list[Job]:
    return [
        Job(
            name=f"long-{seconds}",
            command=fleet.command(f"sleep {seconds}"),
            cron_expr=f"{5 * number}/{EVERY_SECONDS} * * * * * *",
            overlap="allow",
        )
        for number, seconds in enumerate(LONG_RUNS)
    ]


def _tell(report: Report, parts: list[Part], rollouts: list[Rollout]) -> None:
    names = [f"{group.removesuffix('s')} on {host}" for group, host in parts]
    table = report.table("rollouts", "rollout", "tasks changed", *names)
    for rollout in rollouts:
        changed = " ".join(f"{host}:{count}" for host, count in sorted(rollout.changed.items()))
        table.add(rollout.name, changed or "stopped", *(rollout.seen.get(part, "none") for part in parts))
        if rollout.name == NOTHING:
            report.check("a second run changes nothing", not any(rollout.changed.values()))
