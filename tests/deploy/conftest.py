"""Tests of what is deployed. Paths come from the environment, as ./test sets them:
TRANSFORMERD, MINILM_DIR and HELM."""

import os
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT / "deploy"), str(ROOT / "tests/integration")]


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def transformerd():
    return os.environ["TRANSFORMERD"]
