"""Masters over real HTTP, on one real etcd and one SQLite store."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from app.common.etcd import EtcdClient
from app.common.logstore import LogStore, open_store
from app.common.settings import MasterSettings
from app.master.app import create_app
from app.master.clock import Clock, wall_clock_ms
from app.master.server import MasterServer
from tests.harness.poll import free_port, wait_until
from tests.harness.services import Etcd

# Clients that speak plain HTTP do without certificates: loading them takes longer than most tests here.
ADMIN_PASSWORD = "correct horse battery"
ROLES = ("viewer", "operator", "editor", "admin")


class Master:
    """One master in a thread, as `serve` runs it in a process."""

    def __init__(self, etcd: Etcd, store_url: str, now: Clock = wall_clock_ms, **settings) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        given = {"admin_password": ADMIN_PASSWORD, "cookie_secure": False, "etcd_timeout_seconds": 1.0}
        self.settings = MasterSettings(
            _env_file=None,
            etcd_endpoints=(etcd.endpoint,),
            store_url=store_url,
            port=self.port,
            **{**given, **settings},
        )
        self.client = EtcdClient.from_settings(self.settings)
        self.store = open_store(store_url, 3)
        self.app = create_app(self.settings, self.client, self.store, now=now)
        self.server = MasterServer(self.app, "127.0.0.1", self.port)
        self._thread = threading.Thread(target=self.server.run, daemon=True)

    def start(self) -> "Master":
        self._thread.start()
        wait_until(self._ready, what="the master's start")
        return self

    def stop(self) -> float:
        """Seconds that it took."""
        began = time.monotonic()
        self.server.should_exit = True
        self._thread.join(15)
        assert not self._thread.is_alive(), "the master did not stop"
        took = time.monotonic() - began
        self.store.close()
        self.client.close()
        return took

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", verify=False).status_code == 200
        except httpx.TransportError:
            return False


@dataclass
class Api:
    """A client that is signed in: paths below /api/v1, JSON in and out."""

    http: httpx.Client
    csrf: str = ""
    headers: dict = field(default_factory=dict)

    def __call__(self, method: str, path: str, json=None, **more) -> httpx.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        if self.csrf:
            headers.setdefault("X-CSRF-Token", self.csrf)
        address = (
            path
            if path.startswith(("/healthz", "/readyz", "/metrics", "/docs", "/openapi"))
            else f"/api/v1{path}"
        )
        return self.http.request(method, address, json=json, headers=headers, **more)

    def get(self, path: str, **more) -> httpx.Response:
        return self("GET", path, **more)

    def post(self, path: str, json=None, **more) -> httpx.Response:
        return self("POST", path, json, **more)


def signed_in(master: Master, user: str = "admin", password: str = ADMIN_PASSWORD) -> Api:
    http = httpx.Client(verify=False, base_url=master.url, timeout=20)
    answer = http.post("/api/v1/session", json={"username": user, "password": password})
    assert answer.status_code == 200, answer.text
    return Api(http, answer.json()["csrfToken"])


@pytest.fixture(scope="module")
def shared_etcd(tmp_path_factory) -> Iterator[Etcd]:
    """One etcd for all tests of a module; each takes names of its own."""
    member = Etcd(tmp_path_factory.mktemp("etcd"))
    member.start()
    yield member
    member.stop()


@pytest.fixture(scope="module")
def store_url(tmp_path_factory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('store') / 'runs.db'}"


@pytest.fixture(scope="module")
def master(shared_etcd, store_url) -> Iterator[Master]:
    master = Master(shared_etcd, store_url).start()
    yield master
    master.stop()


@pytest.fixture(scope="module")
def second_master(master, shared_etcd, store_url) -> Iterator[Master]:
    second = Master(shared_etcd, store_url).start()
    yield second
    second.stop()


@pytest.fixture(scope="module")
def sign_in() -> Iterator[Callable[..., Api]]:
    """Signs in at a master, by default as the first admin."""
    made = []

    def sign_in(master: Master, user: str = "admin", password: str = ADMIN_PASSWORD) -> Api:
        made.append(signed_in(master, user, password))
        return made[-1]

    yield sign_in
    for api in made:
        api.http.close()


@pytest.fixture(scope="module")
def api(master, sign_in) -> Api:
    return sign_in(master)


@pytest.fixture(scope="module")
def etcd_client(shared_etcd) -> EtcdClient:
    return shared_etcd.client()


@pytest.fixture(scope="module")
def store(master) -> LogStore:
    return master.store


@pytest.fixture(scope="module")
def tokens(api) -> dict[str, str]:
    """An API token of each role."""
    made = {}
    for role in ROLES:
        answer = api.post("/tokens", {"name": f"of-{role}", "role": role})
        assert answer.status_code == 201, answer.text
        made[role] = answer.json()["token"]
    return made


@pytest.fixture(scope="module")
def as_role(master, tokens) -> Iterator[Callable[[str], Api]]:
    clients = {
        role: Api(
            httpx.Client(verify=False, base_url=master.url, timeout=20),
            headers={"Authorization": f"Bearer {token}"},
        )
        for role, token in tokens.items()
    }
    yield clients.__getitem__
    for client in clients.values():
        client.http.close()
