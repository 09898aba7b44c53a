"""Curves over time keep every figure, whenever it first appeared."""

from loadtest.samples import Curves


def test_a_figure_that_is_not_there_is_zero() -> None:
    curves = Curves()
    curves.add({("keys", "jobs"): 5, ("leases", "etcd"): 1})
    curves.add({("keys", "orders"): 2, ("keys", "jobs"): 6})
    curves.add({("keys", "jobs"): 6})
    values = {part: [value for _, value in points] for part, points in curves.of("keys").items()}
    assert values == {"jobs": [5, 6, 6], "orders": [0, 2, 0]}
    assert [value for _, value in curves.of("leases")["etcd"]] == [1, 0, 0]


def test_the_curves_share_their_times() -> None:
    curves = Curves()
    curves.add({("keys", "jobs"): 5})
    curves.add({("keys", "orders"): 2})
    jobs, orders = curves.of("keys").values()
    assert [at for at, _ in jobs] == [at for at, _ in orders]
    assert 0 <= jobs[0][0] <= jobs[1][0]
