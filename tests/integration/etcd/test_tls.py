"""etcd over TLS, with a certificate of an authority of our own, and certificates of clients."""

import contextlib
import socket
import ssl
import threading
import time

import pytest

from app.common.errors import EtcdError, EtcdUnavailable
from app.common.etcd import EtcdClient, handshake
from app.common.etcd.tls_files import TlsFiles
from app.common.settings import CommonSettings
from tests.harness.pki import Pki
from tests.harness.poll import free_port, wait_until
from tests.harness.secure_etcd import TlsEtcd


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    """ca and other-ca; of the first: server, root, and old (expired); of the second: stranger."""
    made = Pki(tmp_path_factory.mktemp("pki"))
    for name in ("ca", "other-ca"):
        made.authority(name)
    for name in ("server", "root"):
        made.certificate(name)
    made.certificate("old", days=-1)
    made.certificate("stranger", ca="other-ca")
    return made


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
    flags = ["--client-cert-auth", f"--trusted-ca-file={pki.crt('ca')}"]
    member = TlsEtcd(tmp_path_factory.mktemp("strict") / "etcd", pki, *flags)
    member.start()
    yield member
    member.stop()


@pytest.fixture
def own(tmp_path):
    """Its own authority and files, to be renewed; clients must show a certificate of it."""
    pki = Pki(tmp_path / "pki")
    pki.authority()
    for name in ("server", "root"):
        pki.certificate(name)
    flags = ["--client-cert-auth", f"--trusted-ca-file={pki.crt('ca')}"]
    member = TlsEtcd(tmp_path / "etcd", pki, *flags)
    member.start()
    yield member
    member.stop()


def test_a_client_that_trusts_the_authority_is_served(tls_etcd):
    client = tls_etcd.connect(who=None)
    client.put("/x", b"1")
    assert client.get("/x").value == b"1"


@pytest.mark.parametrize(("ca", "where"), [("other-ca", "other-ca.crt"), (None, "this host's store")])
def test_a_server_of_an_unknown_authority_is_not_trusted(tls_etcd, ca, where):
    began = time.monotonic()
    with pytest.raises(
        EtcdUnavailable, match=f"not signed by an authority in .*{where}.* YUANYA_ETCD_CA_CERT"
    ):
        tls_etcd.connect(ca=ca, who=None, timeout=60).get("/x")
    assert time.monotonic() - began < 60, "told without waiting for the deadline"


def test_a_client_with_a_certificate_is_served_where_one_is_asked_for(strict_etcd):
    client = strict_etcd.connect()
    client.put("/x", b"1")
    assert client.get("/x").value == b"1"
    assert client.keepalive(client.grant(60)) > 0


@pytest.mark.parametrize(
    ("who", "told"),
    [
        (None, "it asks for a certificate .*set YUANYA_ETCD_CERT and YUANYA_ETCD_KEY"),
        ("stranger", r"it refuses the certificate in .*stranger\.crt .*signed by"),
        ("old", r"it refuses the certificate in .*old\.crt .*must be valid now"),
    ],
)
def test_a_client_without_a_good_certificate_is_not_served(strict_etcd, who, told):
    with pytest.raises(EtcdUnavailable, match=told):
        strict_etcd.connect(who=who).put("/stranger", b"")
    assert strict_etcd.connect().get("/stranger") is None


@pytest.mark.parametrize(
    ("renewed", "told"),
    [
        ({"days": -1}, "certificate has expired; renew it"),
        ({"alternative": "IP:127.0.0.2"}, r"its certificate is not for 127\.0\.0\.1"),
        ({"ca": "other-ca"}, "not signed by an authority in"),
    ],
    ids=["expired", "of another name", "foreign"],
)
def test_a_bad_certificate_of_the_server_is_refused_and_named(own, renewed, told):
    own.kill()
    own.pki.authority("other-ca")
    own.pki.certificate("server", **renewed)
    own.answers = lambda: "certificate" in complaint(own.connect(timeout=2))
    own.start()
    with pytest.raises(EtcdUnavailable, match=told):
        own.connect().put("/x", b"")


def complaint(client):
    try:
        client.get("/x")
    except EtcdError as error:
        return str(error)
    return ""


def test_plain_http_to_a_tls_port_is_not_served(tls_etcd, clients):
    plain = clients(tls_etcd.endpoint.replace("https://", "http://"))
    with pytest.raises(EtcdUnavailable, match="it speaks TLS: use https://"):
        plain.get("/x")


def test_tls_to_a_plain_port_is_not_served(shared_etcd, clients):
    encrypted = clients(shared_etcd.endpoint.replace("http://", "https://"))
    with pytest.raises(EtcdUnavailable, match="TLS"):
        encrypted.get("/x")


def test_where_nothing_listens_tls_is_not_blamed(pki, clients):
    with pytest.raises(EtcdUnavailable, match="refused"):
        clients(f"https://127.0.0.1:{free_port()}", ca_cert=pki.crt("ca")).get("/x")


def test_renewed_certificates_are_used_for_the_next_connection(own, mirrors, sessions):
    """All of them change, the authority too, so that the old ones are of no use to whom they were read by."""
    client = own.connect()
    mirror, session = mirrors(client, "/a/"), sessions(client, 20)
    lease = session.lease
    own.kill()
    own.pki.authority()
    for name in ("server", "root"):
        own.pki.certificate(name)
    own.start()
    own.connect().put("/a/x", b"1")
    wait_until(lambda: "/a/x" in mirror.items, what="the mirror to follow again")
    assert client.get("/a/x").value == b"1"
    renewals = len(session.holder.renewed)
    wait_until(lambda: len(session.holder.renewed) > renewals, what="a renewal of the lease")
    assert session.lease == lease


def test_new_files_that_cannot_be_used_do_not_cut_off_who_is_connected(own, caplog):
    """A renewal that broke off, or gave the key to the wrong user: the certificate in use is still good."""
    own.pki.certificate("client")
    client = own.connect(who="client")
    client.put("/x", b"1")
    own.pki.key("client").write_bytes(b"")
    for _ in range(2):
        own.kill()
        with pytest.raises(EtcdUnavailable):
            client.get("/x")
        own.start()
        wait_until(lambda: complaint(client) == "", 60, "an answer of the etcd that is back")
    told = [record.getMessage() for record in caplog.records if "go on" in record.getMessage()]
    assert len(told) == 1
    assert "client.key holds no key" in told[0]

    own.kill()
    own.pki.authority()
    for name in ("server", "root", "client"):
        own.pki.certificate(name)
    own.start()
    wait_until(lambda: complaint(client) == "", 20, "the use of the renewed files")


def test_the_settings_name_the_certificates(strict_etcd, pki, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    settings = CommonSettings(
        etcd_endpoints=(strict_etcd.endpoint,),
        etcd_ca_cert=pki.crt("ca"),
        etcd_cert=pki.crt("root"),
        etcd_key=pki.key("root"),
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
    with pytest.raises(EtcdError, match="certificate files cannot be used"):
        clients(tls_etcd.endpoint, ca_cert=garbage, timeout=1).get("/x")


def test_a_key_of_another_certificate_is_an_error_and_no_crash(strict_etcd, pki, clients):
    files = {"ca_cert": pki.crt("ca"), "cert": pki.crt("root"), "key": pki.key("server")}
    with pytest.raises(EtcdError, match="certificate files cannot be used"):
        clients(strict_etcd.endpoint, **files).get("/x")


def test_finding_out_what_is_wrong_takes_no_longer_than_it_may(pki, monkeypatch):
    """Connecting, the handshake and the wait for the server's word share one deadline."""
    monkeypatch.setattr(handshake, "MAX_SECONDS", 6)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.crt("server"), pki.key("server"))
    over = threading.Event()

    def serve(listener: socket.socket) -> None:
        plain, _ = listener.accept()
        with plain, contextlib.suppress(OSError):
            over.wait(5)  # then the handshake, and no word for ever
            with context.wrap_socket(plain, server_side=True):
                over.wait(60)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=(listener,))
        server.start()
        began = time.monotonic()
        examiner = handshake.Examiner(TlsFiles(pki.crt("ca")))
        assert examiner.trouble(f"https://127.0.0.1:{listener.getsockname()[1]}", 60) == ""
        took = time.monotonic() - began
        over.set()
        server.join()
    assert took < 10
