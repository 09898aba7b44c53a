from loadtest.bare import bare_rate, bare_starts


def test_each_command_starts_once_after_it_is_wanted() -> None:
    starts = bare_starts(20, concurrency=3)
    assert len(starts) == 20
    assert starts == sorted(starts)
    assert starts[0] >= 0


def test_the_rate_counts_what_was_run() -> None:
    assert bare_rate(0.2) > 0
