"""When the certificates end that a master or worker is configured with."""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from app.common import store_url
from app.common.file_version import Version, version
from app.common.metrics.shared import CERTIFICATE_EXPIRY
from app.common.settings import CommonSettings

log = logging.getLogger(__name__)


def configured(settings: CommonSettings) -> dict[str, Path]:
    """The files by what they are for: etcd-ca, etcd-client, store-ca, store-client."""
    options = store_url.options(settings.store_url)
    files = {
        "etcd-ca": settings.etcd_ca_cert,
        "etcd-client": settings.etcd_cert,
        "store-ca": options.get("tlscafile"),
        "store-client": options.get("tlscertificatekeyfile"),
    }
    return {name: Path(file) for name, file in files.items() if file}


def ends(file: Path) -> float:
    """When the first of the certificates in a PEM file ends, in epoch seconds; other parts are passed over.

    Raises OSError, and ValueError where there is none.
    """
    from cryptography import x509  # 5 MB of memory, for those with certificates only

    found = x509.load_pem_x509_certificates(file.read_bytes())
    return min(certificate.not_valid_after_utc.timestamp() for certificate in found)


class CertificateExpiry(Collector):
    """The metric. A file is read again when it has changed; one that cannot be read has no series."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files
        self._known: dict[str, tuple[Version, float | None]] = {}

    def collect(self) -> Iterator[Metric]:
        metric = GaugeMetricFamily(*CERTIFICATE_EXPIRY, labels=["certificate"])
        for name, file in self._files.items():
            end = self._end(name, file)
            if end is not None:
                metric.add_metric([name], end)
        yield metric

    def _end(self, name: str, file: Path) -> float | None:
        found = version(file)
        known = self._known.get(name)
        if known is None or known[0] != found:
            known = self._known[name] = (found, _read(name, file))
        return known[1]


def _read(name: str, file: Path) -> float | None:
    try:
        return ends(file)
    except (OSError, ValueError) as error:
        log.warning(
            "It is unknown when a certificate ends: %s",
            error,
            extra={"action": "certificate", "file": str(file)},
        )
        return None
