"""A certificate authority for tests, made by openssl; they are skipped where there is none."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class Authority:
    """A certificate authority in a folder, and the certificates it signed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.openssl = shutil.which("openssl") or pytest.skip("needs openssl to make certificates")
        self.file = folder / "ca.pem"
        subject = ["-subj", "/CN=Test Authority", "-out", self.file, "-keyout", folder / "ca.key"]
        self.run("req", "-x509", *NEW_KEY, "-days", "2", *subject)

    def run(self, *arguments: object) -> None:
        subprocess.run([self.openssl, *map(str, arguments)], check=True, capture_output=True, cwd=self.folder)

    def sign(self, name: str, *, host: str = "IP:127.0.0.1", days: int = 2, locked: str = "") -> Path:
        """Sign a certificate and give the file that holds it and its key; one of less than no days has expired."""
        key, request, cert = (self.folder / f"{name}.{end}" for end in ("key", "csr", "crt"))
        self.run("req", "-new", *NEW_KEY, "-subj", f"/CN={name}", "-out", request, "-keyout", key)
        extra = self.folder / f"{name}.ext"
        extra.write_text(f"subjectAltName={host}\n")
        signing = ["-CA", self.file, "-CAkey", self.folder / "ca.key", "-CAcreateserial", "-extfile", extra]
        self.run("x509", "-req", "-in", request, *signing, "-days", days, "-out", cert)
        if locked:
            self.run("pkey", "-in", key, "-aes256", "-passout", f"pass:{locked}", "-out", f"{name}.locked")
            key = self.folder / f"{name}.locked"
        both = self.folder / f"{name}.pem"
        both.write_bytes(key.read_bytes() + cert.read_bytes())
        return both

    def server(self, certificate: Path, *, asks: bool = False) -> ssl.SSLContext:
        """Make a server's context; where it `asks`, clients have to show a certificate of this authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        if asks:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.file)
        return context
