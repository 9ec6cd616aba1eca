"""Builds the image, unpacks its root file system and runs the daemon in there."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time

import numpy as np
import pytest
import tritonclient.grpc as triton
from image import elf, oci, rootfs

START_TIMEOUT_S = 60
POLL_S = 0.02


@pytest.fixture(scope="session")
def layout(root, transformerd, tmp_path_factory):
    path = tmp_path_factory.mktemp("image") / "transformerd.tar"
    cargo = os.environ.get("CARGO_HOME", pathlib.Path.home() / ".cargo")
    subprocess.run(
        [
            sys.executable, root / "deploy/image/build.py", "--layout", path,
            "--daemon", transformerd, "--version", "1.2.3", "--crates", f"{cargo}/registry/src",
            "--crates-lock", root / "model/text/tokenizer_ffi/Cargo.lock",
        ],
        check=True,
    )
    yield path
    path.unlink()


@pytest.fixture(scope="session")
def unpacked(layout, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rootfs")
    # The user of the image is not the one who unpacks.
    folder.chmod(0o755)
    for layer in oci.read_layers(layout):
        with tarfile.open(fileobj=layer, mode="r:gz") as archive:
            archive.extractall(folder)
    yield folder
    shutil.rmtree(folder)


@contextlib.contextmanager
def running(folder, *flags):
    """The daemon with the root file system `folder`: its process and its address."""
    if os.geteuid() == 0:
        enter = ["chroot", f"--userspec={rootfs.CONFIG['User']}", folder]
    else:
        enter = ["unshare", "--map-root-user", f"--root={folder}"]
    environment = dict(pair.split("=", 1) for pair in rootfs.CONFIG["Env"])
    ports = folder / "tmp/ports"
    ports.unlink(missing_ok=True)
    own = ["--grpc_address=127.0.0.1", "--grpc_port=0", "--metrics_address=127.0.0.1"]
    own += ["--metrics_port=0", "--port_file=/tmp/ports", "--drain_delay=0s"]
    with open(folder.parent / "log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*enter, *rootfs.CONFIG["Entrypoint"], *own, *flags],
            stdout=log, stderr=log, env={**environment, "PATH": os.environ["PATH"]},
        )
    try:
        wait_until(process, folder, ports.exists)
        port = re.search(r"grpc_port=(\d+)", ports.read_text())[1]
        yield process, f"127.0.0.1:{port}"
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def log_of(folder):
    return (folder.parent / "log").read_text()


def wait_until(process, folder, is_so):
    deadline = time.monotonic() + START_TIMEOUT_S
    while not is_so():
        assert process.poll() is None and time.monotonic() < deadline, log_of(folder)
        time.sleep(POLL_S)


def embed(client, text):
    tensor = triton.InferInput("text", [1], "BYTES")
    tensor.set_data_from_numpy(np.array([text.encode()], dtype=object))
    return client.infer("minilm", [tensor]).as_numpy("sentence_embedding")[0]


def test_serves_a_model_and_drains(unpacked):
    model = unpacked / "models/minilm"
    shutil.copytree(os.environ["MINILM_DIR"], model, dirs_exist_ok=True)
    with running(unpacked) as (process, address):
        client = triton.InferenceServerClient(address)
        wait_until(process, unpacked, client.is_server_ready)
        cat, kitten, bond = (embed(client, text) for text in ("a cat", "a kitten", "a bond"))
        client.close()
        process.send_signal(signal.SIGTERM)
        status = process.wait(START_TIMEOUT_S)

    assert cat.shape == (384,)
    assert cat @ kitten > cat @ bond
    assert status == 0, log_of(unpacked)


def test_starts_without_a_model(unpacked, tmp_path):
    with running(unpacked, "--model_control_mode=explicit") as (process, address):
        client = triton.InferenceServerClient(address)
        assert client.is_server_live()
        client.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(START_TIMEOUT_S) == 0


def test_holds_what_the_daemon_needs_and_no_other_program(layout):
    programs, libraries, needed = [], set(), {rootfs.LOADER}
    for layer in oci.read_layers(layout):
        with tarfile.open(fileobj=layer, mode="r:gz") as archive:
            for member in archive:
                if member.isfile() and member.mode & 0o111:
                    name = os.path.basename(member.name)
                    (libraries.add(name) if ".so" in name else programs.append(member.name))
                    needed.update(needed_by(archive.extractfile(member), layout.parent / "file"))

    assert programs == [rootfs.PROGRAM]
    assert libraries == needed


def needed_by(content, path):
    with open(path, "wb") as file:
        shutil.copyfileobj(content, file)
    return elf.read(path).needed


def test_carries_licences_and_certificates(unpacked):
    doc = unpacked / "usr/share/doc"
    assert "Apache" in (doc / "libgrpc++1.51/copyright").read_text()
    assert "tokenizers" in (doc / "transformerd/crates").read_text()
    assert "From PyTorch" in (doc / "libtorch/licenses/LICENSE").read_text()
    certificates = unpacked / "etc/ssl/certs/ca-certificates.crt"
    assert "BEGIN CERTIFICATE" in certificates.read_text()


def test_nobody_but_root_can_write_to_it(layout):
    for layer in oci.read_layers(layout):
        with tarfile.open(fileobj=layer, mode="r:gz") as archive:
            writable = [
                m.name for m in archive
                if (m.mode & 0o022 and not m.issym()) or m.uid != 0 or m.mtime != 0
            ]
            assert writable in ([], ["tmp"])


def test_is_an_image_of_its_user_and_version(layout):
    with tarfile.open(layout) as archive:

        def read(digest):
            name = "blobs/" + digest.replace(":", "/")
            return json.load(archive.extractfile(name))

        index = json.load(archive.extractfile("index.json"))
        config = read(read(index["manifests"][0]["digest"])["config"]["digest"])["config"]

    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["/usr/bin/transformerd"]
    assert config["Labels"]["org.opencontainers.image.version"] == "1.2.3"


def test_docker_builds_the_same_image(root):
    """Its last stage says in Docker's words what rootfs.CONFIG says."""
    stage = (root / "deploy/Dockerfile").read_text().partition("FROM scratch")[2]
    words = dict(re.findall(r"^(USER|STOPSIGNAL|EXPOSE|ENTRYPOINT) (.*)$", stage, re.M))

    assert words["USER"] == rootfs.CONFIG["User"]
    assert words["STOPSIGNAL"] == rootfs.CONFIG["StopSignal"]
    assert json.loads(words["ENTRYPOINT"]) == rootfs.CONFIG["Entrypoint"]
    ports = [port.removesuffix("/tcp") for port in rootfs.CONFIG["ExposedPorts"]]
    assert words["EXPOSE"].split() == ports
    assert re.findall(r"TRANSFORMERD_\w+=\S+", stage) == rootfs.CONFIG["Env"]
