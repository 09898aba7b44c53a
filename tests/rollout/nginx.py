"""nginx with the configuration of the role, in front of masters on this machine."""

import getpass
import signal
import ssl
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.harness.master import MasterProcess
from tests.harness.pki import Pki
from tests.harness.poll import free_port
from tests.harness.services import Service, needs
from tests.rollout.render import render

# Written where an unprivileged test may write; each answer is logged with the masters that were asked for it.
_OWN_PLACES = """http {{
    client_body_temp_path {0}/body;
    proxy_temp_path {0}/proxy;
    fastcgi_temp_path {0}/fastcgi;
    uwsgi_temp_path {0}/uwsgi;
    scgi_temp_path {0}/scgi;
    log_format upstreams "$upstream_addr $upstream_status";
"""


NAME = "console.test"  # in the certificate, beside the addresses


class Nginx(Service):
    """`secure` and `plain` are its addresses."""

    def __init__(
        self,
        directory: Path,
        masters: Sequence[MasterProcess],
        *,
        address: str = "127.0.0.1",
        beside: "Nginx | None" = None,
        **changed: Any,
    ) -> None:
        """`address`: 127.0.0.1 or 127.0.0.2. `beside`: another, whose port and certificate it shares."""
        super().__init__(directory)
        self.address = address
        self.port = beside.port if beside else self.port
        self.pki = beside.pki if beside else _certified(directory / "pki")
        self.plain = f"http://{address}:{free_port()}"
        self.secure = f"https://{address}:{self.port}"
        version = subprocess.run([needs("nginx"), "-v"], capture_output=True, text=True).stderr
        variables = {
            "groups": {},
            "nginx_version": {"stderr": version},
            "nginx_user": getpass.getuser(),
            "nginx_server_name": f"{address}:{self.port}",
            "nginx_certificate": str(self.pki.crt("console")),
            "nginx_certificate_key": str(self.pki.key("console")),
            "nginx_listen": [address],
            "nginx_http_port": int(self.plain.rpartition(":")[2]),
            "nginx_https_port": self.port,
            "nginx_masters": [f"127.0.0.1:{master.port}" for master in masters],
            "nginx_connections": 1024,
        }
        self.rendered = directory / "rendered.conf"
        render(directory / "ansible", {"nginx/nginx.conf.j2": self.rendered}, variables | changed, ["nginx"])
        text = self.rendered.read_text().replace("/run/nginx.pid", f"{directory}/pid")
        text = text.replace("/var/log/nginx/access.log identified", f"{directory}/access.log upstreams")
        text = text.replace("/var/log/nginx/error.log", f"{directory}/error.log")
        # The redirect names the port, which is not the usual one here.
        text = text.replace(f"{address}:{self.port}:{self.port}", f"{address}:{self.port}")
        self.configuration = directory / "nginx.conf"
        self.configuration.write_text(text.replace("http {\n", _OWN_PLACES.format(directory), 1))

    def command(self) -> list[str]:
        nginx = needs("nginx")
        return [
            nginx,
            "-c",
            str(self.configuration),
            "-e",
            f"{self.directory}/start.log",
            "-g",
            "daemon off;",
        ]

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.pki.crt("ca")))

    def client(self, **options: Any) -> httpx.Client:
        """Checks the certificate. `transport` options such as `local_address` go to the connections."""
        transport = httpx.HTTPTransport(verify=self.trust, **options)
        return httpx.Client(base_url=self.secure, timeout=60, transport=transport)

    def answers(self) -> bool:
        try:
            with self.client() as client:
                return client.get("/healthz").status_code == 200
        except httpx.HTTPError:
            return False

    def answered_by(self) -> list[str]:
        """Per request so far, the ports of the masters that were asked for it, and what they said."""
        log = self.directory / "access.log"
        return log.read_text().replace("127.0.0.1:", "").splitlines() if log.exists() else []

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
            self.process = None


def _certified(directory: Path) -> Pki:
    pki = Pki(directory)
    pki.authority()
    pki.certificate("console", alternative=f"DNS:{NAME},IP:127.0.0.1,IP:127.0.0.2")
    return pki
