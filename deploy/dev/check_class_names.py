"""Checks that no namespace has two classes of one name.

Each compiles, but their inline members are one symbol to the linker, which keeps
whichever it meets first. Prints one line per name; nothing where all is well.
"""

import collections
import re
import subprocess

NAMESPACE = re.compile(r"namespace ([\w:]*) ?\{$")
# At the beginning of a line: not inside another class. A declaration ends with ";", a
# specialisation has "<" behind its name, a member "::".
CLASS = re.compile(r"(?:class|struct|enum class) (?:[A-Z_]+(?:\(.*\))? )?(\w+)\b(?!::|<)[^;]*$")


def defined_classes(path):
    """The classes of a file that other files can see, as namespace::Name."""
    spaces = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if opened := NAMESPACE.match(line):
                spaces.append(opened[1])
            elif line.startswith("}  // namespace"):
                spaces.pop()
            elif (found := CLASS.match(line)) and "" not in spaces:
                yield "::".join([*spaces, found[1]])


def main():
    files = subprocess.run(
        ["git", "ls-files", "*.h", "*.cc"], capture_output=True, text=True, check=True
    ).stdout.split()
    places = collections.defaultdict(list)
    for path in files:
        for name in defined_classes(path):
            places[name].append(path)
    for name, paths in sorted(places.items()):
        if len(paths) > 1:
            print(f"{name} is defined in {' and '.join(paths)}")


if __name__ == "__main__":
    main()
