"""Queues between processes, whichever of them is killed, and when."""

import os
import random
import resource
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from app.worker import queues
from app.worker.queues import Inbox, Outbox
from tests.harness.poll import wait_until
from tests.integration.worker.queue_ends import NAME, message, whole

ROOT = Path(__file__).parents[3]
MB = 1024 * 1024


@pytest.fixture
def directory():
    # not pytest's own: the path of a socket has at most 107 bytes
    with tempfile.TemporaryDirectory(prefix="queues-") as path:
        yield Path(path)


@pytest.fixture
def end(directory):
    """Starts an end of the queue as a process."""
    started = []

    def start(*arguments):
        command = [sys.executable, "-m", "tests.integration.worker.queue_ends", *map(str, arguments)]
        process = subprocess.Popen(command, cwd=ROOT)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def pair(directory):
    inbox = Inbox(directory, NAME)
    outbox = Outbox(directory, NAME)
    yield inbox, outbox
    outbox.close()
    inbox.close()


def drain(inbox, outbox, until, timeout=20):
    """Receive until `until(messages)` is true."""
    messages = []
    deadline = time.monotonic() + timeout
    while not until(messages):
        assert time.monotonic() < deadline
        if outbox:
            outbox.flush()
        messages.extend(inbox.receive(0.01))
    return messages


def dropped(name=NAME):
    return REGISTRY.get_sample_value("cron_dropped_records_total", {"where": f"queue to {name}"}) or 0


def test_messages_arrive_in_order_and_in_lists(pair):
    inbox, outbox = pair
    outbox.send("a", "b")
    outbox.send()
    outbox.send(["c", "d"])
    assert drain(inbox, outbox, lambda got: len(got) == 3) == ["a", "b", ["c", "d"]]
    assert outbox.idle
    assert inbox.receive(0) == []


def test_thousands_of_small_messages_arrive_once_and_in_order(pair):
    inbox, outbox = pair
    count = 20_000

    def send():
        for number in range(count):
            outbox.send(number)

    sender = threading.Thread(target=send)
    sender.start()
    got = drain(inbox, outbox, lambda got: len(got) >= count)
    sender.join()
    assert got == list(range(count))


@pytest.mark.parametrize("size", [20 * MB, 70_000, 0])
def test_a_message_of_any_size_arrives_whole(pair, size):
    inbox, outbox = pair
    outbox.send(message(7, size))
    outbox.send("after")
    (number, body), after = drain(inbox, outbox, lambda got: len(got) == 2)
    assert whole(number, body)
    assert len(body) == size // 8 * 8
    assert after == "after"


def test_an_inbox_in_an_epoll_tells_when_there_is_something(pair):
    inbox, outbox = pair
    watch = select.epoll()
    watch.register(inbox.fileno(), select.EPOLLIN)
    assert watch.poll(0) == []
    outbox.send("x")
    assert watch.poll(1)
    assert drain(inbox, outbox, lambda got: got) == ["x"]
    assert watch.poll(0) == []
    watch.close()


def test_messages_wait_for_a_consumer_that_comes_later(directory):
    outbox = Outbox(directory, NAME)
    outbox.send("early")
    assert not outbox.flush()
    inbox = Inbox(directory, NAME)
    assert drain(inbox, outbox, lambda got: got) == ["early"]
    outbox.close()
    inbox.close()


def test_several_producers_do_not_starve_each_other(directory):
    inbox = Inbox(directory, NAME)
    outboxes = [Outbox(directory, NAME) for _ in range(4)]
    for number, outbox in enumerate(outboxes):
        outbox.send(message(number, 30 * MB if number == 0 else 80))
    got = []
    while len(got) < 4:
        for outbox in outboxes:
            outbox.flush()
        got += inbox.receive(1)
    assert sorted(number for number, _ in got) == [0, 1, 2, 3]
    assert all(whole(*m) for m in got)
    assert got[-1][0] == 0
    for outbox in outboxes:
        outbox.close()
    inbox.close()


def test_beyond_the_bound_messages_are_dropped_and_counted(directory, monkeypatch):
    monkeypatch.setattr(queues, "MAX_OUTBOX", 100_000)
    before = dropped()
    outbox = Outbox(directory, NAME)
    taken = [outbox.send(message(number, 8_000)) for number in range(50)]
    lost = dropped() - before
    assert lost == 50 - 100_000 // 8_100
    assert taken == [True] * int(50 - lost) + [False] * int(lost)
    outbox.send("tiny")  # there is room for it still
    inbox = Inbox(directory, NAME)
    got = drain(inbox, outbox, lambda got: "tiny" in got)
    assert [number for number, _ in got[:-1]] == list(range(int(50 - lost)))
    outbox.send(message(99, 80_000))  # and the room is free again
    assert drain(inbox, outbox, lambda got: got)[0][0] == 99
    assert dropped() - before == lost
    outbox.close()
    inbox.close()


def test_a_consumer_that_does_not_read_blocks_nobody(directory, end, tmp_path):
    consumer = end("consume", directory, tmp_path / "seen")
    outbox = Outbox(directory, NAME)
    outbox.send(message(0, 8))
    wait_until(lambda: outbox.flush() and (tmp_path / "seen").exists())
    consumer.send_signal(signal.SIGSTOP)
    start = time.monotonic()
    for number in range(1, 100):
        outbox.send(message(number, MB))
    assert time.monotonic() - start < 2
    start = time.monotonic()
    assert outbox.flush(block=0.3) is False
    assert 0.25 < time.monotonic() - start < 1.5
    consumer.send_signal(signal.SIGCONT)
    assert outbox.flush(block=20)
    wait_until(lambda: len(numbers(tmp_path / "seen")) == 100)
    outbox.close()


def pending(inbox):
    """Bytes of a message that has not arrived in full."""
    return sum(len(buffer) for _, buffer in inbox._connections.values())


def lines(file):
    return file.read_text().splitlines() if file.exists() else []


def numbers(file):
    return [int(line) for line in lines(file) if line.isdigit()]


@pytest.mark.parametrize("size", [8, 5 * MB])
def test_a_consumer_killed_again_and_again_gets_a_greeting_first_and_nothing_broken(
    directory, end, tmp_path, size
):
    greetings = iter(range(1_000))
    outbox = Outbox(directory, NAME, lambda: [("hello", next(greetings))])
    dice = random.Random(size)
    number = 0
    for life in range(4):
        file = tmp_path / f"life-{life}"
        consumer = end("consume", directory, file)
        deadline = time.monotonic() + 20

        def send():
            nonlocal number
            outbox.send(message(number, size))
            number += 1
            outbox.flush(block=0.001)

        while len(numbers(file)) < 3:
            assert time.monotonic() < deadline
            if outbox.flush(block=0.01):
                send()
        for _ in range(dice.randrange(2, 9)):
            send()
        consumer.kill()
        consumer.wait()
    file = tmp_path / "last"
    end("consume", directory, file)
    wait_until(lambda: outbox.flush() and lines(file))
    outbox.send(message(number, size))  # what the dead had not read is gone
    assert outbox.flush(block=30)
    wait_until(lambda: numbers(file) and numbers(file)[-1] == number)
    outbox.close()
    seen = []
    for file in [*(tmp_path / f"life-{life}" for life in range(4)), tmp_path / "last"]:
        got = lines(file)
        assert got[0].startswith("hello ")
        assert sum(line.startswith("hello") for line in got) == 1
        assert "corrupt" not in got
        seen += numbers(file)
    assert seen == sorted(set(seen))  # each at most once, in order


def test_a_producer_killed_in_the_middle_of_a_message_leaves_nothing_behind(directory, end):
    inbox = Inbox(directory, NAME)
    for _ in range(4):
        producer = end("produce", directory, 20 * MB)
        got = drain(inbox, None, lambda got: got and pending(inbox) > MB)
        producer.kill()
        producer.wait()
        got += drain(inbox, None, lambda _: not inbox._connections)
        assert [number for number, _ in got] == list(range(len(got)))
        assert all(whole(*m) for m in got)
    outbox = Outbox(directory, NAME)
    outbox.send("after")
    assert drain(inbox, outbox, lambda got: got) == ["after"]
    outbox.close()
    inbox.close()


def test_whole_messages_of_a_producer_that_died_are_received(directory, end):
    inbox = Inbox(directory, NAME)
    producer = end("produce", directory, 800)
    drain(inbox, None, lambda got: got)
    wait_until(lambda: select.select([inbox], [], [], 1)[0])
    producer.kill()
    producer.wait()
    got = drain(inbox, None, lambda _: not inbox._connections)
    assert got
    assert all(whole(*m) for m in got)
    inbox.close()


def test_an_unsent_greeting_is_not_sent_to_the_next_consumer_too(directory):
    """It is out of date by then: what it called running may have ended."""
    state = ["old" * MB]
    outbox = Outbox(directory, NAME, lambda: [state[0]])
    first = Inbox(directory, NAME)
    outbox.send("message")  # the greeting does not fit into the socket
    assert not outbox.idle
    first.close()
    state[0] = "new"
    second = Inbox(directory, NAME)
    assert drain(second, outbox, lambda got: "message" in got) == ["new", "message"]
    assert outbox._waiting == 0
    outbox.close()
    second.close()


def test_a_consumer_that_is_replaced_while_messages_wait_gets_them(directory):
    outbox = Outbox(directory, NAME)
    first = Inbox(directory, NAME)
    for number in range(30):
        outbox.send(message(number, MB))
    got = first.receive(1)
    got += first.receive(1)
    first.close()
    second = Inbox(directory, NAME)
    got += drain(second, outbox, lambda got: got and got[-1][0] == 29)
    assert [m[0] for m in got] == sorted({m[0] for m in got})
    assert all(whole(*m) for m in got)
    outbox.close()
    second.close()


def test_waiting_works_with_more_than_a_thousand_open_files(directory, pair):
    inbox, _ = pair
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2_000:
        pytest.skip("the limit of open files is too low")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2_000), hard))
    files = [os.open("/dev/null", os.O_RDONLY) for _ in range(1_100)]
    try:
        late = Outbox(directory, NAME)
        late.send(message(1, 5 * MB))
        assert late.flush(block=0.05) is False
        got = drain(inbox, late, lambda got: got)
        assert whole(*got[0])
        late.close()
    finally:
        for file in files:
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_only_the_user_gets_into_the_directory_of_a_worker(tmp_path):
    from app.worker.main import _runtime_directory

    with _runtime_directory(tmp_path) as sockets:
        assert sockets.stat().st_mode & 0o777 == 0o700
        inbox = Inbox(sockets, NAME)
        inbox.close()


def test_many_threads_may_send_through_one_outbox(pair):
    inbox, outbox = pair

    def send(thread):
        for number in range(500):
            outbox.send((thread, number))

    threads = [threading.Thread(target=send, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    got = drain(inbox, outbox, lambda got: len(got) == 2_000)
    for thread in threads:
        thread.join()
    for i in range(4):
        assert [number for thread, number in got if thread == i] == list(range(500))
