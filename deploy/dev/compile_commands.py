"""Writes compile_commands.json for editors and clang-tidy from Bazel's own plan.

Generated headers are found through the link bazel-out once their targets were
built.
"""

import json
import os
import re
import subprocess
import sys


def bazel(*arguments):
    result = subprocess.run(["bazel", *arguments], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.exit("bazel %s failed:\n%s" % (arguments[0], result.stderr[-2000:]))
    return result.stdout


# Options of g++ that clang refuses.
NOT_FOR_CLANG = ("-fno-canonical-system-headers",)


def main():
    external = bazel("info", "output_base").strip() + "/external/"
    actions = bazel(
        "aquery", "--output=jsonproto", "--noinclude_artifacts",
        'mnemonic("CppCompile", //...)')
    commands = {}
    for action in json.loads(actions).get("actions", []):
        arguments = action["arguments"]
        source = arguments[arguments.index("-c") + 1]
        if source.startswith(("bazel-out/", "external/")):
            continue
        commands[source] = {
            "directory": os.getcwd(),
            "file": source,
            "arguments": [
                re.sub("^external/", external, argument)
                for argument in arguments if argument not in NOT_FOR_CLANG
            ],
        }
    with open("compile_commands.json", "w", encoding="utf-8") as file:
        json.dump([commands[source] for source in sorted(commands)], file, indent=1)
    print("%d commands" % len(commands))


if __name__ == "__main__":
    main()
