"""What a fire costs as workers are added, at a fixed load: claims, transactions, CPU, and who runs it."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from loadtest.bare import bare_rate
from loadtest.plot import Plot
from loadtest.processes import CpuClock, pids_of
from loadtest.report import Report
from loadtest.scrape import Counts, scrape
from loadtest.system import System, system
from loadtest.times import next_second, now_ms, pass_time
from tests.harness.oracle import Verdict
from tests.harness.poll import free_port

COUNTS = (1, 2, 3, 5, 10)
EXECUTORS = 1  # of each worker: with more, ten of them would be too many processes for a small machine
# What etcd counts (names as of 3.4 and later): requests of any kind, and the operations in them.
REQUESTS, PUTS, READS = "grpc_server_handled_total", "etcd_mvcc_put_total", "etcd_mvcc_range_total"


@dataclass(frozen=True)
class Step:
    """What was counted and used for the fires of a window, until all was settled."""

    verdict: Verdict
    share: Counter[str]
    counted: Counts
    cpu: dict[str, float]  # seconds

    def a_fire(self, metric: str, **labels: str) -> float:
        return self.counted.total(metric, **labels) / self.verdict.planned

    @property
    def claims(self) -> float:
        return self.a_fire("cron_claims_total")

    @property
    def transactions(self) -> float:
        """Claims and looks are sent many at once."""
        return self.a_fire("cron_claim_transactions_total")

    @property
    def kinds(self) -> dict[str, float]:
        sent = self.counted.by("cron_claim_transactions_total", "kind")
        return {kind: count / self.verdict.planned for kind, count in sent.items()}

    @property
    def requests(self) -> float:
        return self.a_fire(REQUESTS, grpc_service="etcdserverpb.KV")

    def cpu_us(self, part: str) -> int:
        return round(self.cpu[part] / self.verdict.planned * 1e6)

    @property
    def unequal(self) -> float:
        """How far the share of some worker is from an equal one, as a part of that."""
        equal = sum(self.share.values()) / len(self.share)
        return max(abs(count - equal) for count in self.share.values()) / equal


def run(*, rate: int = 150, seconds: int = 8, alone: int = 4, most: int = COUNTS[-1]) -> Report:
    """`rate` jobs of each second for `seconds` on 1, 2, 3, 5 and 10 workers (`most` at most); before that, at
    each step, one job for `alone` seconds: what is sent for its fire is sent for no other."""
    report = Report(f"workers: {rate} runs/s on 1 to {most} workers, {seconds} s each")
    single: dict[int, Step] = {}
    loaded: dict[int, Step] = {}
    bare = bare_rate(min(2.0, seconds / 4))
    with system(workers=0) as s:
        urls: list[str] = []
        for count in (count for count in COUNTS if count <= most):
            urls += _grow(s, count)
            single[count] = _step(s, urls, f"alone-{count}", 1, alone)
            loaded[count] = _step(s, urls, f"job-{count}", rate, seconds)
    report.figures["load over the bare loop"] = f"{rate / bare:.2f} of {bare:,.0f} runs/s"
    _tell(report, single, loaded)
    return report


def _grow(s: System, count: int) -> list[str]:
    """Start workers, side by side, until there are `count`; returns where the new ones show their metrics."""
    new = {f"w{number}": free_port() for number in range(len(s.cluster.workers), count)}
    for worker, port in new.items():
        s.cluster.add_worker(worker, executors=EXECUTORS, metrics_port=port).start()
    s.cluster.wait_ready(*new, timeout=120)
    return [f"http://127.0.0.1:{port}" for port in new.values()]


def _step(s: System, urls: list[str], name: str, rate: int, seconds: int) -> Step:
    assert s.etcd.process is not None
    since = next_second(1)
    until = since + seconds * 1000
    # They end by themselves: with a job that is deleted go the last looks at it.
    fields = {
        "command": s.oracle.command(),
        "cronExpr": "* * * * * * *",
        "endsAt": datetime.fromtimestamp(until / 1000, UTC),
    }
    jobs = s.put_jobs(({"name": f"{name}-{i}", **fields} for i in range(rate)), cursor=since)
    before = scrape(s.etcd.endpoint, *urls)
    clock = CpuClock({"etcd": s.etcd.process.pid, **pids_of(s.cluster)})
    pass_time((until - now_ms()) / 1000 + 1, f"{len(urls)} workers, {rate} runs/s")
    verdict = s.judge_when_settled(jobs, since, until)
    used, counted = clock.seconds(), scrape(s.etcd.endpoint, *urls) - before
    share = Counter(dict.fromkeys(s.cluster.workers, 0))
    for worker, _, _, runs in s.cluster.store.workload(since + 1, until + 1, until - since):
        share[worker] += runs
    s.delete_jobs(jobs)
    cpu = {part: used.pop(part) for part in ("etcd", "commands")}
    return Step(verdict, share, counted, {**cpu, "workers": sum(used.values())})


def _tell(report: Report, single: dict[int, Step], loaded: dict[int, Step]) -> None:
    sent = report.table(
        "for claims, a fire", "workers", "claims", "transactions", "by kind", "of a job alone"
    )
    etcd = report.table("etcd, a fire", "workers", "requests", "puts", "reads", "CPU us")
    cpu = report.table("the rest", "workers", "CPU us", "commands us", "runs by worker", "latest start ms")
    for count, step in loaded.items():
        sent.add(count, step.claims, step.transactions, step.kinds, single[count].kinds)
        etcd.add(count, step.requests, step.a_fire(PUTS), step.a_fire(READS), step.cpu_us("etcd"))
        share = f"{min(step.share.values())} to {max(step.share.values())}, {step.unequal:.0%} from equal"
        cpu.add(count, step.cpu_us("workers"), step.cpu_us("commands"), share, step.verdict.latest_ms)
        report.figures[f"verdict on {count}"] = str(step.verdict)
        report.check(
            f"{count} workers: every fire ran at most once and has one row",
            step.verdict.clean and single[count].verdict.clean,
        )
    fewest, most = loaded[min(loaded)], loaded[max(loaded)]
    report.at_most("claims a fire, at most", max(step.claims for step in loaded.values()), 3)
    report.at_most("transactions for claims a fire, at most", max(s.transactions for s in loaded.values()), 3)
    report.at_most("claims a fire, most workers over fewest", most.claims / fewest.claims, 1.1)
    report.plots = [
        Plot(
            "workers-claims",
            "Claims and transactions a fire",
            "workers",
            "a fire",
            {
                "claims": [(count, step.claims) for count, step in loaded.items()],
                "transactions": [(count, step.transactions) for count, step in loaded.items()],
                "transactions of a job alone": [(count, step.transactions) for count, step in single.items()],
            },
            limit=3,
        ),
        Plot(
            "workers-cpu",
            "CPU a fire",
            "workers",
            "microseconds",
            {
                part: [(count, step.cpu_us(part)) for count, step in loaded.items()]
                for part in ("etcd", "workers", "commands")
            },
        ),
    ]
