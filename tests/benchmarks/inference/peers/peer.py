"""What each peer offers to peer_process.py."""

import abc
import importlib


class Unsupported(Exception):
    """Says why a peer cannot run a model, or not in a precision, or not on this CPU."""


class Peer(abc.ABC):
    """A model loaded by one engine, in one precision, on so many threads."""

    @staticmethod
    def export(checkpoint, folder):
        """Writes what the engine loads into the empty folder, where that is another form."""

    @abc.abstractmethod
    def __init__(self, checkpoint, folder, precision, threads):
        """Loads from the checkpoint, or from what export left in the folder."""

    @abc.abstractmethod
    def batch(self, ids, mask):
        """The arguments of a pass over a padded batch, ready in memory."""

    @abc.abstractmethod
    def run(self, batch):
        """One forward pass, whose answer is there when this returns."""

    @abc.abstractmethod
    def hidden(self, answer):
        """The last hidden state as float32, [rows, longest, hidden]."""


def class_of(name):
    return importlib.import_module(f"peers.{name}_peer").Engine
