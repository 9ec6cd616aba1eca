"""Certificates for tests, made with the openssl command."""

import pathlib
import subprocess

SUBJECT_NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1"


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)


class Authority:
    """Issues certificates into a folder: NAME.pem and NAME.key."""

    def __init__(self, folder, name):
        self.folder = pathlib.Path(folder)
        self.name = name
        openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-subj", f"/CN={name}", "-days", "2"),
            *("-keyout", self.key(name), "-out", self.certificate(name)),
        )

    def certificate(self, name):
        return str(self.folder / f"{name}.pem")

    def key(self, name):
        return str(self.folder / f"{name}.key")

    def issue(self, name, days=1):
        """A certificate for a server on this machine, or a client."""
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        extensions.write_text(SUBJECT_NAMES)
        openssl(
            *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-subj", f"/CN={name}", "-keyout", self.key(name), "-out", str(request)),
        )
        openssl(
            *("x509", "-req", "-in", str(request), "-days", str(days), "-CAcreateserial"),
            *("-CA", self.certificate(self.name), "-CAkey", self.key(self.name)),
            *("-extfile", str(extensions), "-out", self.certificate(name)),
        )
        return self.certificate(name), self.key(name)
