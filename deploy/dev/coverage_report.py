"""coverage_report.py [--lines] BIN: the share of lines that ran, by folder.

BIN is Bazel's bin folder of a build with --config=coverage. A line of a header
ran if it did in any of the files that include it; a file that no test links
counts as never run.
"""
import argparse
import collections
import json
import pathlib
import subprocess

FOLDERS = ("model/", "server/")


def gcov(notes, execution_root):
    """What gcov says of each source that went into the object files."""
    command = ["gcov", "--json-format", "--stdout", *map(str, notes)]
    result = subprocess.run(command, cwd=execution_root, check=False, encoding="utf-8",
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if result.returncode != 0:
        # It complains of each object file that nothing ran as well.
        complaints = [line for line in result.stderr.splitlines() if "not executed" not in line]
        raise SystemExit("coverage_report.py: gcov failed: " + "; ".join(complaints))
    for line in result.stdout.splitlines():
        if line.strip():
            yield from json.loads(line)["files"]


def read_counts(bin_folder):
    """source -> line -> how often it ran"""
    # .../execution root/bazel-out/configuration/bin
    execution_root = bin_folder.parents[2]
    notes = sorted(path for folder in FOLDERS for path in (bin_folder / folder).rglob("*.gcno"))
    counts = collections.defaultdict(collections.Counter)
    for begin in range(0, len(notes), 50):
        for source in gcov(notes[begin:begin + 50], execution_root):
            name = source["file"]
            # A file that is gone has left its notes behind.
            if not name.startswith(FOLDERS) or not pathlib.Path(name).is_file():
                continue
            for line in source["lines"]:
                counts[name][line["line_number"]] += line["count"]
    return counts


def row(name, lines):
    ran = sum(1 for count in lines if count > 0)
    share = 100 * ran / len(lines)
    print(f"{share:6.1f} %  {ran:6} of {len(lines):6}  {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", action="store_true", help="list the lines that never ran")
    parser.add_argument("bin", type=pathlib.Path)
    arguments = parser.parse_args()
    counts = read_counts(arguments.bin.resolve())
    if not counts:
        raise SystemExit("coverage_report.py: no .gcno files; was it built with --config=coverage?")
    if arguments.lines:
        for name in sorted(counts):
            for line, count in sorted(counts[name].items()):
                if count == 0:
                    print(f"{name}:{line}: no test runs it")
    folders = collections.defaultdict(list)
    for name in counts:
        folders[str(pathlib.Path(name).parent)].extend(counts[name].values())
    for folder in sorted(folders):
        row(folder, folders[folder])
    for folder in FOLDERS:
        lines = [n for name in counts if name.startswith(folder) for n in counts[name].values()]
        if lines:
            row(f"all of {folder}", lines)


if __name__ == "__main__":
    main()
