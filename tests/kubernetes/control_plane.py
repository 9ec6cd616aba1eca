"""etcd, API server, controller manager and scheduler on loopback."""

import json
import os
import pathlib
import secrets
import subprocess
import time

from api import Api, ApiError
from free_ports import free_ports

START_TIMEOUT_S = 120
POLL_S = 0.1


class ControlPlane:
    """Running when made; stop() ends all of it. Everything it writes is in `folder`."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.programs = pathlib.Path(os.environ["KUBERNETES"])
        self.processes = []
        self.etcd_port, self.peer_port, self.api_port = free_ports(3)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self):
        token = secrets.token_hex(16)
        (self.folder / "tokens.csv").write_text(f"{token},admin,admin,system:masters\n")
        key, public = self.folder / "sa.key", self.folder / "sa.pub"
        for command in (["genrsa", "-out", key, "2048"], ["rsa", "-in", key, "-pubout", "-out", public]):
            subprocess.run(["openssl", *command], check=True, capture_output=True)
        self._start_etcd()
        self._start_api_server()
        self._wait_for((self.folder / "certs/apiserver.crt").exists)
        url, authority = f"https://127.0.0.1:{self.api_port}", self.folder / "certs/apiserver.crt"
        self.api = Api(url, token, authority)
        self._wait_for(self._is_ready)
        self._start_controllers(url, token, authority)

    def _run(self, program, *flags):
        with open(self.folder / f"{program.name}.log", "wb") as log:
            self.processes.append(
                subprocess.Popen([program, *flags], stdout=log, stderr=log, cwd=self.folder)
            )

    def _start_etcd(self):
        client, peer = (f"http://127.0.0.1:{p}" for p in (self.etcd_port, self.peer_port))
        self._run(
            pathlib.Path(os.environ["ETCD"]),
            f"--data-dir={self.folder}/etcd",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
        )

    def _start_api_server(self):
        self._run(
            self.programs / "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self.etcd_port}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self.api_port}",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            f"--cert-dir={self.folder}/certs",
            f"--service-account-key-file={self.folder}/sa.pub",
            f"--service-account-signing-key-file={self.folder}/sa.key",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--token-auth-file={self.folder}/tokens.csv",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--feature-gates=ImageVolume=true",
        )

    def _start_controllers(self, url, token, authority):
        config = self.folder / "kubeconfig"
        config.write_text(json.dumps({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "tests", "cluster": {
                "server": url, "certificate-authority": str(authority)}}],
            "users": [{"name": "admin", "user": {"token": token}}],
            "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "admin"}}],
            "current-context": "tests",
        }))
        common = [f"--{flag}={config}" for flag in (
            "kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig")]
        common += ["--bind-address=127.0.0.1", "--secure-port=0", "--leader-elect=false"]
        self._run(
            self.programs / "kube-controller-manager",
            *common,
            "--use-service-account-credentials=false",
            f"--service-account-private-key-file={self.folder}/sa.key",
            # The node's kubelet writes no heartbeats.
            "--node-monitor-grace-period=24h",
            "--horizontal-pod-autoscaler-sync-period=2s",
        )
        self._run(self.programs / "kube-scheduler", *common)

    def _is_ready(self):
        try:
            return self.api.request("GET", "/readyz") == "ok"
        except (ApiError, OSError):
            return False

    def _wait_for(self, is_so):
        deadline = time.monotonic() + START_TIMEOUT_S
        while not is_so():
            ended = [p.args[0].name for p in self.processes if p.poll() is not None]
            if ended or time.monotonic() > deadline:
                raise RuntimeError(f"no control plane; ended: {ended}, logs in '{self.folder}'")
            time.sleep(POLL_S)

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in reversed(self.processes):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
