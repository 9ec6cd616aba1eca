"""The systemd unit: what systemd says of it, and what the daemon needs of it."""

import configparser
import re
import shutil
import subprocess

import pytest
from daemon import run_daemon

# Of main.cc, in seconds: what the end may take beyond both drain flags.
ENDING_TIME = 15

needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="there is no systemd"
)


@pytest.fixture(scope="module")
def path(root):
    return root / "deploy" / "systemd" / "transformerd.service"


@pytest.fixture(scope="module")
def service(path):
    # The value of a key that is there twice is its last one.
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(path)
    return parser["Service"]


@pytest.fixture(scope="module")
def defaults():
    """The daemon's flags, with the values that they have unless given."""
    helped = run_daemon("--help").stdout
    return dict(re.findall(r"^ +--(\w+)\n[^(\n]*(?:\(default (.*)\))?$", helped, re.M))


def test_the_unit_leaves_time_for_a_drain(service, defaults):
    drain = sum(int(defaults[f"drain_{part}"].removesuffix("s")) for part in ("delay", "timeout"))
    assert int(service["TimeoutStopSec"]) > drain + ENDING_TIME


def test_systemd_waits_for_readiness_and_watches(service):
    assert service["Type"] == "notify"
    # The daemon tells once a second that it is alive.
    assert int(service["WatchdogSec"]) >= 10
    assert service["Restart"] == "on-failure"


def test_the_environment_of_the_unit_is_of_flags(path, defaults):
    named = set(re.findall(r"TRANSFORMERD_(\w+)=", path.read_text()))
    assert "MODEL_REPOSITORY" in named
    assert {name.lower() for name in named} <= set(defaults)


def analyze(*arguments):
    return subprocess.run(
        ["systemd-analyze", *map(str, arguments)],
        capture_output=True, text=True, timeout=60, check=False,
    )


@needs_systemd
def test_systemd_understands_the_unit(path, tmp_path):
    # The program need not be installed to have its unit checked.
    text = re.sub("ExecStart=.*", "ExecStart=/bin/true", path.read_text())
    (tmp_path / path.name).write_text(text)
    checked = analyze("verify", "--man=no", tmp_path / path.name)
    assert not [line for line in checked.stderr.split("\n") if path.name in line]


@needs_systemd
def test_systemd_finds_little_exposed(path):
    # Of 10; services without any hardening have 9.6.
    checked = analyze("security", "--offline=true", "--threshold=15", path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
