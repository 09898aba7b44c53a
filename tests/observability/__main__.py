"""`python -m tests.observability report`: what a real Prometheus answers to each query of the dashboards, and
which fault made each alert fire after how long."""

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.observability.faults import STEPS, Fault
from tests.observability.live import FILLED_IN, Fleet
from tests.observability.queries import all_queries

PATIENCE_SECONDS = 90
SETTLING_SECONDS = 25  # until windows of 20 s are full


def report(fleet: Fleet) -> bool:
    """Print both tables; whether every alert fired."""
    print("query -> series, first value")
    for query in all_queries():
        samples = fleet.prometheus.query(query.filled(FILLED_IN))
        first = samples[0]["value"][1] if samples else "-"
        print(f"{query.dashboard:6}  {query.panel[:40]:40}  {len(samples):3}  {first[:12]:>12}  {query.expr}")
    print("\nalert -> fired, after seconds, by which fault")
    results = [fired(fleet, step) for step in STEPS]
    return all(results)


def fired(fleet: Fleet, step: list[Fault]) -> bool:
    """Make the faults of a step, and print when each of their alerts fired."""
    wanted = {alert: fault.name for fault in step for alert in fault.fires}
    began = time.monotonic()
    with ExitStack() as faults:
        for fault in step:
            faults.enter_context(fault.make(fleet))
        while wanted and time.monotonic() < began + PATIENCE_SECONDS:
            for name, severity in fleet.prometheus.firing() & wanted.keys():
                seconds = time.monotonic() - began
                cause = wanted.pop((name, severity))
                print(f"{name:24} {severity:9} fired {seconds:5.1f}  {cause}", flush=True)
            time.sleep(0.2)
    for (name, severity), cause in wanted.items():
        print(f"{name:24} {severity:9} DID NOT FIRE  {cause}")
    return not wanted


def main() -> int:
    if sys.argv[1:] != ["report"]:
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as directory:
        fleet = Fleet(Path(directory))
        try:
            fleet.start()
            time.sleep(SETTLING_SECONDS)
            return 0 if report(fleet) else 1
        finally:
            fleet.close()


if __name__ == "__main__":
    sys.exit(main())
