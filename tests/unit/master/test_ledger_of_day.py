"""When the figures of the last 24 h are made anew."""

from types import SimpleNamespace

from app.master.services.ledger_of_day import INTEREST_MS, RENEWED_MS, LedgerOfDay

NOON = 1_893_499_200_000


def test_they_are_renewed_ahead_only_while_somebody_asks():
    now = NOON
    figures = LedgerOfDay(None, SimpleNamespace(mirror=SimpleNamespace(revision=1)), lambda: now)
    made = SimpleNamespace(until=NOON + 1)
    figures._latest._made = made
    assert figures.totals() is made
    now += RENEWED_MS + 2
    assert figures._due(made, False)
    now = NOON + INTEREST_MS
    assert not figures._due(made, False)
    assert figures._due(made, True)
