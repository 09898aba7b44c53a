"""The roles prometheus and grafana put their files in place, and a second run changes nothing.

Units and packages are tested on machines, see tests/rollout. No test has a Grafana.
"""

import configparser
import json
import os
import re
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.harness.services import needs
from tests.observability.queries import DASHBOARDS, ROOT
from tests.observability.services import HERE

SECRETS = {"yuanya_metrics_token": "of-prometheus-17", "grafana_admin_password": "of-grafana-4711"}


def play(directory: Path, **variables: object) -> str:
    """Run both roles; returns what Ansible printed."""
    given = {
        "prometheus_install_from": "none",
        "prometheus_config_dir": str(directory / "prometheus"),
        "prometheus_console_ca": str(directory / "ca.crt"),
        "grafana_install_from": "none",
        "grafana_config_dir": str(directory / "grafana"),
        **SECRETS,
        **variables,
    }
    file = directory / "variables.json"
    file.write_text(json.dumps(given))
    answer = subprocess.run(
        [
            needs(str(ROOT / ".venv-ansible/bin/ansible-playbook")),
            f"--inventory={HERE / 'fleet/hosts.yml'}",
            f"--extra-vars=@{file}",
            "-v",
            str(HERE / "fleet/roles.yml"),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible/ansible.cfg")},
    )
    return answer.stdout + answer.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="the files belong to root")
def test_a_second_run_changes_nothing_and_secrets_stay_secret(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("a certificate\n")
    first = play(tmp_path)
    assert re.search(r"changed=[1-9]\d* .*failed=0", first), first
    second = play(tmp_path)
    assert re.search(r"changed=0 .*failed=0", second), second
    for secret in SECRETS.values():
        assert secret not in first + second
    for file in (tmp_path / "prometheus/yuanya-metrics-token", tmp_path / "grafana/admin-password"):
        assert file.read_text() in SECRETS.values()
        assert stat.S_IMODE(file.stat().st_mode) == 0o640
    placed = tmp_path / "grafana/yuanya-dashboards"
    assert {path.name: path.read_text() for path in placed.iterdir()} == {
        path.name: path.read_text() for path in DASHBOARDS.iterdir()
    }
    provisioning = tmp_path / "grafana/provisioning"
    [provider] = yaml.safe_load((provisioning / "dashboards/yuanya.yml").read_text())["providers"]
    assert provider["options"]["path"] == str(placed)
    [source] = yaml.safe_load((provisioning / "datasources/yuanya.yml").read_text())["datasources"]
    assert source["url"] == "http://localhost:9090"
    assert source["jsonData"]["timeInterval"] == "15s"


@pytest.mark.skipif(os.geteuid() != 0, reason="the files belong to root")
def test_grafana_listens_for_others_only_with_a_certificate(tmp_path: Path) -> None:
    for name in ("ca.crt", "grafana.crt", "grafana.key"):
        (tmp_path / name).write_text(f"what is in {name}\n")
    refused = play(tmp_path, grafana_listen_address="0.0.0.0")
    assert "an address that others reach needs" in refused
    assert not (tmp_path / "grafana").exists()

    files = {"grafana_certificate": "grafana.crt", "grafana_certificate_key": "grafana.key"}
    done = play(tmp_path, **{name: str(tmp_path / file) for name, file in files.items()})
    assert re.search(r"changed=[1-9]\d* .*failed=0", done), done
    assert "what is in grafana.key" not in done
    key = tmp_path / "grafana/tls.key"
    assert (key.read_text(), stat.S_IMODE(key.stat().st_mode)) == ("what is in grafana.key\n", 0o640)
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(tmp_path / "grafana/grafana.ini")
    assert settings["server"]["protocol"] == "https"
    assert settings["server"]["http_addr"] == "0.0.0.0"
    assert settings["server"]["cert_key"] == str(key)
    assert settings["security"]["cookie_secure"] == "true"
