"""etcd as the rollout sets it up: TLS, certificates of clients, and users with the rights of the table."""

import os
import subprocess
from pathlib import Path

from app.common.errors import EtcdError
from app.common.etcd import EtcdClient
from app.common.etcd.rights import RIGHTS
from tests.harness.pki import Pki
from tests.harness.services import Etcd, needs

SERVER = "server"


class TlsEtcd(Etcd):
    """Shows the certificate `server`; whether it asks clients for one is a matter of `flags`."""

    def __init__(self, directory: Path, pki: Pki, *flags: str) -> None:
        self.pki = pki
        super().__init__(directory, f"--cert-file={pki.crt(SERVER)}", f"--key-file={pki.key(SERVER)}", *flags)
        self.endpoint = self.endpoint.replace("http://", "https://")

    def answers(self) -> bool:
        probe = self._connect("ca", "root", 1)
        try:
            probe.get("probe")
        except EtcdError:
            return False
        finally:
            probe.close()
        return True

    def client(self, timeout: float = 3) -> EtcdClient:
        return self.connect(timeout=timeout)

    def connect(self, ca: str | None = "ca", who: str | None = "root", *, timeout: float = 3) -> EtcdClient:
        """A client that trusts `ca`, shows the certificate of `who`, and ends with the service."""
        client = self._connect(ca, who, timeout)
        self._clients.append(client)
        return client

    def _connect(self, ca: str | None, who: str | None, timeout: float) -> EtcdClient:
        return EtcdClient(
            [self.endpoint],
            timeout=timeout,
            ca_cert=self.pki.crt(ca) if ca else None,
            cert=self.pki.crt(who) if who else None,
            key=self.pki.key(who) if who else None,
        )


class SecureEtcd(TlsEtcd):
    """Has an authority `ca` of its own, and knows root and the users of the table: by the common name of
    their certificate, which it asks for; or, with `password`, by that."""

    def __init__(self, directory: Path, *, password: str | None = None) -> None:
        pki = Pki(directory / "pki")
        pki.authority()
        for name in (SERVER, "root", *RIGHTS):
            pki.certificate(name)
        self._password = password
        self._guarded = False
        asks = () if password else ("--client-cert-auth", f"--trusted-ca-file={pki.crt('ca')}")
        super().__init__(directory, pki, *asks)

    def start(self) -> None:
        super().start()
        if not self._guarded:
            self._guard()
            self._guarded = True

    def settings(self, user: str) -> dict[str, str]:
        """Those of a program that connects as `user`."""
        trusted = {"etcd_ca_cert": str(self.pki.crt("ca"))}
        if self._password:
            return {**trusted, "etcd_user": user, "etcd_password": self._password}
        return {**trusted, "etcd_cert": str(self.pki.crt(user)), "etcd_key": str(self.pki.key(user))}

    def etcdctl(self, *arguments: str) -> str:
        """As root."""
        identity = {"CERT": self.pki.crt("root"), "KEY": self.pki.key("root"), "CACERT": self.pki.crt("ca")}
        environment = {f"ETCDCTL_{name}": str(path) for name, path in identity.items()}
        if self._password and self._guarded:
            environment["ETCDCTL_USER"] = f"root:{self._password}"
        return subprocess.run(
            [needs("etcdctl"), f"--endpoints={self.endpoint}", *arguments],
            env={**os.environ, "ETCDCTL_API": "3", **environment},
            check=True,
            capture_output=True,
            text=True,
            timeout=20,
        ).stdout

    def _guard(self) -> None:
        credentials = [f"--new-user-password={self._password}"] if self._password else ["--no-password"]
        for user in ("root", *RIGHTS):
            self.etcdctl("role", "add", user)
            self.etcdctl("user", "add", user, *credentials)
            self.etcdctl("user", "grant-role", user, user)
        for role, rights in RIGHTS.items():
            for prefix, access in rights:
                self.etcdctl("role", "grant-permission", "--prefix=true", role, access.value, prefix)
        self.etcdctl("auth", "enable")

    def _connect(self, ca: str | None, who: str | None, timeout: float) -> EtcdClient:
        if self._password is None or not self._guarded:
            return super()._connect(ca, who, timeout)
        trusted = self.pki.crt(ca) if ca else None
        return EtcdClient(
            [self.endpoint], timeout=timeout, ca_cert=trusted, user=who, password=self._password
        )
