"""Masters whose clocks are off, and the workers whose clocks count."""

import time

import pytest

from app.common import keys
from app.common.models import WorkerInfo
from app.master.clock import wall_clock_ms
from tests.harness.poll import wait_until
from tests.integration.master.conftest import Master

HOUR = 3_600_000
MINUTE = 60_000


@pytest.fixture(params=[HOUR, -HOUR], ids=["ahead", "behind"])
def off(request, shared_etcd, store_url):
    master = Master(shared_etcd, store_url, now=lambda: wall_clock_ms() + request.param).start()
    yield master
    master.stop()


@pytest.fixture
def beat(etcd_client):
    """Heartbeats of three workers, one of them with a wrong clock."""

    def beat() -> None:
        for number, wrong in enumerate((0, 0, 10 * HOUR)):
            info = WorkerInfo(
                id=f"w{number}",
                host="h",
                pid=1,
                started=1,
                capacity=1,
                wall_clock=wall_clock_ms() + wrong,
            )
            etcd_client.put(keys.worker(info.id), info.to_json())

    yield beat
    for number in range(3):
        etcd_client.delete(keys.worker(f"w{number}"))


def test_cursors_follow_the_workers(off, sign_in, etcd_client, beat, request):
    name = request.node.callspec.id
    beat()
    wait_until(lambda: off.app.state.services.workers.time() is not None, what="the registrations")
    beat()  # the first ones may have been in the snapshot
    api = sign_in(off)
    cursor = lambda: int(etcd_client.get(keys.fired(name)).value)  # noqa: E731
    right = lambda: -2 * MINUTE < cursor() - time.time() * 1000 <= 0  # noqa: E731
    body = {"name": name, "command": "true", "cronExpr": "* * * * *"}
    assert api.post("/jobs", body).status_code == 201
    assert right()
    assert api.post(f"/jobs/{name}/pause").status_code == 200
    assert api.post(f"/jobs/{name}/resume").status_code == 200
    assert right()
    assert api("PATCH", f"/jobs/{name}", {"cronExpr": "*/1 * * * *"}).status_code == 200
    assert right()
    entry = api.get(f"/jobs/{name}/history").json()["items"][0]
    assert abs(entry["detail"]["countsFrom"] - time.time() * 1000) < 20_000
