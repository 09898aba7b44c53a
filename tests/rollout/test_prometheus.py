"""Role prometheus with the released programs, as on RHEL, which has no packages of them."""

import json
from collections.abc import Iterator

import pytest

from tests.harness.poll import wait_until
from tests.rollout.machines import Fleet, Machine
from tests.rollout.playbook import Playbook

# The project's archives cannot be had here: the same programs in the same form, as two releases.
MAKE_ARCHIVES = """
set -e
cd "$(mktemp -d)"
apt-get update -qq && apt-get download -qq prometheus prometheus-blackbox-exporter
for package in *.deb; do dpkg -x "$package" .; done
mv usr/bin/prometheus-blackbox-exporter usr/bin/blackbox_exporter
archive() {  # project, version, programs
  place=/srv/mirror/$1/releases/download/v$2 name=$1-$2.linux-$(dpkg --print-architecture)
  mkdir -p "$place" "$name" && (cd usr/bin && cp -t "$OLDPWD/$name" $3)
  tar -czf "$place/$name.tar.gz" "$name" && (cd "$place" && sha256sum "$name.tar.gz" > sha256sums.txt)
}
for version in 2.0.1 2.0.2; do archive prometheus $version "prometheus promtool"; done
archive blackbox_exporter 0.0.1 blackbox_exporter
"""
ASK = "python3 -c 'from urllib.request import urlopen; print(urlopen(\"{url}\", timeout=10).read().decode())'"
UNITS = ("prometheus", "prometheus-blackbox-exporter")
pytestmark = pytest.mark.timeout(600)


class Watch:
    """A machine of the group prometheus, and nothing else."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.machine: Machine = fleet["watch"]

    def play(self, *arguments: str, **variables: object) -> int:
        """How many tasks changed something."""
        given = {
            "prometheus_install_from": "archive",
            "prometheus_archive_url": "file:///srv/mirror",
            "prometheus_version": "2.0.1",
            "prometheus_blackbox_version": "0.0.1",
            "yuanya_metrics_token": "always the same",
            **variables,
        }
        with Playbook(self.fleet, {"prometheus": ["watch"]}, given) as playbook:
            return playbook.run(*arguments)["watch"]

    def processes(self) -> dict[str, str]:
        return {unit: self.machine.unit(unit, "MainPID")["MainPID"] for unit in UNITS}

    def target_is_up(self) -> bool:
        """The one that is always there: itself."""
        said = self.machine.run(ASK.format(url="http://127.0.0.1:9090/api/v1/targets"), check=False).stdout
        return bool(said) and [t["health"] for t in json.loads(said)["data"]["activeTargets"]] == ["up"]


@pytest.fixture(scope="module")
def watch(bootable: None) -> Iterator[Watch]:
    with Fleet("watch") as fleet:
        fleet.start()
        fleet["watch"].run(MAKE_ARCHIVES, timeout=120)
        found = Watch(fleet)
        found.play()
        yield found


def test_a_second_run_changes_nothing(watch):
    assert watch.play() == 0
    assert watch.play("--check") == 0


def test_the_programs_of_the_archives_run_as_their_account(watch):
    for unit, pid in watch.processes().items():
        assert watch.machine.unit(unit, "ActiveState", "User") == {
            "ActiveState": "active",
            "User": "prometheus",
        }
        program = watch.machine.run(f"readlink /proc/{pid}/exe").stdout
        assert program.startswith("/opt/prometheus/bin/")
    wait_until(watch.target_is_up, 60, "an answer of its own target")


def test_what_a_run_wrote_that_was_cut_off_is_read_by_the_next(watch):
    before = watch.processes()
    watch.machine.run("touch /etc/prometheus/rules/yuanya.yml")
    assert watch.play("--tags=prometheus") == 1
    assert watch.processes() == before, "read by a running Prometheus"
    watch.machine.run("touch /etc/prometheus/blackbox.yml")
    assert watch.play("--tags=prometheus") == 1
    after = watch.processes()
    assert {unit for unit in UNITS if after[unit] != before[unit]} == {"prometheus-blackbox-exporter"}


def test_what_prometheus_would_refuse_is_not_put_in_place(watch):
    twice = {"prometheus_more_scrape_configs": [{"job_name": "prometheus"}]}
    with pytest.raises(AssertionError, match="multiple scrape configs with job name"):
        watch.play("--tags=prometheus", **twice)
    assert watch.play("--tags=prometheus") == 0, "nothing was changed"


def test_a_new_release_replaces_the_old_one(watch):
    before = watch.processes()
    assert watch.play("--tags=prometheus", prometheus_version="2.0.2") > 0
    after = watch.processes()
    assert after["prometheus"] != before["prometheus"]
    assert "-2.0.2." in watch.machine.run(f"readlink /proc/{after['prometheus']}/exe").stdout
    wait_until(watch.target_is_up, 60, "an answer of its own target")
