"""What is wrong at the start ends it, or is told, with what helps."""

import os
import resource
import shutil

import pytest
from daemon import run_daemon

NOBODY = 65534


def end_of_start(code, words, *flags, **kwargs):
    """Expects an end, told in the last line; returns all that was written."""
    ended = run_daemon("--grpc_port=0", "--metrics_port=0", *flags, **kwargs)
    assert ended.returncode == code, ended.stderr
    assert words in ended.stderr.strip().split("\n")[-1], ended.stderr
    return ended.stdout + ended.stderr


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "repository").mkdir()
    return f"--model_repository={tmp_path / 'repository'}"


@pytest.mark.parametrize(
    ("flag", "of"),
    [
        ("grpc_port", "grpc_port"),
        ("health_port", "grpc_port"),
        ("metrics_port", "metrics_port"),
    ],
)
def test_a_port_that_is_taken_is_named(start, repository, flag, of):
    other = start()
    taken = {"grpc_port": other.address, "metrics_port": other.metrics_address}[of]
    port = taken.split(":")[1]
    output = end_of_start(1, f"transformerd: --{flag}: ", repository, f"--{flag}={port}")
    assert taken in output.strip().split("\n")[-1]


def test_a_repository_that_is_not_there_is_named(tmp_path):
    nowhere = tmp_path / "nowhere"
    end_of_start(2, f"'{nowhere}' is not a folder", f"--model_repository={nowhere}")
    nowhere.write_text("")
    end_of_start(2, f"'{nowhere}' is not a folder", f"--model_repository={nowhere}")


def test_a_repository_without_models_is_not_ready(start):
    daemon = start("--model_control_mode=none", wait_until_ready=False)
    status, reason = daemon.get("/readyz")
    assert status == 503
    assert "is its volume mounted?" in reason
    assert "holds no models: is its volume mounted?" in daemon.log()
    assert daemon.get("/livez")[0] == 200


@pytest.fixture
def run_behind(tmp_path, monkeypatch):
    """Daemons are started by a shell, behind other commands."""

    def put(*commands):
        script = tmp_path / "transformerd"
        script.write_text("\n".join(["#!/bin/sh", *commands, "exec $BY $DAEMON \"$@\""]))
        script.chmod(0o755)
        monkeypatch.setenv("DAEMON", os.environ["TRANSFORMERD"])
        monkeypatch.setenv("TRANSFORMERD", str(script))

    return put


def test_few_files_are_told(start, run_behind):
    run_behind("ulimit -n 256")
    log = start().log()
    assert "may have 256 files and connections open" in log
    assert "LimitNOFILE=65536" in log


def test_the_limit_of_files_is_raised_as_far_as_it_goes(start, run_behind):
    run_behind("ulimit -S -n 256")
    daemon = start()
    soft, hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)
    assert soft == hard
    assert "may have 256 files" not in daemon.log()


def test_a_model_that_may_not_be_read_says_why(start, run_behind, goldens, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can give files to others")
    # Root itself reads everything; what allows it that can be taken away.
    run_behind("BY='setpriv --bounding-set=-dac_override,-dac_read_search'")
    shutil.copytree(goldens / "bert_base" / "model", tmp_path / "models" / "bert")
    weights = tmp_path / "models" / "bert" / "model.safetensors"
    weights.chmod(0o600)
    os.chown(weights, NOBODY, NOBODY)

    daemon = start("--load_model=bert", wait_until_ready=False)

    reason = daemon.index_when_settled()["bert"].reason
    assert f"mode 0600 of user {NOBODY}, while this process runs as user 0" in reason
    assert "chmod a+r" in reason
    assert reason in daemon.log()


@pytest.mark.parametrize(
    ("certificate", "key", "words"),
    [
        ("server.pem", None, "need each other"),
        ("server.pem", "alice.key", "is not the key of the certificate"),
        ("server.key", "server.pem", "is no certificate in PEM form"),
        ("old.pem", "old.key", "'CN = old' expired"),
        ("none.pem", "server.key", "No such file"),
        ("empty.pem", "server.key", "is no certificate in PEM form"),
    ],
)
def test_wrong_certificates_are_named(repository, authority, certificate, key, words):
    (authority.folder / "empty.pem").write_text("")
    flags = [f"--tls_cert_file={authority.folder / certificate}"]
    if key is not None:
        flags.append(f"--tls_key_file={authority.folder / key}")
    end_of_start(2, words, repository, *flags)


def test_an_authority_of_clients_that_is_none_is_named(repository, authority):
    flags = [f"--tls_{kind}_file={path}" for kind, path in {
        "cert": authority.certificate("server"),
        "key": authority.key("server"),
        "client_ca": authority.key("server"),
    }.items()]
    output = end_of_start(2, "is no certificate in PEM form", repository, *flags)
    assert "--tls_client_ca_file=" in output


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "No such file"),
        ("", "there is no token in it"),
        ("a infer\nhidden-word\n", "line 2"),
        ("hidden-word everything\n", "line 1"),
    ],
)
def test_wrong_tokens_are_named_without_being_shown(repository, tmp_path, text, words):
    tokens = tmp_path / "tokens"
    if text is not None:
        tokens.write_text(text)
    output = end_of_start(2, words, repository, f"--auth_token_file={tokens}")
    assert "--auth_token_file=" in output
    assert "hidden-word" not in output
