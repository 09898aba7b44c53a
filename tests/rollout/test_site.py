"""The whole playbook on one machine, from a bare Debian to a cluster that runs jobs."""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.harness.poll import wait_until
from tests.rollout.machines import Fleet, Machine
from tests.rollout.playbook import ONE, Playbook, serve_store

CONSOLE = "cron.example.com"
UNITS = {  # unit -> the account it runs as
    "etcd": "etcd",
    "yuanya-master": "yuanya-master",
    "yuanya-worker": "yuanya-worker",
    "nginx": "",  # its workers give up root by themselves
    "prometheus": "prometheus",
    "prometheus-blackbox-exporter": "prometheus",
}
ASK_PROMETHEUS = """
from urllib.request import urlopen
print(urlopen("http://127.0.0.1:9090/api/v1/targets", timeout=10).read().decode())
"""
OLDER_RELEASES = """
cd /opt/yuanya
for release in 0.0.{1-runs,2-old,3-old,4-last,5-last}; do
  mkdir --parents $release/bin
  touch --date=2020-01-0${release:4:1} $release/.complete
done
cp /bin/sleep 0.0.1-runs/bin/python
systemd-run --quiet --unit=older /opt/yuanya/0.0.1-runs/bin/python infinity
"""
READY_SECONDS = 120
# Installing and starting everything takes a minute or two, and longer where many tests run at once.
pytestmark = pytest.mark.timeout(900)


@dataclass(frozen=True)
class Site:
    fleet: Fleet
    playbook: Playbook
    second_run: dict[str, int]

    @property
    def machine(self) -> Machine:
        return self.fleet["one"]

    @contextmanager
    def browser(self) -> Iterator[httpx.Client]:
        """A client outside the cluster that trusts its authority, and nothing else."""
        context = ssl.create_default_context(cafile=str(self.playbook.inventory / "pki/ca.crt"))
        with (
            self.fleet.switch.inside(),
            httpx.Client(
                base_url=f"https://{self.machine.address}",
                headers={"Host": CONSOLE},
                verify=context,
                timeout=30,
            ) as client,
        ):
            client.event_hooks["request"] = [_ask_for_console]
            yield client

    def is_ready(self) -> bool:
        with self.browser() as browser:
            try:
                return browser.get("/readyz").status_code == 200
            except httpx.HTTPError:
                return False

    def signed_in(self, browser: httpx.Client) -> httpx.Client:
        password = self.playbook.secrets["yuanya_admin_password"]
        answer = browser.post("/api/v1/session", json={"username": "admin", "password": password})
        answer.raise_for_status()
        browser.headers.update({"X-CSRF-Token": answer.json()["csrfToken"], "Origin": f"https://{CONSOLE}"})
        return browser


def _ask_for_console(request: httpx.Request) -> None:
    request.extensions["sni_hostname"] = CONSOLE


@pytest.fixture(scope="module")
def site(bootable: None, wheel: Path) -> Iterator[Site]:
    with Fleet("one") as fleet:
        fleet.start()
        variables = {
            "yuanya_wheel": str(wheel),
            "yuanya_store_url": serve_store(fleet, "one"),
            "yuanya_console_name": CONSOLE,
        }
        with Playbook(fleet, ONE, variables) as playbook:
            playbook.run()
            yield Site(fleet, playbook, playbook.run())


def test_a_second_run_changes_nothing(site):
    assert site.second_run == {"one": 0} | dict.fromkeys(site.second_run, 0)


def test_another_authority_is_refused_before_anything_is_changed(site):
    """As on a controller that has the inventory, but not its certificates."""
    pki = site.playbook.inventory / "pki"
    known = site.machine.run("cat /etc/etcd/tls/ca.crt /etc/etcd/tls/server.crt").stdout
    away = pki.rename(pki.with_name("away"))
    try:
        with pytest.raises(AssertionError, match="is of another authority"):
            site.playbook.run("--tags=certificates")
        assert not pki.exists(), "none was made"
    finally:
        away.rename(pki)
    assert site.machine.run("cat /etc/etcd/tls/ca.crt /etc/etcd/tls/server.crt").stdout == known
    assert set(site.playbook.run("--tags=certificates").values()) == {0}


def test_units_run_as_their_accounts_and_start_at_boot(site):
    properties = ("ActiveState", "SubState", "UnitFileState", "User", "NRestarts")
    stated = {unit: site.machine.unit(unit, *properties) for unit in UNITS}
    wanted = {"ActiveState": "active", "SubState": "running", "UnitFileState": "enabled", "NRestarts": "0"}
    assert stated == {unit: wanted | {"User": user} for unit, user in UNITS.items()}
    worker = site.machine.unit("yuanya-worker", "KillMode", "Delegate", "TimeoutStopUSec")
    assert (worker["KillMode"], worker["Delegate"]) == ("mixed", "yes")


def test_console_answers_through_nginx_to_those_who_check_its_certificate(site):
    with site.browser() as browser:
        page = browser.get("/")
        assert page.status_code == 200
        assert "<html" in page.text
        plain = httpx.get(f"http://{site.machine.address}/jobs", headers={"Host": CONSOLE}, timeout=30)
        assert plain.status_code in (301, 308)
        assert plain.headers["Location"] == f"https://{CONSOLE}/jobs"
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"https://{site.machine.address}/", timeout=30)


def test_a_job_made_by_the_api_runs(site):
    job = {"name": "who", "command": "echo I am $(id -un)", "cronExpr": "* * * * * *"}
    with site.browser() as browser:
        api = site.signed_in(browser)
        api.post("/api/v1/jobs", json=job).raise_for_status()
        run = wait_until(lambda: _succeeded(api, "who"), READY_SECONDS, "a run of the job")
        assert api.get(f"/api/v1/runs/{run['id']}/output").text == "I am yuanya-worker\n"
        assert run["worker"] == "one"
        api.delete("/api/v1/jobs/who").raise_for_status()


def _succeeded(api: httpx.Client, job: str) -> dict[str, Any] | None:
    answer = api.get("/api/v1/runs", params={"job": job, "status": "succeeded", "limit": 1})
    answer.raise_for_status()
    return next(iter(answer.json()["items"]), None)


def test_prometheus_reaches_every_target(site):
    def down() -> list[str] | None:
        said = site.machine.run(f"python3 -c '{ASK_PROMETHEUS}'").stdout
        targets = json.loads(said)["data"]["activeTargets"]
        jobs = {target["labels"]["job"] for target in targets}
        wanted = {"etcd", "prometheus", "yuanya-console", "yuanya-master", "yuanya-worker"}
        return [target for target in targets if target["health"] != "up"] + sorted(wanted - jobs)

    try:
        wait_until(lambda: not down(), READY_SECONDS)
    except AssertionError:
        pytest.fail(f"not reached: {json.dumps(down(), indent=1)}")


def test_secrets_are_for_their_accounts_only(site):
    """Nobody else finds one: in no file, no command line, no environment, no property of a unit."""
    account = "setpriv --reuid=nobody --regid=nogroup --clear-groups"
    places = "/etc /opt /root /run /tmp /usr/local /var /proc/[0-9]*/cmdline /proc/[0-9]*/environ"
    search = "grep --recursive --files-with-matches --devices=skip --fixed-strings --file=/tmp/values"
    # The values themselves, where everybody may read them, show that the search finds what is there.
    found = site.machine.run(
        f"cat > /tmp/values; chmod 644 /tmp/values; {account} {search} {places} 2>/dev/null; rm /tmp/values",
        stdin="\n".join(site.playbook.secrets.values()),
        timeout=120,
    )
    assert found.stdout.split() == ["/tmp/values"]
    shown = site.machine.run(f"{account} systemctl show {' '.join(UNITS)}").stdout
    assert not [value for value in site.playbook.secrets.values() if value in shown]


def test_etcd_knows_its_clients_by_certificate(site):
    ask = f"etcdctl --endpoints=https://{site.machine.address}:2379 --cacert=/etc/etcd/tls/ca.crt"
    health = f"ETCDCTL_API=3 {ask} --command-timeout=5s endpoint health"
    assert site.machine.run(health, check=False).returncode != 0
    site.machine.run(f"{health} --cert=/etc/etcd/tls/root.crt --key=/etc/etcd/tls/root.key")


def test_of_older_releases_the_last_are_kept_and_those_that_run(site):
    site.machine.run(OLDER_RELEASES)
    site.playbook.run("--tags=yuanya")
    found = site.machine.run("cd /opt/yuanya && ls --directory 0.0.*").stdout.split()
    assert found == ["0.0.1-runs", "0.0.4-last", "0.0.5-last"]
    site.machine.run("systemctl stop older && rm -r /opt/yuanya/0.0.*")


def test_what_a_host_keeps_of_its_release_can_be_rolled_out_again(site):
    """It is the same release: nothing changes."""
    (kept,) = (site.machine.directory / "written/opt/yuanya").glob("*/dist")
    (wheel,) = kept.glob("*.whl")
    again = ("-e", f"yuanya_wheel={wheel}", "-e", f"yuanya_lock={kept}/runtime.txt")
    assert set(site.playbook.run("--tags=yuanya,master,worker", *again).values()) == {0}


def test_a_worker_that_a_rollout_left_drained_is_put_back_by_the_next(site):
    """As if the first had been cut off after the drain. It also left its token."""
    place, url = "/run/yuanya-rollout-one", f"http://{site.machine.address}:8000"
    site.machine.run(
        "touch /etc/yuanya/worker.drained-by-rollout && "
        f"XDG_CONFIG_HOME={place} YUANYA_URL={url} yuanya login --password-file /dev/stdin",
        stdin=site.playbook.secrets["yuanya_admin_password"],
    )
    with site.browser() as browser:
        api = site.signed_in(browser)
        api.post("/api/v1/workers/one/drain").raise_for_status()
        site.playbook.run("--tags=worker")
        (worker,) = api.get("/api/v1/workers").raise_for_status().json()["items"]
        assert (worker["state"], worker["drained"]) == ("active", False)
        assert api.get("/api/v1/tokens").raise_for_status().json()["items"] == []
    site.machine.run(f"test ! -e /etc/yuanya/worker.drained-by-rollout && test ! -e {place}")


def test_all_comes_back_after_a_power_cut(site):
    """Last of the module: it begins to boot again."""
    site.machine.power_off()
    site.machine.power_on()
    site.machine.wait()
    wait_until(site.is_ready, READY_SECONDS, "the console after the power cut")
    job = {"name": "after", "command": "true", "cronExpr": "* * * * * *"}
    with site.browser() as browser:
        api = site.signed_in(browser)
        api.post("/api/v1/jobs", json=job).raise_for_status()
        wait_until(lambda: _succeeded(api, "after"), READY_SECONDS, "a run after the power cut")
    active = site.machine.run(f"systemctl is-active {' '.join(UNITS)}", check=False).stdout.split()
    assert set(active) == {"active"}
