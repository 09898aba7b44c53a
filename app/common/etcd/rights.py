"""What masters and workers may do at an etcd that asks who they are: the least that everything works with.

Each is an etcd user and a role of the same name. The role `etcd` of the rollout grants the same table.
"""

from collections.abc import Mapping
from enum import StrEnum

from app.common import keys


class Access(StrEnum):
    """As `etcdctl role grant-permission` names them."""

    READ = "read"
    WRITE = "write"
    READWRITE = "readwrite"


MASTER = "yuanya-master"
WORKER = "yuanya-worker"

# A lease may be revoked by who may write all its keys: that is how a worker that starts again ends the lease
# of its dead predecessor (its registration and its locks).
RIGHTS: Mapping[str, tuple[tuple[str, Access], ...]] = {
    MASTER: (
        (keys.JOBS, Access.READWRITE),
        (keys.MARK, Access.READWRITE),
        (keys.FIRED, Access.READWRITE),
        (keys.KILLER, Access.READWRITE),
        (keys.ORDERS, Access.READWRITE),
        (keys.TAIL, Access.WRITE),
        (keys.DRAIN, Access.READWRITE),
        (keys.AUDIT, Access.READWRITE),
        (keys.USERS, Access.READWRITE),
        (keys.TOKENS, Access.READWRITE),
        (keys.SESSIONS, Access.READWRITE),
        (keys.LINKS, Access.READWRITE),
        (keys.SIGNINS, Access.READWRITE),
        (keys.RUNNING, Access.READ),
        (keys.WORKERS, Access.READ),
    ),
    WORKER: (
        (keys.JOBS, Access.READ),
        (keys.KILLER, Access.READ),
        (keys.TAIL, Access.READ),
        (keys.DRAIN, Access.READ),
        (keys.AUDIT, Access.WRITE),
        (keys.FIRED, Access.READWRITE),
        (keys.LOCK, Access.READWRITE),
        (keys.RUNNING, Access.READWRITE),
        (keys.WORKERS, Access.READWRITE),
        (keys.ORDERS, Access.READWRITE),
    ),
}
