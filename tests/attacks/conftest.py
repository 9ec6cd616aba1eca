"""A daemon, and the chart's edge before it. Paths come from the environment, as ./test
sets them: TRANSFORMERD, HELM and HAPROXY."""

import contextlib
import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).parent.parent
sys.path[:0] = [str(TESTS / name) for name in ("attacks", "deploy/helm", "integration")]
from edge import Edge  # noqa: E402
from free_ports import free_ports  # noqa: E402
from targets import Bare, Parties  # noqa: E402


@pytest.fixture(scope="session")
def parties(tmp_path_factory):
    return Parties(tmp_path_factory.mktemp("parties"))


@pytest.fixture(scope="session")
def daemon(parties):
    with contextlib.closing(Bare(parties)) as bare:
        yield bare.daemon


@pytest.fixture
def edge(tmp_path, parties, daemon):
    """Starts haproxy with arguments of helm; it ends with the test."""
    with contextlib.ExitStack() as running:

        def start(*arguments):
            edge = Edge(tmp_path, parties.authority, free_ports(2), daemon, *arguments)
            running.callback(edge.stop)
            return edge

        yield start
