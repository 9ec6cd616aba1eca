"""Makes Debian's Bazel work without a network.

Bazel 4 fetches a handful of rule repositories from the network before it builds
any C++. Debian ships them as packages under /usr/share/bazel. Where that folder
is found they are declared as local repositories; elsewhere (another Bazel)
nothing is declared and Bazel's own defaults apply.
"""

_ROOT = "/usr/share/bazel"

_FROM_DEBIAN = {
    "bazel_skylib": "tools/skylib",
    "platforms": "tools/platforms",
    "rules_java": "rules/java",
    "rules_proto": "rules/proto",
}

_FROM_HERE = ["remote_coverage_tools", "rules_cc"]

_LOCAL = """
    native.local_repository(
        name = "{name}",
        path = "{path}",
    )
"""

def _debian_bazel_impl(repository_ctx):
    body = ""
    for name, folder in _FROM_DEBIAN.items():
        if repository_ctx.path(_ROOT + "/" + folder).exists:
            body += _LOCAL.format(name = name, path = _ROOT + "/" + folder)
    if body:
        for name in _FROM_HERE:
            body += _LOCAL.format(name = name, path = "deploy/bazel/" + name)
    repository_ctx.file("BUILD")
    repository_ctx.file(
        "repositories.bzl",
        "def debian_repositories():\n" + (body or "    pass\n"),
    )

debian_bazel = repository_rule(
    implementation = _debian_bazel_impl,
    doc = "Writes the list of rule repositories that Debian's Bazel needs.",
    configure = True,
    local = True,
)
