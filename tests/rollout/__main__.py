"""Machines to try the rollout on: `python -m tests.rollout --help`."""

import argparse
import contextlib
import signal
import subprocess
import sys
import time

from tests.rollout.machines import Fleet, can_boot
from tests.rollout.playbook import ANSIBLE, ONE, SPREAD, THREE, Groups, Playbook, serve_store

LAYOUTS: dict[str, Groups] = {"one": ONE, "three": THREE, "spread": SPREAD}

ENTER = """
{machines}

To enter a machine, for example {first}:
  {enter}
Programs with the machines in reach, a browser or curl for example:
  {switch} COMMAND
The rollout, again or in part:
  cd {ansible} && {playbook}
Ctrl-C ends all of it.
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.rollout", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="boot machines, roll out, and stay until Ctrl-C")
    up.add_argument(
        "--layout", choices=LAYOUTS, default="one", help="all on one machine, on three, or on seven"
    )
    up.add_argument("--bare", action="store_true", help="boot only: no rollout")
    up.add_argument("ansible", nargs="*", help="options for ansible-playbook, after --")
    options = parser.parse_args()
    reason = can_boot()
    if reason:
        sys.exit(reason)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        _up(LAYOUTS[options.layout], options.bare, options.ansible)


def _up(layout: Groups, bare: bool, arguments: list[str]) -> None:
    names = sorted({name for names in layout.values() for name in names})
    with Fleet(*names) as fleet:
        fleet.start()
        store = serve_store(fleet, names[0])
        with Playbook(fleet, layout, {"yuanya_store_url": store}) as playbook:
            command = playbook.command(*arguments)
            if not bare:
                subprocess.run(command, cwd=ANSIBLE, env=playbook.environment(), check=False)
            machines = "\n".join(
                f"{machine.address}  {name:<8} --target={machine.init}"
                for name, machine in fleet.machines.items()
            )
            print(
                ENTER.format(
                    machines=machines,
                    first=names[0],
                    enter=" ".join(fleet[names[0]].command("")[:-2]),
                    switch=" ".join(fleet.switch.command()),
                    ansible=ANSIBLE,
                    playbook=" ".join(command),
                ),
                flush=True,
            )
            while True:
                time.sleep(3600)


if __name__ == "__main__":
    main()
