"""The licences of what an image holds, as entries below /usr/share/doc."""

import pathlib
import re

from image.layer import Entry
from image.libraries import package_of

DOC = "usr/share/doc"
# Compiled in, so that no shared library leads to them.
HEADER_ONLY_PACKAGES = ["nlohmann-json3-dev"]
# The wheels carry no text; these may be passed on under attachment A of the agreement.
NVIDIA = b"""\
The libraries of CUDA in usr/lib/transformerd are NVIDIA's, distributed under the CUDA
Toolkit End User License Agreement, https://docs.nvidia.com/cuda/eula/index.html
"""


def of_packages(libraries):
    """One copyright file for each Debian package among the libraries' paths."""
    packages = {package_of(path) for path in libraries} - {None}
    entries = []
    for package in sorted(packages.union(HEADER_ONLY_PACKAGES)):
        text = pathlib.Path("/", DOC, package, "copyright").read_bytes()
        entries.append(Entry(f"{DOC}/{package}/copyright", 0o644, text))
    return entries


def of_libtorch(folders):
    """LibTorch's own and those of what is in it, from the unpacked wheels in folders."""
    entries = {"nvidia-cuda/copyright": NVIDIA}
    for folder in folders:
        licences = folder / "licenses"
        for path in licences.rglob("*"):
            if path.is_file():
                entries[f"libtorch/{path.relative_to(licences)}"] = path.read_bytes()
    return [Entry(f"{DOC}/{path}", 0o644, text) for path, text in entries.items()]


def of_crates(lock_file, sources):
    """All crates of a Cargo.lock in one file; sources is cargo's registry/src."""
    parts = []
    pinned = re.findall(
        r'name = "(.+)"\nversion = "(.+)"\nsource = ', pathlib.Path(lock_file).read_text()
    )
    for name, version in sorted(pinned):
        folders = list(pathlib.Path(sources).glob(f"*/{name}-{version}"))
        if not folders:
            raise FileNotFoundError(f"crate {name} {version} is not in '{sources}'")
        manifest = (folders[0] / "Cargo.toml").read_text()
        licence = re.search(r'^license = "(.+)"', manifest, re.M)
        parts.append(f"== {name} {version}: {licence[1] if licence else 'see below'}\n")
        for path in sorted(folders[0].iterdir()):
            if re.match(r"(LICEN[CS]E|COPYING|NOTICE)", path.name) and path.is_file():
                parts.append(path.read_text(errors="replace").strip() + "\n")
    return [Entry(f"{DOC}/transformerd/crates", 0o644, "\n".join(parts).encode())]
