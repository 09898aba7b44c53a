"""Jobs, workers and planners for the tests of the parts that decide. Times are epoch ms."""

import json

from app.common import keys
from app.common.etcd import KeyValue
from app.common.models import WorkerInfo, WorkerState
from app.worker.cluster import Cluster
from app.worker.job_table import JobTable
from app.worker.planner import Planner

T0 = 1_900_000_020_000  # a full minute: 2030-03-17T17:47:00Z
SECOND = 1_000
MINUTE = 60_000
GRACE = 60_000


def job_kv(name, cron="* * * * * *", revision=10, created=None, **fields):
    body = {"name": name, "command": "true", "cronExpr": cron} | fields
    return raw_kv(name, json.dumps(body).encode(), revision, created)


def raw_kv(name, value, revision=10, created=None):
    return KeyValue(keys.job(name), value, revision if created is None else created, revision)


def worker_info(worker_id, **fields):
    known = {"id": worker_id, "host": "h", "pid": 1, "started": 1, "capacity": 256}
    return WorkerInfo(**(known | fields))


class Member:
    """One worker's table, cluster and planner. `others` are live."""

    def __init__(self, worker_id="w0", others=(), labels=None, active=True):
        self.table = JobTable("UTC")
        self.cluster = Cluster(worker_id, 256, labels or {}, 5)
        for other in others:
            self.cluster.heard(other if isinstance(other, WorkerInfo) else worker_info(other), 0)
        self.cluster.refresh(0, own_active=active)
        self.planner = Planner(self.table, self.cluster, GRACE)

    def add(self, name, cron="* * * * * *", cursor=T0, now=T0, **fields):
        """Hold a job and plan it from `cursor`."""
        change = self.table.save(job_kv(name, cron, **fields))
        assert change.held is not None, self.table.invalid[name].reason
        self.planner.plan(change.held, cursor, now)
        return change.held


def drained(worker_id):
    return worker_info(worker_id, state=WorkerState.DRAINED)
