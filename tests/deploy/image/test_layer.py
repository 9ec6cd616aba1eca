import io
import tarfile

import pytest
from image import layer
from image.layer import Entry

ENTRIES = [
    Entry("usr/bin/program", 0o755, b"bytes"),
    Entry("lib", target="usr/lib"),
    Entry("tmp", 0o1777),
]


def tar_of(entries):
    file = io.BytesIO()
    layer.write_tar(entries, file)
    return file.getvalue()


def test_archives_are_sorted_and_belong_to_root_at_time_zero():
    with tarfile.open(fileobj=io.BytesIO(tar_of(ENTRIES))) as archive:
        members = archive.getmembers()

    assert [m.name for m in members] == ["lib", "tmp", "usr", "usr/bin", "usr/bin/program"]
    assert {(m.uid, m.gid, m.mtime) for m in members} == {(0, 0, 0)}
    assert [oct(m.mode) for m in members] == ["0o755", "0o1777", "0o755", "0o755", "0o755"]
    assert members[0].linkname == "usr/lib"


def test_files_are_copied_from_where_they_lie(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    archive = tarfile.open(fileobj=io.BytesIO(tar_of([Entry("a", 0o644, tmp_path / "file")])))
    assert archive.extractfile("a").read() == b"content"


def test_the_order_of_entries_changes_nothing():
    assert tar_of(ENTRIES) == tar_of(ENTRIES[::-1])


def test_equal_entries_make_equal_layers(tmp_path):
    first = layer.write_layer(ENTRIES, tmp_path / "first")
    second = layer.write_layer(ENTRIES, tmp_path / "second")
    assert (first.digest, first.diff_id) == (second.digest, second.diff_id)
    assert first.path.read_bytes() == second.path.read_bytes()


def test_another_byte_makes_another_layer(tmp_path):
    first = layer.write_layer([Entry("a", 0o644, b"1")], tmp_path / "first")
    second = layer.write_layer([Entry("a", 0o644, b"2")], tmp_path / "second")
    assert first.diff_id != second.diff_id


def test_two_entries_for_one_path_are_refused():
    with pytest.raises(ValueError, match="two entries for 'a'"):
        layer.with_folders([Entry("a", 0o644, b"1"), Entry("a", 0o644, b"2")])
