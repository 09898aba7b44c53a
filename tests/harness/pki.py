"""Certificate authorities and certificates for tests, made by openssl."""

import subprocess
from pathlib import Path

from tests.harness.services import needs

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class Pki:
    """NAME.crt and NAME.key in a directory, and NAME.pem, which holds both."""

    def __init__(self, directory: Path) -> None:
        needs("openssl")
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory

    def authority(self, name: str = "ca") -> None:
        self._openssl("req", "-x509", *_KEY, "-subj", f"/CN={name}", "-days", "2", *self._files(name))

    def certificate(
        self,
        name: str,
        *,
        ca: str = "ca",
        common_name: str | None = None,
        alternative: str = "IP:127.0.0.1",
        days: int = 2,
    ) -> None:
        """`days` below 0: it has expired. Written over what is there, as a renewal is."""
        request, extensions = self.directory / f"{name}.csr", self.directory / f"{name}.extensions"
        extensions.write_text(f"subjectAltName={alternative}\nextendedKeyUsage=serverAuth,clientAuth\n")
        subject = f"/CN={common_name or name}"
        self._openssl("req", *_KEY, "-subj", subject, "-keyout", str(self.key(name)), "-out", str(request))
        authority = ("-CA", str(self.crt(ca)), "-CAkey", str(self.key(ca)), "-CAcreateserial")
        extra = ("-days", str(days), "-extfile", str(extensions))
        self._openssl("x509", "-req", "-in", str(request), "-out", str(self.crt(name)), *authority, *extra)
        self.pem(name).write_bytes(self.crt(name).read_bytes() + self.key(name).read_bytes())

    def crt(self, name: str) -> Path:
        return self.directory / f"{name}.crt"

    def key(self, name: str) -> Path:
        return self.directory / f"{name}.key"

    def pem(self, name: str) -> Path:
        return self.directory / f"{name}.pem"

    def _files(self, name: str) -> tuple[str, ...]:
        return ("-keyout", str(self.key(name)), "-out", str(self.crt(name)))

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)
