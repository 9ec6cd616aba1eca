"""What a 64-bit little-endian ELF file says to the dynamic loader."""

import dataclasses
import struct

PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
DT_NULL, DT_NEEDED, DT_STRTAB, DT_SONAME, DT_RPATH, DT_RUNPATH = 0, 1, 5, 14, 15, 29

_SEGMENT = struct.Struct("<IIQQQQQQ")
_ENTRY = struct.Struct("<qQ")


@dataclasses.dataclass
class Dynamic:
    """The dynamic section of one file.

    search_path is where this file looks for what it needs, as it is written there;
    search_path_offset is where in the file that text begins, 0 without one.
    """

    needed: list
    soname: str
    search_path: str
    search_path_offset: int
    interpreter: str


def read(path):
    """Raises ValueError where the file is no such ELF file or is damaged."""
    with open(path, "rb") as file:
        return _read(file, path)


def _read(file, path):
    header = file.read(64)
    if header[:6] != b"\x7fELF\x02\x01":
        raise ValueError(f"'{path}' is not a 64-bit little-endian ELF file")
    offset = struct.unpack_from("<Q", header, 32)[0]
    size, count = struct.unpack_from("<HH", header, 54)
    file.seek(offset)
    table = file.read(size * count)
    segments = [_SEGMENT.unpack_from(table, i * size) for i in range(count)]

    def bytes_of(kind):
        for segment in segments:
            if segment[0] == kind:
                file.seek(segment[2])
                return file.read(segment[5])
        return b""

    def file_offset(address):
        for kind, _, begin, start, _, length, _, _ in segments:
            if kind == PT_LOAD and start <= address < start + length:
                return begin + address - start
        raise ValueError(f"'{path}' has no bytes for address {address:#x}")

    def text(at):
        file.seek(at)
        found = b""
        while b"\0" not in found:
            chunk = file.read(256)
            if not chunk:
                raise ValueError(f"'{path}' ends in the middle of a string")
            found += chunk
        return found[: found.index(b"\0")].decode()

    entries = []
    for tag, value in _ENTRY.iter_unpack(bytes_of(PT_DYNAMIC)):
        if tag == DT_NULL:
            break
        entries.append((tag, value))
    tables = [value for tag, value in entries if tag == DT_STRTAB]
    if not tables:
        raise ValueError(f"'{path}' is not dynamically linked")
    strings = file_offset(tables[0])

    def values(tag):
        return [strings + value for kind, value in entries if kind == tag]

    # With a DT_RUNPATH, the loader does not look at DT_RPATH.
    paths = values(DT_RUNPATH) or values(DT_RPATH)
    sonames = values(DT_SONAME)
    return Dynamic(
        needed=[text(at) for at in values(DT_NEEDED)],
        soname=text(sonames[0]) if sonames else "",
        search_path=text(paths[0]) if paths else "",
        search_path_offset=paths[0] if paths else 0,
        interpreter=bytes_of(PT_INTERP).rstrip(b"\0").decode(),
    )


def set_search_path(path, search_path):
    """Writes another search path into the file, where it must not be longer."""
    dynamic = read(path)
    old, new = dynamic.search_path.encode(), search_path.encode()
    if len(new) > len(old):
        raise ValueError(f"'{path}' has room for {len(old)} bytes of search path, not {len(new)}")
    with open(path, "r+b") as file:
        file.seek(dynamic.search_path_offset)
        file.write(new.ljust(len(old), b"\0"))
