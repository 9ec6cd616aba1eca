"""The engines that are measured, by name."""

import dataclasses
import os
import sys

from daemon_runner import DaemonRunner
from runners import OwnRunner, PeerRunner

HERE = os.path.dirname(os.path.abspath(__file__))
TITLES = {
    "ours": "transformerd",
    "reference": "transformerd over LibTorch",
    "daemon": "transformerd's daemon",
    "openvino": "OpenVINO",
    "ctranslate2": "CTranslate2",
    "onnxruntime": "ONNX Runtime",
    "transformers": "transformers",
}
PRECISIONS = {"f32": "float32", "bf16": "bfloat16", "int8": "int8"}
# Which of our engines it is.
OWN_ENGINES = {"ours": "auto", "reference": "reference"}
# Of ours, by the names that the program and the daemon take.
TENSOR_TYPES = {"f32": "F32", "bf16": "BF16", "int8": "I8"}


@dataclasses.dataclass(frozen=True)
class Engine:
    who: str  # a key of TITLES
    precision: str
    clients: int = 0

    @property
    def name(self):
        clients = f"_{self.clients}" if self.clients else ""
        return f"{self.who}_{self.precision}{clients}"

    @property
    def title(self):
        clients = {0: "", 1: ", 1 client"}.get(self.clients, f", {self.clients} clients")
        return f"{TITLES[self.who]} {PRECISIONS[self.precision]}{clients}"

    def prepare(self, artefacts, model):
        """Makes what it loads, unless that is there; its folder."""
        if self.who in (*OWN_ENGINES, "daemon"):
            return artefacts.checkpoint(model)
        return artefacts.exported(model, self.who)

    def start(self, setup, model):
        """Its runner with the model loaded; raises Unsupported with the reason."""
        checkpoint = setup.artefacts.checkpoint(model)
        if self.who in OWN_ENGINES:
            kind, dtype = OWN_ENGINES[self.who], TENSOR_TYPES[self.precision]
            return OwnRunner(setup.program, checkpoint, kind, dtype, setup.threads, setup.workers)
        if self.who == "daemon":
            dtype = PRECISIONS[self.precision]
            return DaemonRunner(checkpoint, dtype, setup.threads, self.clients)
        folder = self.prepare(setup.artefacts, model)
        script = os.path.join(HERE, "peer_process.py")
        arguments = [self.who, self.precision, checkpoint, folder, str(setup.threads)]
        return PeerRunner([sys.executable, script, *arguments], setup.threads)


REFERENCE = Engine("transformers", "f32")

ENGINES = {
    engine.name: engine
    for engine in [
        Engine("ours", "bf16"),
        Engine("ours", "f32"),
        Engine("ours", "int8"),
        Engine("reference", "bf16"),
        Engine("reference", "f32"),
        Engine("daemon", "bf16", clients=1),
        Engine("daemon", "bf16", clients=32),
        Engine("openvino", "bf16"),
        Engine("openvino", "f32"),
        Engine("ctranslate2", "bf16"),
        Engine("ctranslate2", "f32"),
        Engine("ctranslate2", "int8"),
        Engine("onnxruntime", "f32"),
        Engine("onnxruntime", "int8"),
        Engine("transformers", "bf16"),
        REFERENCE,
    ]
}


def select(names):
    """Engines by name, or all of those whose names start so ("openvino")."""
    chosen = {}
    for name in names:
        found = {
            key: engine for key, engine in ENGINES.items() if (key + "_").startswith(name + "_")
        }
        if not found:
            raise SystemExit(f"no engine '{name}'; there are {', '.join(ENGINES)}")
        chosen.update(found)
    return chosen
