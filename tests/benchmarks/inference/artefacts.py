"""What is made once and kept: checkpoints, and what engines make of them."""

import os
import shutil
import subprocess
import sys

from models import MODELS

HERE = os.path.dirname(os.path.abspath(__file__))


def make_once(folder, command):
    """Has the command fill the folder, unless it is there; a failure leaves nothing."""
    if not os.path.exists(folder):
        print("making " + folder, file=sys.stderr)
        staging = folder + ".part"
        shutil.rmtree(staging, ignore_errors=True)
        os.makedirs(staging)
        # In a process of its own: converters take memory that they do not give back.
        subprocess.run([sys.executable, *command, staging], check=True, stdout=sys.stderr)
        os.rename(staging, folder)
    return folder


class Artefacts:
    """Under one folder for one set of versions."""

    def __init__(self, folder, minilm):
        self.folder, self.minilm = folder, minilm

    def checkpoint(self, model):
        if MODELS[model].config is None:
            return self.minilm
        script = os.path.join(HERE, "make_model.py")
        return make_once(os.path.join(self.folder, model), [script, model])

    def exported(self, model, peer):
        # It loads that itself.
        if peer == "transformers":
            return self.checkpoint(model)
        script = os.path.join(HERE, "export_model.py")
        folder = os.path.join(self.folder, f"{model}.{peer}")
        return make_once(folder, [script, peer, self.checkpoint(model)])
