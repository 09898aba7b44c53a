import pytest

from loadtest.offered import TICK_SECONDS, even_batches
from loadtest.system import JOBS_A_TRANSACTION


@pytest.mark.parametrize(("rate", "seconds"), [(1, 2), (7, 1), (500, 3), (20_000, 1)])
def test_each_number_comes_once_when_it_is_due(rate: int, seconds: int) -> None:
    batches = list(even_batches(rate, seconds))
    assert [number for _, numbers in batches for number in numbers] == list(range(rate * seconds))
    for due, numbers in batches:
        assert 0 < len(numbers) <= JOBS_A_TRANSACTION
        assert all(abs(number / rate - due) <= TICK_SECONDS + 1 / rate for number in numbers)
