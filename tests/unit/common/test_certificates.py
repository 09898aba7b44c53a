import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from app.common.certificates import CertificateExpiry, configured, ends
from app.common.settings import WorkerSettings
from tests.harness.pki import Pki

DAY = 86_400


@pytest.fixture
def pki(tmp_path) -> Pki:
    pki = Pki(tmp_path / "pki")
    pki.authority()
    pki.certificate("client", days=2)
    return pki


def openssl_end(file: Path) -> float:
    shown = subprocess.run(
        ["openssl", "x509", "-enddate", "-noout", "-dateopt", "iso_8601", "-in", str(file)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return datetime.fromisoformat(shown.strip().partition("=")[2].replace(" ", "T", 1)).timestamp()


def shown(expiry: CertificateExpiry) -> dict[str, float]:
    (family,) = expiry.collect()
    return {sample.labels["certificate"]: sample.value for sample in family.samples}


def test_the_end_is_what_openssl_says(pki):
    assert ends(pki.crt("client")) == openssl_end(pki.crt("client"))


def test_of_several_in_a_file_the_first_to_end_counts_and_keys_are_passed_over(pki, tmp_path):
    pki.certificate("long", days=30)
    both = tmp_path / "both.pem"
    both.write_bytes(pki.pem("long").read_bytes() + pki.pem("client").read_bytes())
    assert ends(both) == ends(pki.crt("client")) < ends(pki.crt("long"))


def test_a_renewed_file_shows_its_new_end(pki):
    expiry = CertificateExpiry({"etcd-client": pki.crt("client")})
    first = shown(expiry)["etcd-client"]
    pki.certificate("client", days=30)
    assert shown(expiry)["etcd-client"] > first + 27 * DAY


def test_a_file_that_cannot_be_read_has_no_series_until_it_can(pki, tmp_path, caplog):
    late = tmp_path / "late.crt"
    expiry = CertificateExpiry({"etcd-ca": pki.crt("ca"), "etcd-client": late})
    for _ in range(3):
        assert shown(expiry).keys() == {"etcd-ca"}
    assert len([r for r in caplog.records if r.__dict__.get("action") == "certificate"]) == 1
    late.write_text("no certificate")
    assert shown(expiry).keys() == {"etcd-ca"}
    shutil.copy(pki.crt("client"), late)
    assert shown(expiry).keys() == {"etcd-ca", "etcd-client"}


def test_files_are_found_in_the_settings_and_in_the_url_of_the_store():
    settings = WorkerSettings(
        _env_file=None,
        etcd_endpoints=("https://127.0.0.1:2379",),
        etcd_ca_cert="/tls/ca.crt",
        etcd_cert="/tls/worker.crt",
        etcd_key="/tls/worker.key",
        store_url="mongodb://host/cron?TLSCAFile=%2Ftls%2Fstore%20ca.crt;tlsCertificateKeyFile=/tls/store.pem",
    )
    assert configured(settings) == {
        "etcd-ca": Path("/tls/ca.crt"),
        "etcd-client": Path("/tls/worker.crt"),
        "store-ca": Path("/tls/store ca.crt"),
        "store-client": Path("/tls/store.pem"),
    }
    assert configured(WorkerSettings(_env_file=None)) == {}
