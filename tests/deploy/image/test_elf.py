"""deploy/image/elf.py against readelf, on the files of this machine."""

import re
import shutil
import subprocess

import pytest
from image import elf


def readelf(path):
    """Tag -> values, as readelf prints them."""
    text = subprocess.run(
        ["readelf", "--dynamic", "--wide", path], capture_output=True, text=True, check=True
    ).stdout
    found = {}
    for tag, value in re.findall(r"\((NEEDED|SONAME|RPATH|RUNPATH)\).*\[(.*)\]", text):
        found.setdefault(tag, []).append(value)
    return found


def check_agrees(path):
    dynamic, expected = elf.read(path), readelf(path)
    assert dynamic.needed == expected.get("NEEDED", [])
    assert dynamic.soname == expected.get("SONAME", [""])[0]
    paths = expected.get("RUNPATH") or expected.get("RPATH") or [""]
    assert dynamic.search_path == paths[0]


def test_reads_what_readelf_reads(transformerd):
    check_agrees(transformerd)
    check_agrees("/lib/x86_64-linux-gnu/libstdc++.so.6")
    check_agrees(shutil.which("readelf"))


def test_reads_the_path_of_the_loader(transformerd):
    assert elf.read(transformerd).interpreter == "/lib64/ld-linux-x86-64.so.2"


def test_writes_a_shorter_search_path_in_place(transformerd, tmp_path):
    copy = shutil.copy(transformerd, tmp_path / "transformerd")

    elf.set_search_path(copy, "$ORIGIN/../lib")

    assert readelf(copy)["RUNPATH"] == ["$ORIGIN/../lib"]
    assert readelf(copy)["NEEDED"] == readelf(transformerd)["NEEDED"]


def test_refuses_a_longer_search_path(transformerd, tmp_path):
    copy = shutil.copy(transformerd, tmp_path / "transformerd")
    with pytest.raises(ValueError, match="has room for"):
        elf.set_search_path(copy, "/" + 4096 * "x")


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fELF\x01\x01" + bytes(58)])
def test_refuses_what_is_no_program(content, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not a 64-bit little-endian ELF file"):
        elf.read(path)


def test_refuses_a_program_that_is_cut_off(transformerd, tmp_path):
    path = tmp_path / "cut"
    with open(transformerd, "rb") as file:
        path.write_bytes(file.read(4096))
    with pytest.raises(ValueError):
        elf.read(path)
