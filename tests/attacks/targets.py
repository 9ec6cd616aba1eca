"""Daemons that are attacked, and how clients and attackers reach them."""

import contextlib
import pathlib
import shutil
import socket
import ssl
import tempfile

import grpc
from certificates import Authority
from daemon import Daemon
from edge import Edge, secure_channel
from free_ports import free_ports
from http2 import Connection

MODEL = "albert"
MODEL_FOLDER = pathlib.Path(__file__).parents[1] / "testdata/goldens/albert_base/model"
# The edge's limits are for each address: attackers' are from 127.0.0.66 on, valid clients
# have another one.
FIRST_ATTACKER = 66
CONNECT_TIMEOUT_S = 5


class Parties:
    """Makes below `folder` the model, and certificates: the server and its client have
    theirs from one authority, the stranger from another."""

    def __init__(self, folder):
        self.models = folder / "models"
        shutil.copytree(MODEL_FOLDER, self.models / MODEL)
        self.authority = Authority(folder, "authority")
        self.authority.issue("server")
        self.insider = self.authority.issue("client")
        self.stranger = Authority(folder, "others").issue("stranger")


class Bare:
    """A plaintext port. Runs when made, until close()."""

    # Whether attacks may not harm it.
    holds = False

    def __init__(self, parties):
        self._parties = parties
        self.daemon = self._start()
        self.address = self.daemon.address

    def _start(self, *flags, **options):
        flags = [f"--load_model={MODEL}", f"--health_port={free_ports(1)[0]}", *flags]
        return Daemon(self._parties.models, *flags, **options)

    def channel(self):
        """That of a valid client."""
        options = [("grpc.use_local_subchannel_pool", 1)]
        return grpc.insecure_channel(self.address, options=options)

    def connect(self, acknowledges, source):
        """An attacker's connection, from one of its addresses."""
        host, port = self.address.split(":")
        address = f"127.0.0.{FIRST_ATTACKER + source}"
        plain = socket.create_connection((host, int(port)), CONNECT_TIMEOUT_S, (address, 0))
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(plain.close)
            connection = Connection(self._secured(plain), acknowledges)
            on_failure.pop_all()
        return connection

    def _secured(self, plain):
        return plain

    def close(self):
        self.daemon.kill()


class WithTls(Bare):
    """TLS, where an attacker shows `certificate` (its file and that of its key) or none."""

    certificate = None

    def channel(self):
        return secure_channel(self.address, self._parties.authority, "client")

    def _secured(self, plain):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        if self.certificate:
            context.load_cert_chain(*self.certificate)
        return context.wrap_socket(plain)


class NoCertificate(WithTls):
    """Mutual TLS, and a stranger without a certificate."""

    holds = True

    def _start(self):
        authority = self._parties.authority
        certificate, key = self._parties.insider
        return super()._start(
            f"--tls_cert_file={authority.certificate('server')}",
            f"--tls_key_file={authority.key('server')}",
            f"--tls_client_ca_file={authority.certificate(authority.name)}",
            connection={
                "ssl": True, "certificate_chain": certificate, "private_key": key,
                "root_certificates": authority.certificate(authority.name),
            },
        )


class OthersCertificate(NoCertificate):
    """Mutual TLS, and a stranger with a certificate of another authority."""

    @property
    def certificate(self):
        return self._parties.stranger


class Insider(NoCertificate):
    """Mutual TLS, and an attacker with a certificate of the authority."""

    holds = False

    @property
    def certificate(self):
        return self._parties.insider


class BehindEdge(WithTls):
    """haproxy as the chart configures it, and anybody."""

    holds = True

    def __init__(self, parties):
        super().__init__(parties)
        with contextlib.ExitStack() as running:
            running.callback(super().close)
            folder = running.enter_context(tempfile.TemporaryDirectory(prefix="edge-"))
            edge = Edge(pathlib.Path(folder), parties.authority, free_ports(2), self.daemon)
            running.callback(edge.stop)
            self.address = f"127.0.0.1:{edge.port}"
            self._running = running.pop_all()

    def close(self):
        self._running.close()


TARGETS = {
    "bare": Bare,
    "insider": Insider,
    "no-certificate": NoCertificate,
    "others-certificate": OthersCertificate,
    "edge": BehindEdge,
}
