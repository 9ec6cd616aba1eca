"""haproxy as the chart configures it, before a daemon on this machine."""

import os
import pathlib
import shutil
import subprocess
import time

import chart
import grpc

START_TIMEOUT_S = 20


def haproxy(*arguments, **options):
    """Starts the program in HAPROXY, the folder that its package is unpacked in."""
    folder = pathlib.Path(os.environ["HAPROXY"])
    libraries = {"LD_LIBRARY_PATH": str(folder / "usr/lib/x86_64-linux-gnu")}
    program = [folder / "usr/sbin/haproxy", *arguments]
    return subprocess.Popen(program, env={**os.environ, **libraries}, **options)


def write_secret(folder, authority, name):
    """The files of a TLS Secret: the certificate `name` and its authority's."""
    shutil.copy(authority.certificate(name), folder / "tls.crt")
    shutil.copy(authority.key(name), folder / "tls.key")
    shutil.copy(authority.certificate(authority.name), folder / "ca.crt")


def config_text(*arguments):
    """haproxy.cfg of the value set edge and the arguments of `helm template`."""
    objects = chart.Objects(*chart.values_of("edge"), *arguments)
    return next(c["data"]["haproxy.cfg"] for c in objects.of("ConfigMap") if "haproxy.cfg" in c["data"])


class Edge:
    """Runs on the ports `port` (TLS) and `health_port`, with the certificate "server" of
    an authority, until stop()."""

    def __init__(self, folder, authority, ports, daemon, *arguments):
        self.port, self.health_port = ports
        self._authority = authority
        self._log = folder / "log"
        write_secret(folder, authority, "server")
        places = {
            ":8001 ssl": f"127.0.0.1:{self.port} ssl",
            ":8003 proto": f"127.0.0.1:{self.health_port} proto",
            "127.0.0.1:9001": daemon.address,
            "127.0.0.1:9003": daemon.health_address,
            "/etc/haproxy/tls": str(folder),
        }
        text = config_text(*arguments)
        for given, here in places.items():
            assert given in text
            text = text.replace(given, here)
        (folder / "haproxy.cfg").write_text(text)
        with open(self._log, "wb") as log:
            self._process = haproxy("-db", "-f", folder / "haproxy.cfg", stdout=log, stderr=log)
        try:
            self._wait_until_open()
        except BaseException:
            self.stop()
            raise

    def _wait_until_open(self):
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            assert self._process.poll() is None, self._log.read_text()
            try:
                with self.channel("client") as channel:
                    return grpc.channel_ready_future(channel).result(1)
            except grpc.FutureTimeoutError:
                assert time.monotonic() < deadline, self._log.read_text()

    def channel(self, name=None):
        """A channel, with the certificate `name` of the authority if one is given."""
        return secure_channel(f"127.0.0.1:{self.port}", self._authority, name)

    def stop(self):
        self._process.kill()
        self._process.wait()


def secure_channel(target, authority, name=None):
    """To a server with a certificate of the authority for localhost."""

    def read(path):
        return pathlib.Path(path).read_bytes()

    identity = (None, None)
    if name:
        identity = read(authority.key(name)), read(authority.certificate(name))
    trusted = read(authority.certificate(authority.name))
    credentials = grpc.ssl_channel_credentials(trusted, *identity)
    options = [
        ("grpc.ssl_target_name_override", "localhost"),
        # Each channel has connections of its own.
        ("grpc.use_local_subchannel_pool", 1),
    ]
    return grpc.secure_channel(target, credentials, options=options)
