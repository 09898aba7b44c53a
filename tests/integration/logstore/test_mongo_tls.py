"""MongoDB behind TLS: what the options of its URL say is done, and certificates are checked."""

import contextlib
from urllib.parse import quote, urlsplit

import pytest

from app.common.errors import StoreUnavailable
from app.common.logstore import RunQuery, open_store
from app.common.models import Status
from tests.harness.pki import Pki
from tests.harness.poll import wait_until
from tests.harness.tls_front import TlsFront
from tests.integration.logstore.rows import T0, a_run


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    made = Pki(tmp_path_factory.mktemp("pki"))
    for name in ("ca", "other-ca"):
        made.authority(name)
    for name in ("server", "client"):
        made.certificate(name)
    made.certificate("stranger", ca="other-ca")
    return made


@pytest.fixture
def front(pki, mongo_server):
    made = TlsFront(pki, urlsplit(mongo_server).port)
    yield made
    made.close()


@pytest.fixture
def strict_front(pki, mongo_server):
    """Asks clients for a certificate."""
    made = TlsFront(pki, urlsplit(mongo_server).port, ask=True)
    yield made
    made.close()


def url_of(front, mongo_url, host="127.0.0.1", **files):
    """The test's own database, behind the front."""
    options = "".join(f"&{option}={quote(str(path), safe='')}" for option, path in files.items())
    return f"mongodb://{host}:{front.port}{urlsplit(mongo_url).path}?directConnection=true&tls=true{options}"


def test_rows_go_to_a_server_whose_certificate_is_trusted(opened, front, mongo_url, pki):
    store = opened(url_of(front, mongo_url, tlsCAFile=pki.crt("ca")))
    store.store([a_run("job", T0, Status.SUCCEEDED)])
    assert [run.job_name for run in store.runs(RunQuery(job="job")).runs] == ["job"]


def test_rows_go_to_a_server_that_asks_for_a_certificate(opened, strict_front, mongo_url, pki):
    files = {"tlsCAFile": pki.crt("ca"), "tlsCertificateKeyFile": pki.pem("client")}
    opened(url_of(strict_front, mongo_url, **files)).store([a_run("job", T0, Status.SUCCEEDED)])


@pytest.mark.parametrize("trusted", ["other-ca", None], ids=["another authority", "the system's authorities"])
def test_a_server_of_an_unknown_authority_is_refused(opened, front, mongo_url, pki, trusted):
    files = {"tlsCAFile": pki.crt(trusted)} if trusted else {}
    with pytest.raises(StoreUnavailable, match=r"(?i)certificate.verify.failed.*tlsCAFile=PATH"):
        opened(url_of(front, mongo_url, **files), timeout_seconds=3)


def test_a_server_of_another_name_is_refused(opened, front, mongo_url, pki):
    with pytest.raises(
        StoreUnavailable, match=r"(?i)hostname mismatch.*a name or address that its certificate carries"
    ):
        opened(url_of(front, mongo_url, host="localhost", tlsCAFile=pki.crt("ca")), timeout_seconds=3)


@pytest.mark.parametrize("who", [None, "stranger"])
def test_a_client_without_a_good_certificate_is_not_served(opened, strict_front, mongo_url, pki, who):
    files = {"tlsCAFile": pki.crt("ca")} | ({"tlsCertificateKeyFile": pki.pem(who)} if who else {})
    with pytest.raises(StoreUnavailable, match=r"tlsCertificateKeyFile=PATH|(?i:closed|reset|broken)"):
        opened(url_of(strict_front, mongo_url, **files), timeout_seconds=3)


@pytest.fixture
def own(tmp_path):
    """Files of this test alone, to be changed."""
    made = Pki(tmp_path / "own")
    made.authority()
    for name in ("server", "client"):
        made.certificate(name)
    return made


@pytest.fixture
def fronts(mongo_server):
    """Fronts that ask for a certificate; each takes the place of the one before."""
    made = []

    def make(pki):
        if made:
            made[-1].close()
        port = made[-1].port if made else 0
        made.append(TlsFront(pki, urlsplit(mongo_server).port, ask=True, port=port))
        return made[-1]

    yield make
    for front in made:
        front.close()


def own_url(front, mongo_url, own):
    return url_of(front, mongo_url, tlsCAFile=own.crt("ca"), tlsCertificateKeyFile=own.pem("client"))


@pytest.mark.parametrize(
    ("break_it", "told"),
    [
        (lambda own: own.crt("ca").unlink(), r"cannot read .*ca\.crt: No such file"),
        (lambda own: own.crt("ca").write_bytes(b""), r"ca\.crt cannot be used: no certificate"),
        (lambda own: own.pem("client").write_bytes(b""), r"client\.pem cannot be used: "),
        (
            lambda own: own.pem("client").write_bytes(
                own.crt("client").read_bytes() + own.key("server").read_bytes()
            ),
            r"client\.pem cannot be used: key values mismatch",
        ),
    ],
    ids=["missing", "empty", "no certificate", "another key"],
)
def test_a_file_that_cannot_be_used_is_named_until_it_can(fronts, mongo_url, own, break_it, told):
    url = own_url(fronts(own), mongo_url, own)
    good = {path: path.read_bytes() for path in (own.crt("ca"), own.pem("client"))}
    break_it(own)
    with contextlib.closing(open_store(url, 10)) as store:
        for ask in (store.prepare, store.ping, store.job_states, lambda: list(store.ledger_rows(None, 0, 1))):
            with pytest.raises(StoreUnavailable, match=told):
                ask()
        for path, content in good.items():
            path.write_bytes(content)
        store.ping()


def test_renewed_certificates_are_used_without_a_restart(opened, fronts, mongo_url, own):
    """All of them change, the authority too, so that the old ones are of no use to who has read them."""
    store = opened(own_url(fronts(own), mongo_url, own), timeout_seconds=2)
    store.store([a_run("job", T0, Status.SUCCEEDED)])
    own.authority()
    for name in ("server", "client"):
        own.certificate(name)
    fronts(own)
    wait_until(lambda: answers(store), 20, "an answer to the renewed certificate")
    assert [run.job_name for run in store.runs(RunQuery(job="job")).runs] == ["job"]


def test_new_files_that_cannot_be_used_leave_the_old_ones_in_use(opened, fronts, mongo_url, own, caplog):
    front = fronts(own)
    store = opened(own_url(front, mongo_url, own), timeout_seconds=2)
    own.pem("client").write_bytes(own.crt("client").read_bytes())
    for _ in range(2):
        front.close()
        assert not answers(store)
        front = fronts(own)
        wait_until(lambda: answers(store), 20, "an answer to the old certificate")
    told = [record.getMessage() for record in caplog.records if "go on" in record.getMessage()]
    assert len(told) == 1
    assert "client.pem cannot be used" in told[0]


def answers(store):
    try:
        store.ping()
    except StoreUnavailable:
        return False
    return True
