"""Counts of runs in progress."""

import threading

from app.common.models import OpenRecord, Outcome
from app.master.services.open_runs import OpenRun, OpenRuns
from app.master.services.running import Running

RECORD = OpenRecord(job="j", plan=1, outcome=Outcome.RUN, claimed=1)


class SlowRecords(OpenRuns):
    """Answers once it is let."""

    def __init__(self) -> None:
        self.reads, self.may = 0, threading.Event()

    def records(self, limit: int = 0) -> list[OpenRun]:
        self.reads += 1
        assert self.may.wait(10)
        return [OpenRun("1-1", "w1", RECORD)]


def test_requests_that_meet_share_one_read_of_a_slow_etcd():
    records = SlowRecords()
    running = Running(records)
    running.start()
    found: list[int] = []
    gate = threading.Barrier(11)

    def ask() -> None:
        gate.wait()
        found.append(running.counts()["j"])

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    gate.wait()
    records.may.set()
    for thread in threads:
        thread.join()
    running.stop()
    assert (found, records.reads) == ([1] * 10, 1)
