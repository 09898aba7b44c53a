"""The fleet as processes of this machine: three etcd members, two masters behind two nginx with the
configuration of the role, three workers, and a server that speaks MongoDB's protocol. Each is killed with
SIGKILL and started again after 2 s, as systemd does it.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from app.common import keys
from app.common.etcd import EtcdClient
from app.common.logstore import LogStore, open_store
from app.common.models import WorkerInfo, WorkerState
from loadtest.failover_fleet import Fault
from loadtest.system import ETCD_FLAGS
from tests.harness.cluster import WorkerProcess, children_of
from tests.harness.etcd_members import EtcdMembers, Member
from tests.harness.master import ADMIN_PASSWORD, MasterProcess
from tests.harness.names import known_as
from tests.harness.oracle import Oracle
from tests.harness.poll import wait_until
from tests.harness.services import Mongo
from tests.rollout.nginx import NAME, Nginx

RESTART_SECONDS = 2.0  # RestartSec of the units


class LocalFleet:
    """Parts are started and ended by `local_fleet`."""

    admin_password = ADMIN_PASSWORD

    def __init__(self, directory: Path, up: ExitStack) -> None:
        self._oracle = Oracle(directory / "oracle")
        self._etcd = EtcdMembers(directory, 3, *ETCD_FLAGS)
        up.callback(self._etcd.stop)
        self._etcd.start()
        mongo = Mongo(directory / "mongo")
        up.callback(mongo.stop)
        mongo.start()
        settings = {"etcd_endpoints": self._etcd.endpoints, "store_url": mongo.url}
        self.client: EtcdClient = self._etcd.client(5)
        up.callback(self.client.close)
        self.store: LogStore = open_store(mongo.url, 10)
        up.callback(self.store.close)
        self.store.prepare()
        self._masters = [
            MasterProcess(directory / f"master{n}", settings | {"trusted_proxies": ["127.0.0.1"]})
            for n in range(2)
        ]
        for master in self._masters:
            up.callback(master.kill)
            master.start()
        first = Nginx(directory / "nginx0", self._masters)
        second = Nginx(directory / "nginx1", self._masters, address="127.0.0.2", beside=first)
        self._nginx = [first, second]
        for nginx in self._nginx:
            up.callback(nginx.stop)
            nginx.start()
        up.enter_context(known_as(NAME, [nginx.address for nginx in self._nginx]))
        self.url, self.trust = f"https://{NAME}:{first.port}", first.trust
        self._workers = [WorkerProcess(directory, f"worker{n}", settings) for n in range(3)]
        for worker in self._workers:
            up.callback(worker.kill)
            worker.start()
        for worker in self._workers:
            wait_until(partial(self._active, worker), 60, f"the start of {worker.id}")

    @property
    def oracle(self) -> Oracle:
        return self._oracle

    def command(self, then: str) -> str:
        return self._oracle.command(then)

    @property
    def faults(self) -> list[Fault]:
        return [
            *(self._fault(f"etcd{n}", *self._of_member(m)) for n, m in enumerate(self._etcd.members)),
            *(
                self._fault(f"master{n}", master.kill, master.launch, master.is_ready)
                for n, master in enumerate(self._masters)
            ),
            *(
                self._fault(worker.id, partial(_kill, worker), worker.start, partial(self._active, worker))
                for worker in self._workers
            ),
            *(
                self._fault(f"nginx{n}", nginx.kill, nginx.launch, nginx.answers)
                for n, nginx in enumerate(self._nginx)
            ),
        ]

    @property
    def short(self) -> list[Fault]:
        """One of each kind, of etcd the leader."""
        leader = self._etcd.members.index(self._etcd.leader())
        faults = {fault.name: fault for fault in self.faults}
        return [faults[name] for name in (f"etcd{leader}", "master0", "worker0", "nginx0")]

    @staticmethod
    def _fault(
        name: str, kill: Callable[[], str | None], start: Callable[[], None], is_back: Callable[[], bool]
    ) -> Fault:
        return Fault(name, kill, is_back, start, RESTART_SECONDS)

    @staticmethod
    def _of_member(
        member: Member,
    ) -> tuple[Callable[[], str | None], Callable[[], None], Callable[[], bool]]:
        def kill() -> str:
            role = "leader" if member.leads() else "follower"
            member.kill()
            return role

        return kill, member.launch, member.answers

    def _active(self, worker: WorkerProcess) -> bool:
        found = self.client.get(keys.worker(worker.id))
        if found is None:
            return False
        info = WorkerInfo.model_validate_json(found.value)
        return info.state is WorkerState.ACTIVE and info.pid == worker.pid


def _kill(worker: WorkerProcess) -> None:
    """All of its control group, as systemd does: its commands too, each of which leads a session."""
    commands = [
        command
        for process in children_of(worker.pid)
        for command in children_of(process)
        if os.getsid(command) == command
    ]
    worker.kill()
    for command in commands:
        try:
            os.killpg(command, signal.SIGKILL)
        except ProcessLookupError:
            continue


@contextmanager
def local_fleet() -> Iterator[LocalFleet]:
    with (
        TemporaryDirectory(prefix="yuanya-failover-", ignore_cleanup_errors=True) as name,
        ExitStack() as up,
    ):
        yield LocalFleet(Path(name), up)
