"""Files of an image and the tar archives that they are shipped in."""

import dataclasses
import gzip
import hashlib
import io
import os
import pathlib
import tarfile


@dataclasses.dataclass(frozen=True)
class Entry:
    """One path of the root file system, absolute without the leading slash.

    A folder, unless it has content (bytes, or the Path of a file to copy) or a target
    (of a symbolic link). Everything belongs to root.
    """

    path: str
    mode: int = 0o755
    content: bytes | pathlib.Path | None = None
    target: str | None = None

    def size(self):
        if isinstance(self.content, pathlib.Path):
            return self.content.stat().st_size
        return len(self.content or b"")


def with_folders(entries):
    """The entries with the folders that they lie in, sorted; a path is there once."""
    by_path = {}
    for entry in entries:
        for parent in list(pathlib.PurePath(entry.path).parents)[:-1]:
            by_path.setdefault(str(parent), Entry(str(parent)))
        if by_path.setdefault(entry.path, entry) != entry:
            raise ValueError(f"two entries for '{entry.path}'")
    return [by_path[path] for path in sorted(by_path)]


def write_tar(entries, file):
    """The same entries give the same bytes, wherever and whenever they are written."""
    with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for entry in with_folders(entries):
            info = tarfile.TarInfo(entry.path)
            info.mode, info.mtime = entry.mode, 0
            if entry.target is not None:
                info.type, info.linkname = tarfile.SYMTYPE, entry.target
                archive.addfile(info)
            elif entry.content is None:
                info.type = tarfile.DIRTYPE
                archive.addfile(info)
            else:
                info.size = entry.size()
                with _open(entry.content) as content:
                    archive.addfile(info, content)


def _open(content):
    return io.BytesIO(content) if isinstance(content, bytes) else open(content, "rb")


class _Hashing:
    """A writable file that passes on to another, and hashes and counts."""

    def __init__(self, file):
        self._file, self._hash, self.size = file, hashlib.sha256(), 0

    def write(self, data):
        self._hash.update(data)
        self.size += len(data)
        return self._file.write(data)

    def digest(self):
        return "sha256:" + self._hash.hexdigest()


@dataclasses.dataclass(frozen=True)
class Blob:
    """A compressed layer: its own digest, and diff_id, that of the archive inside."""

    path: pathlib.Path
    size: int
    digest: str
    diff_id: str


def write_layer(entries, path):
    with open(path, "wb") as file:
        compressed = _Hashing(file)
        # Without a name and a time in its header, for equal bytes from equal input.
        with gzip.GzipFile("", "wb", compresslevel=6, fileobj=compressed, mtime=0) as zipped:
            archive = _Hashing(zipped)
            write_tar(entries, archive)
    return Blob(path, os.path.getsize(path), compressed.digest(), archive.digest())
