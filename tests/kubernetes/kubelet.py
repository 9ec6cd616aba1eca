"""A node whose kubelet starts the daemon for every pod that is bound to it."""

import tempfile
import threading

from pod_worker import PodWorker
from sandbox import pod_ip

NODE = "node-1"
ROOM = {"cpu": "64", "memory": "256Gi", "pods": "200", "ephemeral-storage": "1Ti"}


def register_node(api):
    api.apply({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": NODE, "labels": {"kubernetes.io/hostname": NODE}},
    })
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
    status = {"capacity": ROOM, "allocatable": ROOM, "conditions": [ready]}
    api.patch("v1", "Node", NODE, {"status": status}, "status")


class Kubelet:
    """Follows the pods of one namespace until stop()."""

    def __init__(self, api):
        self._api = api
        self._folder = tempfile.TemporaryDirectory(prefix="kubelet-")
        self._lock = threading.Lock()
        self._workers = {}
        self._last_address = 0
        self._stopped = False
        register_node(api)
        threading.Thread(target=self._follow, name="kubelet", daemon=True).start()

    def _follow(self):
        path = self._api.path("v1", "Pod")
        for kind, pod in self._api.watch(path, f"spec.nodeName={NODE}"):
            if kind in ("ADDED", "MODIFIED"):
                self._sync(pod)

    def _sync(self, pod):
        uid, metadata = pod["metadata"]["uid"], pod["metadata"]
        with self._lock:
            if self._stopped:
                return
            if uid not in self._workers:
                # Addresses are not used again: old connections must not meet new pods.
                self._last_address += 1
                ip = pod_ip(self._last_address)
                self._workers[uid] = PodWorker(self._api, pod, ip, self._folder.name)
            if "deletionTimestamp" in metadata:
                self._workers[uid].delete(metadata["deletionGracePeriodSeconds"])

    def worker(self, pod):
        with self._lock:
            return self._workers[pod["metadata"]["uid"]]

    def workers(self):
        with self._lock:
            return list(self._workers.values())

    def stop(self):
        with self._lock:
            self._stopped = True
        for worker in self.workers():
            worker.abandon()
        self._folder.cleanup()
