"""Where the time goes: CPU a run, by process, at a steady load that the machine carries easily."""

from loadtest.bare import bare_rate
from loadtest.processes import CpuClock, pids_of
from loadtest.report import Report
from loadtest.system import system
from loadtest.times import next_second, pass_time, sleep_until


def run(*, rate: int = 500, seconds: int = 10, workers: int = 1) -> Report:
    """`rate` jobs of each second for `seconds`, on `workers` workers."""
    report = Report(f"stages: {rate} runs/s for {seconds} s on {workers} worker(s)")
    bare = bare_rate(3)
    with system(workers) as s:
        assert s.etcd.process is not None
        jobs = s.put_jobs(
            {"name": f"job-{i}", "command": s.oracle.command(), "cronExpr": "* * * * * * *"}
            for i in range(rate)
        )
        since = next_second(2)
        sleep_until(since + 500)
        clock = CpuClock({"etcd": s.etcd.process.pid, **pids_of(s.cluster)})
        pass_time(seconds, f"{rate} runs/s")
        used, elapsed = clock.seconds(), clock.elapsed
        until = next_second()
        s.delete_jobs(jobs)
        verdict = s.judge_when_settled(jobs, since, until - 1000)
    commands = used.pop("commands")
    runs = rate * elapsed
    table = report.table("CPU, microseconds a run", "process", "us")
    for name, each in sorted(used.items(), key=lambda item: -item[1]):
        table.add(name, round(each / runs * 1e6))
    own = sum(used.values()) / runs * 1e6
    report.figures = {
        "everything but the commands, us a run": round(own),
        "the commands themselves, us a run": round(commands / runs * 1e6),
        "bare loop, runs/s": round(bare),
        "verdict": str(verdict),
    }
    report.check("every fire ran at most once and has one row", verdict.clean)
    return report
