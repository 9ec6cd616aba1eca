"""Builds the image of the daemon; see //deploy:image.

    build.py --daemon transformerd --crates-lock Cargo.lock --crates registry/src \\
        (--layout image.tar | --rootfs folder) --version 0.1.0

--layout writes an OCI layout as one tar file. --rootfs makes the root file system in
an empty folder, for the last stage of deploy/Dockerfile.
"""

import argparse
import pathlib
import sys
import tarfile
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from image import layer, oci, rootfs  # noqa: E402

MIB = 1 << 20
LARGEST = 12


def report(parts):
    """Prints what takes the space: each layer, and the largest files."""
    print(f"{'MiB':>8}  layer")
    for what, entries in parts:
        print(f"{sum(entry.size() for entry in entries) / MIB:8.1f}  {what}")
    files = [entry for _, entries in parts for entry in entries]
    files.sort(key=lambda entry: -entry.size())
    print(f"{sum(entry.size() for entry in files) / MIB:8.1f}  all; the largest files:")
    for entry in files[:LARGEST]:
        print(f"{entry.size() / MIB:8.1f}  /{entry.path}")


def write_layout(path, parts, version, folder):
    blobs = []
    for number, (what, entries) in enumerate(parts):
        blobs.append(layer.write_layer(entries, folder / f"layer{number}"))
        print(f"{blobs[-1].size / MIB:8.1f}  compressed: {what}")
    config = {**rootfs.CONFIG, "Labels": {
        "org.opencontainers.image.title": "transformerd",
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.licenses": "Apache-2.0",
    }}
    oci.write_layout(path, blobs, config, f"transformerd:{version}")
    print(f"{pathlib.Path(path).stat().st_size / MIB:8.1f}  {path}")


def write_rootfs(path, parts):
    for _, entries in parts:
        with tempfile.TemporaryFile() as file:
            layer.write_tar(entries, file)
            file.seek(0)
            with tarfile.open(fileobj=file) as archive:
                archive.extractall(path)


def main():
    parser = argparse.ArgumentParser()
    for name in ("--daemon", "--crates-lock", "--crates", "--version"):
        parser.add_argument(name, required=True)
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--layout")
    target.add_argument("--rootfs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        parts = rootfs.layers(options.daemon, options.crates_lock, options.crates, folder)
        report(parts)
        if options.layout:
            write_layout(options.layout, parts, options.version, folder)
        else:
            write_rootfs(options.rootfs, parts)


if __name__ == "__main__":
    main()
