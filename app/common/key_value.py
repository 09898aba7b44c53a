"""What etcd holds, as plain values. Apart from the client of etcd, which not every process loads."""

from typing import NamedTuple


class KeyValue(NamedTuple):
    """One key of etcd. `lease` is 0 where there is none."""

    key: str
    value: bytes
    create_revision: int
    mod_revision: int
    lease: int = 0


class Event(NamedTuple):
    """A change of one key. `value` is empty for a deletion."""

    deleted: bool
    kv: KeyValue
