"""The root file system of the image: the daemon, what it needs, and nothing else."""

import pathlib
import shutil
import subprocess

from image import elf, licences
from image.layer import Entry
from image.libraries import needed_by

PROGRAM = "usr/bin/transformerd"
SYSTEM_LIBRARIES = "usr/lib/x86_64-linux-gnu"
LOADER = "ld-linux-x86-64.so.2"
OWN_LIBRARIES = "usr/lib/transformerd"
# The convention of images without a shell; the chart names it too.
USER = 65532

CONFIG = {
    "User": f"{USER}:{USER}",
    "Entrypoint": ["/" + PROGRAM],
    "Env": [
        # Loopback is the container's own.
        "TRANSFORMERD_GRPC_ADDRESS=0.0.0.0",
        "TRANSFORMERD_METRICS_ADDRESS=0.0.0.0",
        "TRANSFORMERD_MODEL_REPOSITORY=/models",
    ],
    "ExposedPorts": {"8001/tcp": {}, "8002/tcp": {}},
    "StopSignal": "SIGTERM",
}


def base():
    users = f"root:x:0:0:root:/:\ntransformerd:x:{USER}:{USER}:transformerd:/:\n"
    certificates = pathlib.Path("/etc/ssl/certs/ca-certificates.crt").read_bytes()
    return [
        Entry("etc/passwd", 0o644, users.encode()),
        Entry("etc/group", 0o644, f"root:x:0:\ntransformerd:x:{USER}:\n".encode()),
        Entry("etc/nsswitch.conf", 0o644, b"hosts: files dns\n"),
        Entry("etc/ssl/certs/ca-certificates.crt", 0o644, certificates),
        Entry("lib", target="usr/lib"),
        Entry("lib64", target="usr/lib64"),
        # Programs name the loader by this path.
        Entry(f"usr/lib64/{LOADER}", target=f"../../{SYSTEM_LIBRARIES}/{LOADER}"),
        Entry("models"),
        Entry("tmp", 0o1777),
        # Where the container's runtime mounts things.
        *[Entry(path) for path in ("dev", "proc", "sys")],
    ]


def stripped(path, folder):
    """A copy without the symbols that only debuggers read."""
    copy = folder / path.name
    shutil.copyfile(path, copy)
    subprocess.run(["strip", "--strip-unneeded", copy], check=True)
    return copy


def layers(daemon, crates_lock, crates, folder):
    """(what, entries) of each layer, what changes most seldom first.

    folder gets the files that are not shipped as they are found.
    """
    daemon = pathlib.Path(daemon)
    system, own = {}, {}
    for name, path in needed_by(daemon).items():
        is_system = str(path).startswith(("/lib", "/usr/lib"))
        (system if is_system else own)[name] = path

    system_entries = base() + licences.of_packages(system.values())
    for name, path in system.items():
        system_entries.append(Entry(f"{SYSTEM_LIBRARIES}/{name}", 0o755, path.resolve()))

    own_entries = licences.of_libtorch({path.parent.parent for path in own.values()})
    for name, path in own.items():
        # NVIDIA's libraries may be passed on as they are.
        content = stripped(path, folder) if name.startswith(("libtorch", "libc10")) else path
        own_entries.append(Entry(f"{OWN_LIBRARIES}/{name}", 0o755, content))

    program = stripped(daemon, folder)
    # As linked, it looks in a folder of the machine that built it.
    elf.set_search_path(program, "/" + OWN_LIBRARIES)
    program_entries = licences.of_crates(crates_lock, crates)
    program_entries.append(Entry(PROGRAM, 0o755, program))
    return [
        ("the distribution's libraries", system_entries),
        ("LibTorch", own_entries),
        ("transformerd", program_entries),
    ]
