"""Prometheus, its blackbox exporter, and a console behind TLS: real ones, on free ports."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.harness.services import Service, needs
from tests.observability.queries import ROOT, RULES

HERE = Path(__file__).parent
SCRAPE_SECONDS = 2
WINDOW = "20s"


def shortened(rules: str) -> str:
    """The rules with every time made short, and thresholds of what is counted in that time with it.

    Nothing else differs from the rules as they are rolled out.
    """
    rules = re.sub(r"\bfor: \w+", "for: 1s", rules)
    rules = re.sub(r"\[(5|10|15)m\]", f"[{WINDOW}]", rules)
    rules = rules.replace("offset 15m", f"offset {WINDOW}")
    return rules.replace("[20s])) > 8", "[20s])) > 1")


def render(directory: Path, **variables: object) -> dict[str, Any]:
    """The files that the role prometheus puts on its host; returns the content of prometheus.yml."""
    playbook = ROOT / ".venv-ansible/bin/ansible-playbook"
    extra = {
        "prometheus_config_dir": str(directory),
        "prometheus_family_install_from": "package",
        **variables,
    }
    subprocess.run(
        [
            needs(str(playbook)),
            f"--inventory={HERE / 'fleet/hosts.yml'}",
            *(f"--extra-vars={name}={value}" for name, value in extra.items()),
            str(HERE / "fleet/render.yml"),
        ],
        check=True,
        capture_output=True,
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible/ansible.cfg")},
    )
    found: dict[str, Any] = yaml.safe_load((directory / "prometheus.yml").read_text())
    return found


class Console(Service):
    """nginx with TLS in front of a master. Its certificate is its own CA."""

    def __init__(self, directory: Path, master: str) -> None:
        super().__init__(directory)
        self.certificate = directory / "console.crt"
        self._master = master
        self.renew(days=365)

    def renew(self, days: int) -> None:
        """Another certificate; a running nginx has to be started again."""
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", f"-days={days}"),
                *("-subj", "/CN=console", "-addext", "subjectAltName=IP:127.0.0.1"),
                *("-keyout", str(self.directory / "console.key"), "-out", str(self.certificate)),
            ],
            check=True,
            capture_output=True,
        )

    def command(self) -> list[str]:
        temporary = "\n".join(
            f"{kind}_temp_path {self.directory / kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        configuration = self.directory / "nginx.conf"
        configuration.write_text(
            f"""daemon off; pid {self.directory / "pid"}; error_log {self.directory / "log"};
            {"user root;" if os.geteuid() == 0 else ""}
            events {{}}
            http {{
                access_log off; {temporary}
                server {{
                    listen 127.0.0.1:{self.port} ssl;
                    ssl_certificate {self.certificate};
                    ssl_certificate_key {self.directory / "console.key"};
                    location / {{ proxy_pass {self._master}; }}
                }}
            }}"""
        )
        return [needs("nginx"), "-e", str(self.directory / "log"), "-c", str(configuration)]

    def answers(self) -> bool:
        return _answers(f"https://127.0.0.1:{self.port}/healthz")


class Blackbox(Service):
    """`directory` has the rendered blackbox.yml."""

    def command(self) -> list[str]:
        return [
            needs("prometheus-blackbox-exporter"),
            f"--config.file={self.directory / 'blackbox.yml'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]

    def answers(self) -> bool:
        return _answers(f"http://127.0.0.1:{self.port}/-/healthy")


class Prometheus(Service):
    """With its blackbox exporter and the role's configuration, at the real ports and with short times.

    `places`: scrape job and instance to the address asked.
    """

    def __init__(self, directory: Path, token: str) -> None:
        super().__init__(directory)
        self.blackbox = Blackbox(directory)
        self._token = token
        self._api = httpx.Client(base_url=f"http://127.0.0.1:{self.port}/api/v1", timeout=30)
        self.since = time.time()

    def configure(self, console: Console, places: dict[tuple[str, str], str]) -> None:
        rendered = render(
            self.directory,
            prometheus_port=self.port,
            prometheus_blackbox_port=self.blackbox.port,
            prometheus_console_ca=console.certificate,
            prometheus_scrape_interval=f"{SCRAPE_SECONDS}s",
        )
        for job in rendered["scrape_configs"]:
            job.pop("scrape_interval", None)
            for target in job["static_configs"]:
                if job["job_name"] != "prometheus":
                    target["targets"] = [places[job["job_name"], target["labels"]["instance"]]]
        self._put(rendered)
        self.trust(console)
        (self.directory / "yuanya-metrics-token").write_text(self._token)

    def watch(self, job: str, addresses: Mapping[str, str]) -> None:
        """Instead of `configure`: one scrape job, with its instances' addresses, and the role's rules."""
        targets = [{"targets": [where], "labels": {"instance": name}} for name, where in addresses.items()]
        (self.directory / "blackbox.yml").write_text("modules: {}\n")
        self._put(
            {
                "global": {"scrape_interval": f"{SCRAPE_SECONDS}s"},
                "rule_files": [f"{self.directory}/rules/*.yml"],
                "scrape_configs": [{"job_name": job, "static_configs": targets}],
            }
        )

    def _put(self, configuration: dict[str, Any]) -> None:
        """The configuration with short times, and the rules beside it."""
        configuration["global"].update(scrape_timeout=f"{SCRAPE_SECONDS}s", evaluation_interval="1s")
        (self.directory / "prometheus.yml").write_text(yaml.safe_dump(configuration))
        (self.directory / "rules").mkdir()
        (self.directory / "rules/yuanya.yml").write_text(shortened(RULES.read_text()))

    def scrape_too(self, job_name: str, instance: str, address: str) -> None:
        target = {"targets": [address], "labels": {"instance": instance}}
        self._change(job_name, lambda targets: [*targets, target])

    def scrape_no_more(self, job_name: str, instance: str) -> None:
        self._change(job_name, lambda targets: [t for t in targets if t["labels"]["instance"] != instance])

    def _change(self, job_name: str, change: Callable[[list[Any]], list[Any]]) -> None:
        file = self.directory / "prometheus.yml"
        content = yaml.safe_load(file.read_text())
        for job in content["scrape_configs"]:
            if job["job_name"] == job_name:
                job["static_configs"] = change(job["static_configs"])
        file.write_text(yaml.safe_dump(content))
        self.signal(signal.SIGHUP)

    def trust(self, console: Console) -> None:
        (self.directory / "console-ca.crt").write_bytes(console.certificate.read_bytes())

    def command(self) -> list[str]:
        return [
            needs("prometheus"),
            f"--config.file={self.directory / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=warn",
        ]

    def answers(self) -> bool:
        return _answers(f"http://127.0.0.1:{self.port}/-/ready")

    def start(self) -> None:
        self.blackbox.start()
        super().start()

    def stop(self) -> None:
        self._api.close()
        self.kill()
        self.blackbox.kill()

    def query(self, expr: str) -> list[dict[str, Any]]:
        """The samples of `expr`: each with `metric` and `value`. Raises on an expression that is refused."""
        found: list[dict[str, Any]] = self._ask("/query", query=expr)["result"]
        return found

    def was_there(self, expr: str) -> bool:
        """Whether `expr` had a value at any time since the start."""
        return bool(
            self._ask("/query_range", query=expr, start=self.since, end=time.time(), step=1)["result"]
        )

    def rules(self) -> list[dict[str, Any]]:
        return [rule for group in self._ask("/rules")["groups"] for rule in group["rules"]]

    def firing(self) -> set[tuple[str, str]]:
        """Name and severity of the alerts that fire."""
        return {
            (alert["labels"]["alertname"], alert["labels"]["severity"])
            for alert in self._ask("/alerts")["alerts"]
            if alert["state"] == "firing"
        }

    def _ask(self, path: str, **parameters: Any) -> dict[str, Any]:
        answer = self._api.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()["data"]
        return found


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, verify=False).status_code == 200
    except httpx.HTTPError:
        return False
