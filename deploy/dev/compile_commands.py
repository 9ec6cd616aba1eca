"""Writes compile_commands.json for editors and clang-tidy from Bazel's own plan.

The commands name files by absolute path under Bazel's execution root; generated
headers are found there once the targets were built.
"""

import json
import subprocess


def bazel(*arguments):
    return subprocess.run(
        ["bazel", *arguments], check=True, capture_output=True, text=True).stdout


def main():
    root = bazel("info", "execution_root").strip()
    actions = bazel(
        "aquery", "--output=jsonproto", "--noinclude_artifacts",
        'mnemonic("CppCompile", //...)')
    commands = {}
    for action in json.loads(actions).get("actions", []):
        arguments = action["arguments"]
        source = arguments[arguments.index("-c") + 1]
        if source.startswith(("bazel-out/", "external/")):
            continue
        # A module map or dependency file is of no use to other tools.
        commands[source] = {"directory": root, "file": source, "arguments": arguments}
    with open("compile_commands.json", "w", encoding="utf-8") as file:
        json.dump([commands[source] for source in sorted(commands)], file, indent=1)
    print("%d commands" % len(commands))


if __name__ == "__main__":
    main()
