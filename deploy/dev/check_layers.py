"""Checks which package may depend on which, over the graph of `bazel query`.

Prints one line per forbidden dependency, as the chain of targets that makes it;
prints nothing where the layers hold.
"""

import collections
import re
import subprocess
import sys

# Each line may depend on those before it; folders of one line on each other.
MODEL_LAYERS = [
    ["base"],
    ["config"],
    ["checkpoint", "text"],
    ["modules"],
    ["families"],
    ["loading"],
    ["distributed", "kernels", "native", "reference", "runtime"],
]

# Inside model, these know no LibTorch.
WITHOUT_LIBTORCH = ["base", "config", "checkpoint", "text", "modules", "families", "loading"]

LIBTORCH = "@libtorch//:libtorch"

TOP = ["model", "proto", "server", "client", "tests", "deploy"]

# (from, to): a target under the first must not reach one under the second.
FORBIDDEN = [
    ("model", "server"),
    ("model", "proto"),
    ("model", "client"),
    ("proto", "server"),
    ("proto", "client"),
    ("server", "client"),
    ("client", "server"),
    ("client", "model"),
] + [(top, "tests") for top in TOP if top != "tests"]

# Exceptions to FORBIDDEN, by the folder reached: the codecs share the basic types.
SHARED = {("proto", "model"): "model/base", ("client", "model"): "model/base"}


def query_graph():
    """Returns label -> set of labels for every rule of the workspace."""
    query = [
        "bazel", "query", "--output=graph", "--nograph:factored", "--noimplicit_deps",
        "--nohost_deps", "--keep_going", "--graph:node_limit=-1",
        "kind(rule, deps(//...))",
    ]
    result = subprocess.run(query, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        print("bazel query failed: " + " ".join(result.stderr.split()[-60:]))
        sys.exit(1)
    graph = collections.defaultdict(set)
    for line in result.stdout.splitlines():
        labels = re.findall(r'"([^"]*)"', line)
        if len(labels) == 2:
            graph[labels[0]].add(labels[1])
        elif len(labels) == 1:
            graph[labels[0]]
    return graph


def is_under(label, folder):
    return label.startswith(("//%s/" % folder, "//%s:" % folder))


def is_any_under(label, layers):
    return any(is_under(label, "model/" + layer) for layer in layers)


def chain_to(graph, start, is_target, is_open):
    """The shortest chain from `start` to a target, or None.

    Chains do not go on through a target for which `is_open` is false.
    """
    previous = {start: None}
    queue = collections.deque([start])
    while queue:
        label = queue.popleft()
        if label != start and is_target(label):
            chain = []
            while label is not None:
                chain.append(label)
                label = previous[label]
            return chain[::-1]
        for dependency in sorted(graph.get(label, ())):
            if dependency not in previous and is_open(dependency):
                previous[dependency] = label
                queue.append(dependency)
    return None


def violations(graph):
    """Yields (rule, chain) for each forbidden dependency."""

    def find(rule, sources, is_target, is_open=lambda label: True):
        for label in sorted(graph):
            if sources(label):
                chain = chain_to(graph, label, is_target, is_open)
                if chain:
                    yield rule, chain

    for source, target in FORBIDDEN + [("proto", "model")]:
        shared = SHARED.get((source, target), "\0")
        yield from find(
            "%s must not depend on %s" % (source, target),
            lambda label: is_under(label, source),
            lambda label: is_under(label, target) and not is_under(label, shared))

    for position, layers in enumerate(MODEL_LAYERS):
        above = sum(MODEL_LAYERS[position + 1:], [])
        yield from find(
            "model/%s lies below" % ", model/".join(layers),
            lambda label: is_any_under(label, layers),
            lambda label: is_any_under(label, above))

    for layer in WITHOUT_LIBTORCH:
        yield from find(
            "model/%s knows no LibTorch" % layer,
            lambda label: is_under(label, "model/" + layer),
            lambda label: label == LIBTORCH)

    # Server logic builds and is tested without LibTorch; the programs in server/
    # itself are where the implementation of the model interfaces comes in.
    yield from find(
        "the packages under server/, proto and client know no LibTorch",
        lambda label: label.startswith(("//server/", "//proto", "//client")),
        lambda label: label == LIBTORCH)
    yield from find(
        "server names no LibTorch",
        lambda label: is_under(label, "server"),
        lambda label: label == LIBTORCH,
        lambda label: label == LIBTORCH)

    known = sum(MODEL_LAYERS, [])
    for label in sorted(graph):
        if is_under(label, "model") and not is_any_under(label, known):
            yield "a package of model/ that has no place in the order of layers", [label]
        folder = label[2:].split("/")[0].split(":")[0]
        # The branch of a select() that is always there.
        if label == "//conditions:default":
            continue
        if label.startswith("//") and folder and folder not in TOP:
            yield "a folder that is no layer", [label]


def main():
    for rule, chain in violations(query_graph()):
        print("%s: %s" % (rule, " -> ".join(chain)))


if __name__ == "__main__":
    main()
