"""Which shared libraries a program needs, found as the dynamic loader finds them."""

import os
import pathlib
import subprocess

from image import elf

# Where the loader looks in the end, with and without its cache.
SYSTEM_FOLDERS = [
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib64",
    "/lib",
    "/usr/lib",
]


# What a library opens by name while it runs, so that nothing in its headers leads there.
OPENED_BY = {
    "libtorch_cuda.so": ["libcaffe2_nvrtc.so", "libtorch_cuda_linalg.so"],
    "libcudnn.so.9": ["libcudnn_*.so.9"],
    "libnvrtc.so.13": ["libnvrtc-builtins.so.13*"],
}


def _find(name, path, search_path):
    folders = search_path.replace("${ORIGIN}", "$ORIGIN").replace("$ORIGIN", str(path.parent))
    folders = [folder for folder in folders.split(":") if folder] + SYSTEM_FOLDERS
    for folder in folders:
        if pathlib.Path(folder, name).exists():
            return pathlib.Path(folder, name)
    raise FileNotFoundError(f"'{path}' needs {name}, which is in none of {', '.join(folders)}")


def needed_by(program):
    """The path of each library, the loader among them, by the name it is asked for."""
    found = {}
    waiting = [pathlib.Path(program).absolute()]
    while waiting:
        path = waiting.pop()
        dynamic = elf.read(path)
        names = [*dynamic.needed, os.path.basename(dynamic.interpreter)]
        libraries = {name: _find(name, path, dynamic.search_path) for name in names if name}
        for pattern in OPENED_BY.get(path.name, []):
            libraries.update((other.name, other) for other in path.parent.glob(pattern))
        waiting += [libraries[name] for name in libraries.keys() - found.keys()]
        found = {**libraries, **found}
    return dict(sorted(found.items()))


def package_of(path):
    """The Debian package that a file belongs to, or None."""
    candidates = [str(path), os.path.realpath(path)]
    # The package lists /lib/..., which is a link to /usr/lib on a merged system.
    candidates += [c[len("/usr"):] for c in candidates if c.startswith("/usr/lib")]
    for candidate in candidates:
        result = subprocess.run(
            ["dpkg-query", "--search", candidate], capture_output=True, text=True, check=False
        )
        if result.returncode == 0:
            return result.stdout.split(":", 1)[0]
    return None
