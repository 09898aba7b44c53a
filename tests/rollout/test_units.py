"""The units as the roles write them, judged by systemd itself."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from app.common.settings import CommonSettings, WorkerSettings
from tests.harness.services import needs
from tests.rollout.render import render

SECRET = "only-in-the-vault-9f2c"
VARIABLES = {
    "yuanya_home": "/bin/..",  # where systemd looks whether what it shall start is there
    "yuanya_etcd_endpoints": ["https://10.0.0.11:2379", "https://10.0.0.12:2379"],
    "yuanya_store_url": f"mongodb://yuanya:{SECRET}@10.0.0.11/cron",
    "yuanya_admin_password": SECRET,
    "yuanya_metrics_token": SECRET,
    "groups": {},
    "inventory_hostname": "host-1",
    "worker_labels": {"zone": "a 'b'", "disk": "ssd"},
    "worker_drain_from": "",
}


def write(directory: Path, **changed: Any) -> Path:
    """The units and environment files of one host, in a directory."""
    wanted = {
        f"{role}/{template}.j2": directory / template
        for role in ("master", "worker")
        for template in (f"yuanya-{role}.service", f"{role}.env")
    }
    render(directory / "ansible", wanted, VARIABLES | changed, ["yuanya", "master", "worker"])
    for unit in directory.glob("*.service"):
        # What systemd would start must exist on this machine, under whatever name.
        unit.write_text(unit.read_text().replace("/bin/../bin/yuanya", "/bin/true"))
    return directory


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("units"))


def lines(file: Path) -> dict[str, str]:
    """The last value of each setting of a unit or an environment file."""
    pairs = [line.split("=", 1) for line in file.read_text().splitlines() if re.match(r"\w+=", line)]
    return dict(pairs)


def analyze(*arguments: str | Path, code: int = 0) -> str:
    done = subprocess.run(
        [needs("systemd-analyze"), *map(str, arguments)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("role", ["master", "worker"])
def test_systemd_understands_every_line(units, role):
    unit = units / f"yuanya-{role}.service"
    said = analyze("verify", "--man=no", "--recursive-errors=no", unit)
    assert f"yuanya-{role}" not in said, said


def test_a_line_that_systemd_does_not_know_is_found(units, tmp_path):
    unit = tmp_path / "yuanya-master.service"
    unit.write_text((units / unit.name).read_text().replace("ProtectHome=", "ProtectHouse="))
    assert "ProtectHouse" in analyze("verify", "--man=no", "--recursive-errors=no", unit, code=1)


@pytest.mark.parametrize(("role", "at_most"), [("master", 1.5), ("worker", 4.5)])
def test_the_exposure_that_systemd_sees_is_small(units, role, at_most):
    said = analyze("security", "--offline=true", "--no-pager", units / f"yuanya-{role}.service")
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert level, said
    assert float(level[1]) <= at_most


def test_jobs_gain_rights_only_where_that_is_asked_for(units, tmp_path):
    assert lines(units / "yuanya-worker.service")["NoNewPrivileges"] == "yes"
    opened = lines(write(tmp_path, worker_no_new_privileges=False) / "yuanya-worker.service")
    assert opened["NoNewPrivileges"] == "no"
    # systemd turns it on by itself for each of these.
    implied = ("SystemCall", "Restrict", "ProtectKernel", "ProtectClock", "ProtectHostname", "PrivateDevices")
    assert not [name for name in opened if name.startswith((*implied, "LockPersonality", "Memory", "Capab"))]


def test_a_stop_leaves_the_worker_the_time_it_takes(units, tmp_path):
    assert lines(units / "yuanya-worker.service")["KillMode"] == "mixed"
    for directory, changed in (
        (units, {}),
        (tmp_path, {"worker_stop_seconds": 300, "worker_settings": {"etcd_timeout_seconds": 10}}),
    ):
        host = write(directory, **changed) if changed else directory
        told = lines(host / "worker.env")
        runs = float(told["YUANYA_STOP_TIMEOUT_SECONDS"].strip("'"))
        default = CommonSettings.model_fields["etcd_timeout_seconds"].default
        etcd = float(told.get("YUANYA_ETCD_TIMEOUT_SECONDS", str(default)).strip("'"))
        assert float(lines(host / "yuanya-worker.service")["TimeoutStopSec"]) > runs + etcd + 15


@pytest.mark.parametrize(("given", "port"), [({}, 8000), ({"master_port": 8443}, 8443)])
def test_a_worker_is_drained_where_the_master_listens(tmp_path, given, port):
    asked = {"worker_settings": {"asks": "{{ worker_drain_url }}"}, "worker_drain_from": "localhost"}
    told = lines(write(tmp_path, **asked, **given) / "worker.env")
    assert told["YUANYA_ASKS"] == f"'http://127.0.0.1:{port}'"


def test_limits_are_those_that_are_asked_for(units, tmp_path):
    assert "MemoryMax" not in lines(units / "yuanya-worker.service")
    limited = write(
        tmp_path, worker_memory_max="8G", worker_cpu_quota="300%", worker_service_options=["Nice=5"]
    )
    found = lines(limited / "yuanya-worker.service")
    assert [found[name] for name in ("MemoryMax", "CPUQuota", "Nice")] == ["8G", "300%", "5"]


def test_no_secret_stands_in_units_and_settings(units):
    files = [file for file in units.iterdir() if file.is_file()]
    assert len(files) == 4
    assert not [file.name for file in files if SECRET in file.read_text()]


def test_the_program_reads_the_settings_as_they_were_meant(units, monkeypatch):
    """Through systemd's own quoting, which for these values is that of a shell."""
    shell = f"set -a; . {units / 'worker.env'}; env -0"
    content = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, env={}, check=True).stdout
    for pair in content.split("\0"):
        name, _, value = pair.partition("=")
        if name.startswith("YUANYA_"):
            monkeypatch.setenv(name, value)
    settings = WorkerSettings()
    assert settings.labels == {"zone": "a 'b'", "disk": "ssd"}
    assert settings.etcd_endpoints == ("https://10.0.0.11:2379", "https://10.0.0.12:2379")
    assert settings.worker_id == "host-1"
    assert settings.data_dir == Path("/var/lib/yuanya-worker/data")
