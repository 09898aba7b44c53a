"""The templates of role mongodb. Its packages cannot be had here, so no server reads them."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.harness.services import needs
from tests.rollout.render import render

PASSWORD = 'correct "horse" \\ battery'


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    directory = tmp_path_factory.mktemp("mongodb")
    names = ["mongod.conf", "cluster.js", "healthy.js"]
    paths = {name: directory / name for name in names}
    variables = {
        "mongodb_data_dir": "/var/lib/mongodb",
        "mongodb_hosts": ["10.0.0.1:27017", "10.0.0.2:27017"],
        "mongodb_admin_password": PASSWORD,
        "mongodb_cron_password": PASSWORD,
    }
    wanted = {f"mongodb/{name}.j2": path for name, path in paths.items()}
    render(directory / "play", wanted, variables, ["mongodb"])
    return paths


def test_the_server_asks_for_tls_and_accounts(rendered: dict[str, Path]) -> None:
    settings = yaml.safe_load(rendered["mongod.conf"].read_text())
    assert settings["net"]["tls"]["mode"] == "requireTLS"
    assert settings["net"]["bindIp"] == "127.0.0.1,127.0.0.1"
    assert settings["net"]["ipv6"] is False
    assert settings["security"] == {"authorization": "enabled", "keyFile": "/etc/mongodb-tls/keyfile"}
    assert settings["replication"] == {"replSetName": "yuanya"}


@pytest.mark.parametrize("name", ["cluster.js", "healthy.js"])
def test_the_scripts_are_javascript_whatever_the_passwords(rendered: dict[str, Path], name: str) -> None:
    subprocess.run([needs("node"), "--check", rendered[name]], check=True, timeout=60)


def test_a_password_in_the_script_is_the_one_given(rendered: dict[str, Path]) -> None:
    passwords = re.search(r"const passwords = \{.*?\n\};", rendered["cluster.js"].read_text(), re.DOTALL)
    assert passwords
    program = f"{passwords[0]}\nprocess.stdout.write(passwords.admin)"
    done = subprocess.run([needs("node"), "-e", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == PASSWORD
