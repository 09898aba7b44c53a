"""The summary of all benchmarks: what is missed is shown, what is wrong fails."""

from loadtest import __main__ as commands
from loadtest.bench import BENCHMARKS, Outcome, summary


def outcome(name: str, *, holds: bool, right: bool) -> Outcome:
    target = {"value": 0.6, "bound": 0.7, "at_least": True, "holds": holds}
    return Outcome(name, 12.0, {"targets": {"ratio": target}, "checks": {"one row a fire": right}})


def test_a_missed_target_is_shown_and_does_not_fail() -> None:
    report = summary([outcome("throughput", holds=False, right=True)])
    assert report.passed
    assert report.series["targets"].rows == [("throughput", "ratio", 0.6, "at least 0.7", "missed")]


def test_a_wrong_result_is_shown_and_fails() -> None:
    report = summary([outcome("burst", holds=True, right=True), outcome("api", holds=True, right=False)])
    assert not report.right
    assert ("api", "one row a fire", "-", "-", "WRONG") in report.series["targets"].rows


def test_a_benchmark_that_wrote_nothing_fails() -> None:
    assert not summary([Outcome("soak", 240.0, None)]).right


def test_each_benchmark_is_a_command() -> None:
    assert {command.name for command in commands.app.registered_commands} > set(BENCHMARKS)
