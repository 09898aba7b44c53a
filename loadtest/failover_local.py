"""The fleet as processes of this machine: three etcd members, two masters behind nginx, three workers, and a
server that speaks MongoDB's protocol. Each is killed with SIGKILL and started again after 2 s, as systemd
does it.
"""

import os
import signal
import ssl
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from app.common import keys
from app.common.etcd import EtcdClient
from app.common.logstore import LogStore, open_store
from app.common.models import WorkerInfo, WorkerState
from loadtest.failover_fleet import Fault
from loadtest.system import ETCD_FLAGS
from tests.harness.cluster import WorkerProcess, children_of
from tests.harness.etcd_members import EtcdMembers, Member
from tests.harness.master import ADMIN_PASSWORD, MasterProcess
from tests.harness.oracle import Oracle
from tests.harness.poll import wait_until
from tests.harness.services import Mongo, Service, needs

RESTART_SECONDS = 2.0  # RestartSec of the units

NGINX = """\
worker_processes 1;
pid {directory}/pid;
error_log {directory}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    upstream yuanya {{
        {servers}
        keepalive 16;
    }}
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {directory}/console.crt;
        ssl_certificate_key {directory}/console.key;
        location / {{
            proxy_pass http://yuanya;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_connect_timeout 2s;
            proxy_next_upstream error timeout http_502 http_503 http_504;
            proxy_next_upstream_tries 3;
            proxy_next_upstream_timeout 20s;
        }}
    }}
}}
"""


class Nginx(Service):
    """With a certificate of its own, in front of masters."""

    def __init__(self, directory: Path, masters: Sequence[MasterProcess]) -> None:
        super().__init__(directory)
        self.url = f"https://127.0.0.1:{self.port}"
        self.certificate = directory / "console.crt"
        subprocess.run(
            [
                *(needs("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
                *("-nodes", "-days", "2", "-subj", "/CN=console", "-addext", "subjectAltName=IP:127.0.0.1"),
                *("-keyout", str(directory / "console.key"), "-out", str(self.certificate)),
            ],
            check=True,
            capture_output=True,
            timeout=30,
        )
        servers = "\n        ".join(
            f"server 127.0.0.1:{master.port} max_fails=1 fail_timeout=5s;" for master in masters
        )
        config = NGINX.format(directory=directory, servers=servers, port=self.port)
        (directory / "nginx.conf").write_text(config)
        self.trust = ssl.create_default_context(cafile=str(self.certificate))

    def command(self) -> list[str]:
        config = str(self.directory / "nginx.conf")
        return [needs("nginx"), "-p", str(self.directory), "-c", config, "-g", "daemon off;"]

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", verify=self.trust, timeout=2).is_success
        except httpx.HTTPError:
            return False


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
        self._nginx = Nginx(directory / "nginx", self._masters)
        up.callback(self._nginx.stop)
        self._nginx.start()
        self.url, self.trust = self._nginx.url, self._nginx.trust
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
            self._fault("nginx", self._nginx.kill, self._nginx.launch, self._nginx.answers),
        ]

    @property
    def short(self) -> list[Fault]:
        """One of each kind, of etcd the leader."""
        leader = self._etcd.members.index(self._etcd.leader())
        faults = {fault.name: fault for fault in self.faults}
        return [faults[name] for name in (f"etcd{leader}", "master0", "worker0", "nginx")]

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
