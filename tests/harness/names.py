"""What a name server would say, for names that no name server knows."""

import itertools
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock


@contextmanager
def known_as(name: str, addresses: list[str]) -> Iterator[None]:
    """`name` has these addresses for this process, each first in turn, as DNS gives those of one name."""
    turn = itertools.count()
    real = socket.getaddrinfo

    def look_up(host: Any, *arguments: Any, **options: Any) -> list[Any]:
        if host != name:
            return real(host, *arguments, **options)
        first = next(turn) % len(addresses)
        in_turn = addresses[first:] + addresses[:first]
        return [found for each in in_turn for found in real(each, *arguments, **options)]

    with mock.patch.object(socket, "getaddrinfo", look_up):
        yield
