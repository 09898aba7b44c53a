"""Systems for the tests of the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.embedded import Up


@pytest.fixture
def new_up(tmp_path: Path) -> Iterator[Up]:
    """Not started yet."""
    system = Up(tmp_path)
    yield system
    system.end()


@pytest.fixture(scope="package")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A running one with a signed-in client, for all tests that do no harm to it."""
    system = Up(tmp_path_factory.mktemp("up"))
    try:
        system.start()
        system.login()
        yield system
    finally:
        system.end()
