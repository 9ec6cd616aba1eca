"""C++ libraries from .proto files with the distribution's protoc and gRPC plugin.

Bazel's own proto rules would build protoc from source; the generated code must
match the distribution's libprotobuf anyway.
"""

load("@rules_cc//cc:defs.bzl", "cc_library")

_PROTOC = """
set -e
plugin=$$(command -v grpc_cpp_plugin)
protoc --proto_path=$(GENDIR) --proto_path=. --proto_path=/usr/include \
    --cpp_out=$(GENDIR) --grpc_out=$(GENDIR) \
    --plugin=protoc-gen-grpc=$$plugin {sources}
"""

# The generated stubs call methods by these strings.
_KEEP_WIRE_NAMES = """
sed -i 's#"/{package_to}\\.#"/{package_from}.#' {stub}
"""

def _generate(name, srcs, imports, sources, then = ""):
    outs = []
    for src in sources:
        stem = src[:-len(".proto")]
        outs += [stem + suffix for suffix in [".pb.h", ".pb.cc", ".grpc.pb.h", ".grpc.pb.cc"]]
    native.genrule(
        name = name + "_generated",
        srcs = srcs + imports,
        outs = outs,
        cmd = _PROTOC.format(
            sources = " ".join(["$(execpath %s)" % src for src in srcs]),
        ) + then,
        message = "Generating C++ from",
    )
    return outs

def _library(name, outs, deps, **kwargs):
    cc_library(
        name = name,
        srcs = [out for out in outs if out.endswith(".cc")],
        hdrs = [out for out in outs if out.endswith(".h")],
        copts = ["-w"],
        deps = deps + ["@system//:grpc", "@system//:protobuf"],
        **kwargs
    )

def transformerd_proto_library(name, srcs, deps = [], **kwargs):
    """A cc_library with the messages and services of .proto files.

    Include the headers by their path from the root: "proto/x.pb.h".

    Args:
      name: the cc_library; the .proto files are its filegroup NAME_sources.
      srcs: .proto files of this package.
      deps: other transformerd_proto_library targets that they import.
      **kwargs: goes to the cc_library, say visibility.
    """
    native.filegroup(
        name = name + "_sources",
        srcs = srcs + [dep + "_sources" for dep in deps],
        visibility = kwargs.get("visibility"),
    )
    outs = _generate(name, srcs, [dep + "_sources" for dep in deps], srcs)
    _library(name, outs, deps, **kwargs)

def renamed_proto_library(name, src, package_from, package_to, out, **kwargs):
    """The same file under another proto package, with the same wire format.

    A program may link another copy of the original package, and two copies of one
    package in one process abort in protobuf's registry. Messages carry no package
    on the wire; the stubs go on calling the methods by their original names.

    Args:
      name: the cc_library.
      src: the .proto file; it may import well-known types only.
      package_from: its package.
      package_to: the package of the copy.
      out: the file name of the copy in this package, ending in .proto.
      **kwargs: goes to the cc_library, say visibility.
    """
    native.genrule(
        name = name + "_renamed",
        srcs = [src],
        outs = [out],
        cmd = "sed 's/^package %s;/package %s;/' $< > $@" % (
            package_from.replace(".", "\\."),
            package_to,
        ),
    )
    stub = "$(RULEDIR)/" + out[:-len(".proto")] + ".grpc.pb.cc"
    keep = _KEEP_WIRE_NAMES.format(
        package_from = package_from,
        package_to = package_to.replace(".", "\\."),
        stub = stub,
    )
    outs = _generate(name, [out], [], [out], keep)
    _library(name, outs, [], **kwargs)
