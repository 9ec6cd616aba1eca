"""One running daemon and what tests ask of it."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import grpc
import tritonclient.grpc as triton
from tritonclient.grpc import service_pb2
from tritonclient.utils import InferenceServerException

START_TIMEOUT_S = 60
POLL_S = 0.02


class Daemon:
    """Starts on free ports in explicit mode; further flags win over these.

    Serves when the models to load at start are ready, or, with
    wait_until_ready=False, as soon as the ports are bound. `connection` holds
    further arguments of tritonclient's clients, say for TLS.
    """

    def __init__(
        self, repository, *flags, environment=None, wait_until_ready=True, connection=None
    ):
        self.folder = tempfile.mkdtemp(prefix="transformerd-")
        port_file = os.path.join(self.folder, "ports")
        self.log_path = os.path.join(self.folder, "log")
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [
                    os.environ["TRANSFORMERD"],
                    f"--model_repository={repository}",
                    "--model_control_mode=explicit",
                    "--grpc_port=0",
                    "--metrics_port=0",
                    f"--port_file={port_file}",
                    "--drain_delay=0s",
                    *flags,
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
            )
        self.wait_until(lambda: os.path.exists(port_file))
        with open(port_file, encoding="utf-8") as file:
            ports = dict(line.split("=", 1) for line in file.read().split())
        self.address = f"127.0.0.1:{ports['grpc_port']}"
        self.metrics_address = f"127.0.0.1:{ports['metrics_port']}"
        self.health_address = f"127.0.0.1:{ports['health_port']}"
        self.client = triton.InferenceServerClient(self.address, **(connection or {}))
        if wait_until_ready:
            self.wait_until(self.client.is_server_ready)

    def wait_until(self, is_so):
        """Returns when a function says so; raises with the log where it never does."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while not is_so():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("waited for the daemon in vain:\n" + self.log())
            time.sleep(POLL_S)

    def log(self):
        with open(self.log_path, encoding="utf-8") as file:
            return file.read()

    def await_log(self, words, times=1):
        """Returns when the log has these words, so many times."""
        self.wait_until(lambda: self.log().count(words) >= times)

    def load(self, name, timeout=60, metadata=(), **parameters):
        """RepositoryModelLoad with typed parameters."""
        request = service_pb2.RepositoryModelLoadRequest(model_name=name)
        for key, value in parameters.items():
            if isinstance(value, bool):
                request.parameters[key].bool_param = value
            elif isinstance(value, int):
                request.parameters[key].int64_param = value
            elif isinstance(value, str):
                request.parameters[key].string_param = value
            else:
                request.parameters[key].string_param = json.dumps(value)
        stub = self.client._client_stub
        stub.RepositoryModelLoad(request, timeout=timeout, metadata=metadata)

    def infer(self, name, inputs, outputs=None, **kwargs):
        """Sends numpy arrays; returns a dict of numpy arrays."""
        tensors = []
        for key, array in inputs.items():
            kind = triton_type(array)
            tensor = triton.InferInput(key, list(array.shape), kind)
            tensor.set_data_from_numpy(array)
            tensors.append(tensor)
        wanted = outputs and [triton.InferRequestedOutput(o) for o in outputs]
        result = self.client.infer(name, tensors, outputs=wanted, **kwargs)
        names = [o.name for o in result.get_response().outputs]
        return {o: result.as_numpy(o) for o in names}

    def infer_stub(self, name, timeout=10):
        """A request without inputs, for calls that must fail before them."""
        request = service_pb2.ModelInferRequest(model_name=name)
        return self.client._client_stub.ModelInfer(request, timeout=timeout)

    def metric(self, name, labels=""):
        """The sum of a metric's samples whose labels contain `labels`."""
        url = f"http://{self.metrics_address}/metrics"
        text = urllib.request.urlopen(url, timeout=10).read().decode()
        sample = re.compile(r"(\w+)(\{.*\})? (\S+)$")
        matches = filter(None, map(sample.match, text.split("\n")))
        return sum(
            float(m[3]) for m in matches if m[1] == name and labels in (m[2] or "")
        )

    def get(self, path):
        """Status code and body of an HTTP GET."""
        try:
            url = f"http://{self.metrics_address}{path}"
            answer = urllib.request.urlopen(url, timeout=10)
        except urllib.error.HTTPError as error:
            answer = error
        return answer.status, answer.read().decode()

    def index_when_settled(self):
        """The repository's index by name, once nothing is loading."""
        index = {}

        def is_settled():
            models = self.client.get_model_repository_index().models
            index.update((model.name, model) for model in models)
            return not any(model.state == "LOADING" for model in models)

        self.wait_until(is_settled)
        return index

    def read_bytes(self):
        """Bytes that the process has read so far, by the kernel's count."""
        with open(f"/proc/{self.process.pid}/io", encoding="utf-8") as file:
            return int(re.search(r"^rchar: (\d+)", file.read(), re.M)[1])

    def worker_cpu_ticks(self):
        """CPU time of each worker's thread, by the kernel's count."""
        ticks = {}
        for stat in pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/stat"):
            name, fields = re.fullmatch(r"\d+ \((.*)\) (.*)\n", stat.read_text()).groups()
            if name.startswith("worker-"):
                user, system = fields.split()[11:13]
                ticks[name] = int(user) + int(system)
        return ticks

    def stop(self, number=signal.SIGTERM, timeout=60):
        """Sends a signal and returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout)

    def kill(self):
        self.client.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def run_daemon(*flags, environment=None, **kwargs):
    """Runs a daemon that ends by itself."""
    return run(
        os.environ["TRANSFORMERD"], *flags, env={**os.environ, **(environment or {})}, **kwargs
    )


def run(*command, **kwargs):
    """A command to its end."""
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, **kwargs
    )


def triton_type(array):
    names = {"int64": "INT64", "int32": "INT32", "float32": "FP32", "object": "BYTES"}
    return names[str(array.dtype)]


def error_reason(error):
    """The ErrorInfo.reason inside a grpc.RpcError's details, or ''."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            found = re.search(rb"\x0a.([A-Z_]+)\x12", value, re.S)
            return found[1].decode() if found else ""
    return ""


def rpc_error(call, *args, **kwargs):
    """The grpc.RpcError that a call of a stub raises."""
    try:
        call(*args, **kwargs)
    except grpc.RpcError as error:
        return error
    raise AssertionError("the call succeeded")


def refusal(daemon, model, inputs):
    """The message with which a request is refused."""
    try:
        daemon.infer(model, inputs)
    except InferenceServerException as error:
        assert error.status() == "StatusCode.INVALID_ARGUMENT"
        return error.message()
    raise AssertionError("the call succeeded")
