"""Parts of a transaction: compares and operations.

Callers treat what these functions return as opaque. (They are dictionaries, of which protobuf makes a whole
request in one go: messages that are put into one another are copied at each level.) A transaction may nest
others (`nested`), each with compares of its own: that is how one request claims many fires. etcd allows 128
operations a level, counted along each path from the outermost transaction inwards, and refuses to write one
key twice.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pyetcd import etcdrpc as rpc

from app.common.key_value import KeyValue

MAX_OPERATIONS = 128

Compare = dict[str, Any]
Operation = dict[str, Any]

_EQUAL = rpc.Compare.EQUAL
_GREATER = rpc.Compare.GREATER
_VALUE = rpc.Compare.VALUE
_MOD = rpc.Compare.MOD
_CREATE = rpc.Compare.CREATE


class TxnResult(NamedTuple):
    """`responses[i]` answers operation i of the branch taken: a list of KeyValue for each `get`, a count for
    `delete`, a TxnResult for `nested`, None for `put`. `revision` is that of the whole store after it."""

    succeeded: bool
    revision: int
    responses: list[Any]


def value_is(key: str, value: bytes) -> Compare:
    return {"result": _EQUAL, "target": _VALUE, "key": key.encode(), "value": value}


def mod_revision_is(key: str, revision: int) -> Compare:
    """`revision` 0: the key does not exist."""
    return {"result": _EQUAL, "target": _MOD, "key": key.encode(), "mod_revision": revision}


def absent(key: str) -> Compare:
    return {"result": _EQUAL, "target": _CREATE, "key": key.encode(), "create_revision": 0}


def present(key: str) -> Compare:
    return {"result": _GREATER, "target": _CREATE, "key": key.encode(), "create_revision": 0}


def absent_prefix(prefix: str) -> Compare:
    """There is no key at all under `prefix`."""
    start = prefix.encode()
    return absent(prefix) | {"range_end": prefix_end(start)}


def put(key: str, value: bytes, lease: int = 0) -> Operation:
    return {"request_put": {"key": key.encode(), "value": value, "lease": lease}}


def get(key: str) -> Operation:
    return {"request_range": {"key": key.encode()}}


def get_prefix(prefix: str, limit: int) -> Operation:
    """The first keys under `prefix`, `limit` of them at most."""
    start = prefix.encode()
    return {"request_range": {"key": start, "range_end": prefix_end(start), "limit": limit}}


def delete(key: str) -> Operation:
    return {"request_delete_range": {"key": key.encode()}}


def delete_prefix(prefix: str) -> Operation:
    start = prefix.encode()
    return {"request_delete_range": {"key": start, "range_end": prefix_end(start)}}


def nested(
    compare: Sequence[Compare], success: Sequence[Operation], failure: Sequence[Operation] = ()
) -> Operation:
    return {"request_txn": {"compare": compare, "success": success, "failure": failure}}


def request(
    compare: Sequence[Compare] = (), success: Sequence[Operation] = (), failure: Sequence[Operation] = ()
) -> Any:
    """To protobuf."""
    return rpc.TxnRequest(compare=compare, success=success, failure=failure)


def prefix_end(prefix: bytes) -> bytes:
    """The first key behind all keys that start with `prefix`."""
    stripped = prefix.rstrip(b"\xff")
    return stripped[:-1] + bytes([stripped[-1] + 1]) if stripped else b"\0"


def key_value(kv: Any) -> KeyValue:
    """From protobuf. A key that is not UTF-8 was not written by us; its bytes are shown, not refused."""
    return KeyValue(
        kv.key.decode(errors="backslashreplace"), kv.value, kv.create_revision, kv.mod_revision, kv.lease
    )


def result(response: Any, revision: int) -> TxnResult:
    """From protobuf. Nested answers carry no header of their own, so the revision is handed down."""
    return TxnResult(response.succeeded, revision, [_answer(r, revision) for r in response.responses])


def _answer(response: Any, revision: int) -> Any:
    kind = response.WhichOneof("response")
    if kind == "response_put":
        return None
    if kind == "response_txn":
        return result(response.response_txn, revision)
    if kind == "response_range":
        return [key_value(kv) for kv in response.response_range.kvs]
    return response.response_delete_range.deleted
