"""etcd over TLS, with a certificate of an authority of our own, and certificates of clients."""

import subprocess
import time

import pytest

from app.common.errors import EtcdError, EtcdUnavailable
from app.common.etcd import EtcdClient
from app.common.settings import CommonSettings
from tests.harness.services import Etcd, needs


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    """A directory with ca, other-ca, server, client and stranger (of other-ca): NAME.crt and NAME.key."""
    needs("openssl")
    directory = tmp_path_factory.mktemp("pki")

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)

    def key_and(what, name, *arguments):
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key"]
        openssl("req", *new_key, "-subj", f"/CN={name}", "-out", f"{name}.{what}", *arguments)

    for name in ("ca", "other-ca"):
        key_and("crt", name, "-x509", "-days", "2")
    (directory / "extensions").write_text(
        "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n"
    )
    for name, ca in (("server", "ca"), ("client", "ca"), ("stranger", "other-ca")):
        key_and("csr", name)
        signed_by = ["-CA", f"{ca}.crt", "-CAkey", f"{ca}.key", "-CAcreateserial", "-days", "2"]
        openssl(
            "x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.crt", *signed_by, "-extfile", "extensions"
        )
    return directory


class TlsEtcd(Etcd):
    def __init__(self, directory, pki, *flags):
        super().__init__(directory, f"--cert-file={pki}/server.crt", f"--key-file={pki}/server.key", *flags)
        self.endpoint = self.endpoint.replace("http://", "https://")
        self.pki = pki

    def answers(self):
        probe = self.connect(timeout=1)
        try:
            probe.get("probe")
        except EtcdError:
            return False
        finally:
            probe.close()
        return True

    def connect(self, ca="ca", who="client", timeout=3.0):
        """A client that trusts `ca` and shows the certificate of `who`."""
        client = EtcdClient(
            [self.endpoint],
            timeout=timeout,
            ca_cert=self.pki / f"{ca}.crt" if ca else None,
            cert=self.pki / f"{who}.crt" if who else None,
            key=self.pki / f"{who}.key" if who else None,
        )
        self._clients.append(client)
        return client


@pytest.fixture(scope="module")
def tls_etcd(pki, tmp_path_factory):
    """Any client may speak to it that trusts its authority."""
    member = TlsEtcd(tmp_path_factory.mktemp("tls") / "etcd", pki)
    member.start()
    yield member
    member.stop()


@pytest.fixture(scope="module")
def strict_etcd(pki, tmp_path_factory):
    """Only clients with a certificate of the same authority may speak to it."""
    flags = ["--client-cert-auth", f"--trusted-ca-file={pki}/ca.crt"]
    member = TlsEtcd(tmp_path_factory.mktemp("strict") / "etcd", pki, *flags)
    member.start()
    yield member
    member.stop()


def test_a_client_that_trusts_the_authority_is_served(tls_etcd):
    client = tls_etcd.connect(who=None)
    client.put("/x", b"1")
    assert client.get("/x").value == b"1"


@pytest.mark.parametrize("ca", ["other-ca", None])
def test_a_server_of_an_unknown_authority_is_not_trusted(tls_etcd, ca):
    began = time.monotonic()
    with pytest.raises(EtcdUnavailable, match=r"(?i)certificate.verify.failed"):
        tls_etcd.connect(ca=ca, who=None).get("/x")
    assert time.monotonic() - began < 4


def test_a_client_with_a_certificate_is_served_where_one_is_asked_for(strict_etcd):
    client = strict_etcd.connect()
    client.put("/x", b"1")
    assert client.get("/x").value == b"1"
    assert client.keepalive(client.grant(60)) > 0


@pytest.mark.parametrize("who", [None, "stranger"])
def test_a_client_without_a_good_certificate_is_not_served(strict_etcd, who):
    with pytest.raises(EtcdUnavailable, match="does not answer"):
        strict_etcd.connect(who=who).put("/stranger", b"")
    assert strict_etcd.connect().get("/stranger") is None


def test_plain_http_to_a_tls_port_is_not_served(tls_etcd, clients):
    plain = clients(tls_etcd.endpoint.replace("https://", "http://"))
    with pytest.raises(EtcdUnavailable):
        plain.get("/x")


def test_the_settings_name_the_certificates(strict_etcd, pki, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    settings = CommonSettings(
        etcd_endpoints=(strict_etcd.endpoint,),
        etcd_ca_cert=pki / "ca.crt",
        etcd_cert=pki / "client.crt",
        etcd_key=pki / "client.key",
    )
    client = EtcdClient.from_settings(settings)
    assert client.status()[0]
    client.close()


def test_a_certificate_that_cannot_be_read_is_named(tmp_path, clients):
    missing = tmp_path / "missing.crt"
    with pytest.raises(EtcdError, match=f"cannot read {missing}: No such file"):
        clients("https://127.0.0.1:1", ca_cert=missing).get("/x")


def test_a_certificate_that_is_none_is_an_error_and_no_crash(tmp_path, tls_etcd, clients):
    garbage = tmp_path / "garbage.crt"
    garbage.write_bytes(b"\xff\0 no certificate")
    with pytest.raises(EtcdError):
        clients(tls_etcd.endpoint, ca_cert=garbage, timeout=1).get("/x")
