"""One pod's life on the fake node, with a real daemon in it."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from api import ApiError
from probes import Prober
from sandbox import Sandbox, local_address

POLL_S = 0.05
LONGEST_BACKOFF_S = 10


def now_rfc3339():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class PodWorker:
    """Starts the daemon, probes it, restarts it when it ends or is not alive, and on
    deletion sends SIGTERM, and SIGKILL after the grace period. One thread."""

    def __init__(self, api, pod, ip, folder):
        self.name, self.ip = pod["metadata"]["name"], ip
        self.process = None
        self.exit_codes = []
        self._api, self._pod = api, pod
        (self._container,) = pod["spec"]["containers"]
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix=self.name + "-", dir=folder))
        self.log_path = self._folder / "log"
        self._restarts = 0
        self._ready, self._state = False, {"waiting": {"reason": "ContainerCreating"}}
        self._grace_s = None
        self._killed_without_grace = False
        self._deleted = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def delete(self, grace_s):
        """The pod has a deletionTimestamp."""
        self._grace_s = grace_s
        self._deleted.set()

    def abandon(self):
        """The test is over: ends the daemon at once and tells nobody."""
        self._killed_without_grace = True
        self.delete(0)
        self._thread.join()

    def _run(self):
        sandbox = Sandbox(self._api, self._pod, self._folder / "volumes")
        backoff_s = 1
        while not self._deleted.is_set():
            self._start(sandbox)
            self._watch_over()
            if self._deleted.is_set():
                break
            self.exit_codes.append(self._stop(grace_s=1))
            self._restarts += 1
            self._publish(False, {"waiting": {"reason": "CrashLoopBackOff"}})
            self._deleted.wait(backoff_s)
            backoff_s = min(2 * backoff_s, LONGEST_BACKOFF_S)
        self._end()

    def _start(self, sandbox):
        # Its own network, in which it listens on all addresses, is here one address.
        address = local_address(self.ip)
        flags = [f"--grpc_address={address}", f"--metrics_address={address}"]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [os.environ["TRANSFORMERD"], *flags, *self._container.get("args", [])],
                env={"PATH": os.environ["PATH"], **sandbox.environment(self._container)},
                stdout=log, stderr=log,
            )
        self._publish(False, {"running": {"startedAt": now_rfc3339()}})

    def _watch_over(self):
        """Returns when the daemon ended, is not alive, or the pod is to be deleted."""
        started = time.monotonic()
        startup, liveness, readiness = (
            Prober(self._container[kind + "Probe"], local_address(self.ip), started)
            for kind in ("startup", "liveness", "readiness")
        )
        while not self._deleted.wait(POLL_S) and self.process.poll() is None:
            now = time.monotonic()
            if not startup.passing:
                startup.poll(now)
                if startup.passing is False:
                    return
                continue
            liveness.poll(now)
            if liveness.passing is False:
                return
            readiness.poll(now)
            if bool(readiness.passing) != self._ready:
                self._publish(bool(readiness.passing), self._state)

    def _stop(self, grace_s):
        """The exit code of the daemon, after SIGTERM or what else it takes."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(grace_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()

    def _end(self):
        if self.process is not None:
            self.exit_codes.append(self._stop(self._grace_s))
        if not self._killed_without_grace:
            self._publish(False, {"terminated": {"exitCode": (self.exit_codes or [0])[-1]}})
            try:
                self._api.delete("v1", "Pod", self.name, gracePeriodSeconds=0)
            except ApiError as error:
                if error.code != 404:
                    raise
        shutil.rmtree(self._folder / "volumes", ignore_errors=True)

    def _publish(self, ready, state):
        self._ready, self._state = ready, state
        is_true = "True" if ready else "False"
        conditions = {
            "PodScheduled": "True", "Initialized": "True",
            "ContainersReady": is_true, "Ready": is_true,
        }
        status = {
            "phase": "Running",
            "podIP": self.ip,
            "podIPs": [{"ip": self.ip}],
            "conditions": [
                {"type": kind, "status": value, "lastTransitionTime": now_rfc3339()}
                for kind, value in conditions.items()
            ],
            "containerStatuses": [{
                "name": self._container["name"],
                "image": self._container["image"],
                "imageID": "",
                "ready": ready,
                "started": "running" in state,
                "restartCount": self._restarts,
                "state": state,
            }],
        }
        try:
            self._api.patch("v1", "Pod", self.name, {"status": status}, "status")
        except ApiError as error:
            # Somebody who is in a hurry may delete the object without waiting for us.
            if error.code != 404:
                raise
