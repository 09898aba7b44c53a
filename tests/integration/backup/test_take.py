"""A backup is as of one revision, whatever happens while it is taken."""

import io
import json

import pytest

from app.common import keys
from app.common.errors import BackupError
from app.master.backup.archive import Archive
from app.master.backup.take import take

JOB = b'{"name":"a","command":"true","cronExpr":"0 0 * * *"}'


@pytest.fixture
def client(etcd):
    return etcd.client()


def lines(out: io.BytesIO, name: str) -> list[dict]:
    out.seek(0)
    with Archive(out) as archive:
        archive.verify()
        return [json.loads(line) for line in archive.lines(name)]


def test_what_changes_meanwhile_is_not_in_it(client):
    client.put(keys.job("a"), JOB)

    def meanwhile(done: int, total: int) -> None:
        client.put(keys.user("late"), b"{}")

    out = io.BytesIO()
    taken = take(client, out, "UTC", meanwhile)
    assert client.get(keys.user("late"))
    assert (len(lines(out, "jobs.json")), lines(out, "users.json")) == (1, [])
    assert taken.manifest.revision == client.get(keys.job("a")).mod_revision


def test_one_whose_revision_is_compacted_away_begins_anew(client):
    client.put(keys.job("a"), JOB)
    compacted = []

    def meanwhile(done: int, total: int) -> None:
        if not compacted:
            client.put(keys.user("late"), b"{}")
            compacted.append(client.page("/").revision)
            client.compact(compacted[0])

    out = io.BytesIO()
    taken = take(client, out, "UTC", meanwhile)
    assert taken.manifest.revision == compacted[0]
    assert (len(lines(out, "jobs.json")), len(lines(out, "users.json"))) == (1, 1)


def test_an_etcd_that_compacts_faster_than_it_can_be_read_is_told(client):
    client.put(keys.job("a"), JOB)

    def meanwhile(done: int, total: int) -> None:
        client.put(keys.user("late"), b"{}")
        client.compact(client.page("/").revision)

    with pytest.raises(BackupError, match="forgets its history faster"):
        take(client, io.BytesIO(), "UTC", meanwhile)
