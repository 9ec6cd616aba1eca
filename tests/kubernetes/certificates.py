"""A certificate for tests."""

import subprocess


def make_certificate(folder):
    """tls.crt and tls.key of localhost, which is its own authority: ca.crt."""
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
            "-keyout", folder / "tls.key", "-out", folder / "tls.crt",
        ],
        check=True, capture_output=True,
    )
    (folder / "ca.crt").write_bytes((folder / "tls.crt").read_bytes())
