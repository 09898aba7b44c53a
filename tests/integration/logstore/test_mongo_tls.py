"""MongoDB behind TLS: what the options of its URL say is done, and certificates are checked."""

from urllib.parse import quote, urlsplit

import pytest

from app.common.errors import StoreError, StoreUnavailable
from app.common.logstore import RunQuery
from app.common.models import Status
from tests.harness.pki import Pki
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
    with pytest.raises(StoreUnavailable, match=r"(?i)certificate.verify.failed"):
        opened(url_of(front, mongo_url, **files), timeout_seconds=1)


def test_a_server_of_another_name_is_refused(opened, front, mongo_url, pki):
    with pytest.raises(StoreUnavailable, match=r"(?i)hostname mismatch"):
        opened(url_of(front, mongo_url, host="localhost", tlsCAFile=pki.crt("ca")), timeout_seconds=1)


@pytest.mark.parametrize("who", [None, "stranger"])
def test_a_client_without_a_good_certificate_is_not_served(opened, strict_front, mongo_url, pki, who):
    files = {"tlsCAFile": pki.crt("ca")} | ({"tlsCertificateKeyFile": pki.pem(who)} if who else {})
    with pytest.raises(StoreUnavailable):
        opened(url_of(strict_front, mongo_url, **files), timeout_seconds=1)


def test_a_file_that_is_missing_is_an_error_that_names_it(opened, front, mongo_url, tmp_path):
    with pytest.raises(StoreError, match=r"missing\.pem"):
        opened(url_of(front, mongo_url, tlsCAFile=tmp_path / "missing.pem"), timeout_seconds=1)
