"""Ends of a queue as programs of their own, to be killed at any moment.

consume DIRECTORY FILE   writes a line for each message received, before it asks for more
produce DIRECTORY BYTES  sends messages of this size without end
"""

import sys
from pathlib import Path

from app.worker.queues import Inbox, Outbox

NAME = "consumer"


def message(number: int, size: int) -> tuple[int, bytes]:
    """A message whose content tells whether it is whole."""
    return number, (b"%08d" % number) * (size // 8)


def whole(number: int, body: bytes) -> bool:
    return body == (b"%08d" % number) * (len(body) // 8)


def consume(directory: Path, file: Path) -> None:
    inbox = Inbox(directory, NAME)
    with file.open("a") as out:
        while True:
            for received in inbox.receive(1):
                match received:
                    case (int(number), bytes(body)) if whole(number, body):
                        out.write(f"{number}\n")
                    case ("hello", greeting):
                        out.write(f"hello {greeting}\n")
                    case _:
                        out.write("corrupt\n")
            out.flush()


def produce(directory: Path, size: int) -> None:
    outbox = Outbox(directory, NAME)
    number = 0
    while True:
        outbox.send(message(number, size))
        outbox.flush(block=60)
        number += 1


if __name__ == "__main__":
    if sys.argv[1] == "consume":
        consume(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        produce(Path(sys.argv[2]), int(sys.argv[3]))
