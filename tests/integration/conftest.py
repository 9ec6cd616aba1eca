"""Starts the real daemon for tests that talk to it as users do.

Paths come from the environment, as ./test sets them: TRANSFORMERD,
TRANSFORMERCTL, MINILM_DIR, GRPCURL and GRPC_HEALTH_PROBE.
"""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from certificates import Authority  # noqa: E402
from daemon import Daemon  # noqa: E402
from golden import read_case  # noqa: E402

TESTDATA = pathlib.Path(__file__).parent.parent / "testdata"


@pytest.fixture
def start(tmp_path):
    """Starts daemons over the repository tmp_path/models; all end with the test."""
    started = []
    repository = tmp_path / "models"
    repository.mkdir()

    def start_daemon(*flags, **kwargs):
        daemon = Daemon(repository, *flags, **kwargs)
        started.append(daemon)
        return daemon

    yield start_daemon
    for daemon in started:
        daemon.kill()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """With certificates of "server", of "alice", and of "old", which has expired."""
    made = Authority(tmp_path_factory.mktemp("authority"), "authority")
    made.issue("server")
    made.issue("alice")
    made.issue("old", days=-1)
    return made


@pytest.fixture
def add_model(tmp_path):
    """Links a model's folder into the repository, as an operator would."""

    def add(name, source):
        (tmp_path / "models" / name).symlink_to(
            pathlib.Path(source).resolve(), target_is_directory=True
        )

    return add


@pytest.fixture
def serve(start, add_model, goldens):
    """Serves golden cases in float32; returns the daemon."""

    def serve_cases(*names, flags=()):
        for name in names:
            add_model(name, goldens / name / "model")
        daemon = start(*flags)
        for name in names:
            case, _ = read_case(goldens / name)
            daemon.load(name, architecture=case["class"], dtype="float32")
        return daemon

    return serve_cases


@pytest.fixture
def minilm():
    return os.environ["MINILM_DIR"]


@pytest.fixture
def goldens():
    return TESTDATA / "goldens"
