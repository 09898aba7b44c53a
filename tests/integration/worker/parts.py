"""A worker's parts around a real etcd, without the processes: what a scheduler would do in one thread."""

import json

from app.common import keys
from app.common.errors import EtcdUnavailable
from app.common.etcd import KeyValue, txn
from app.common.models import OpenRecord, RunOrder, WorkerInfo
from app.worker.claimer import Claimer
from app.worker.cluster import Cluster
from app.worker.job_table import JobTable
from app.worker.orders import OrderBook
from app.worker.planner import Planner
from app.worker.planning import CursorReader

T0 = 1_900_000_020_000  # a full minute
SECOND = 1_000
MINUTE = 60_000
GRACE = 60_000


def put_job(client, name, cron="* * * * * *", cursor=T0, **fields):
    """Write a job as a master does, with its cursor."""
    body = json.dumps({"name": name, "command": "true", "cronExpr": cron} | fields).encode()
    client.txn(success=[txn.put(keys.job(name), body), txn.put(keys.fired(name), keys.cursor(cursor))])


def put_order(client, job, order_id="o1", at=T0, **fields):
    order = RunOrder(**({"at": at, "expires_at": at + 10 * MINUTE, "by": "alice"} | fields))
    client.put(keys.order(job, order_id), order.to_json())
    return keys.order(job, order_id)


def cursor_of(client, name):
    kv = client.get(keys.fired(name))
    return int(kv.value) if kv else None


def records(client, worker=""):
    """Open records by key."""
    prefix = keys.running_of(worker) if worker else keys.RUNNING
    return {kv.key: OpenRecord.model_validate_json(kv.value) for kv in client.scan(prefix).items}


class Bench:
    """One worker: learns jobs and orders by reading them, where a real one watches."""

    def __init__(self, client, worker_id="w0", others=(), labels=None, grace=GRACE, lease=None):
        self.client, self.id = client, worker_id
        self.table = JobTable("UTC")
        self.cluster = Cluster(worker_id, 256, labels or {}, 5)
        for other in others:
            self.cluster.heard(WorkerInfo(id=other, host="h", pid=1, started=1, capacity=256), 0)
        self.cluster.refresh(0, own_active=True)
        self.planner = Planner(self.table, self.cluster, grace)
        self.orders = OrderBook(self.table, self.cluster)
        self.mine = set()
        self.claimer = Claimer(
            client, worker_id, self.table, self.planner, self.orders, self.mine.__contains__
        )
        self.cursors = CursorReader(client, worker_id, self.table, self.planner)
        self.lease = lease or client.grant(60)
        self.won = []

    def look(self, now=T0):
        """Take over what etcd holds, as after a snapshot."""
        found = self.client.scan(keys.JOBS).items
        present = {kv.key.removeprefix(keys.JOBS) for kv in found}
        for name in self.table.names() - present:
            self.table.delete(name)
            self.planner.forget(name)
            self.claimer.forget(name)
        for kv in found:
            self.saw(kv)
        for kv in self.client.scan(keys.ORDERS).items:
            self.orders.add(kv, now)
        self.cursors.plan_waiting(now)

    def saw(self, kv: KeyValue):
        change = self.table.save(kv)
        if change is None:
            return
        self.claimer.forget(change.name)
        if change.replan:
            self.planner.forget(change.name)
            if change.held:
                self.cursors.plan_soon(change)

    def attempt(self, now, free=1_000):
        won = self.claimer.attempt(now, self.lease, free)
        self.won += won
        return won

    def run(self, until, since=T0, step=50):
        """Attempts from `since` to `until`."""
        for now in range(since, until + 1, step):
            self.cursors.plan_waiting(now)
            self.attempt(now)
        return self.won

    def pass_second(self, since):
        """What is won in the 950 ms from `since` on: all places have had their turn."""
        before = len(self.won)
        self.run(since=since, until=since + 950)
        return self.won[before:]

    def release(self, won):
        """The command has ended, its row is stored."""
        lock = self.client.get(keys.lock(won.record.job))
        if lock and lock.value == f"{self.id}/{won.run_id}".encode():
            self.client.delete(lock.key)
        self.client.delete(won.key)
        held = self.table.get(won.record.job)
        if held and held.blocked_by == self.id:
            held.blocked_by = ""


def fires(won):
    return [(w.record.job, w.record.plan, w.record.outcome.value) for w in won]


class Flaky:
    """An etcd client that loses messages: `script` says of the next transactions `lose` (etcd never got it),
    `swallow` (etcd did it, the reply is lost), or names an exception to raise instead. The rest pass."""

    def __init__(self, client):
        self._client = client
        self.script = []
        self.sent = 0

    def __getattr__(self, name):
        return getattr(self._client, name)

    def txn(self, *args, **more):
        self.sent += 1
        step = self.script.pop(0) if self.script else None
        if step is None:
            return self._client.txn(*args, **more)
        if isinstance(step, Exception):
            raise step
        if step == "swallow":
            self._client.txn(*args, **more)
        raise EtcdUnavailable(f"the network ({step})")
