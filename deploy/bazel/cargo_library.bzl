"""A Rust crate as a static library, built by cargo without the network."""

load("@rules_cc//cc:defs.bzl", "cc_library")

_BUILD = """
set -e
manifest=$(execpath Cargo.toml)
target=$(RULEDIR)/{name}_target
$(execpath {cargo}) build --release --frozen --manifest-path $$manifest --target-dir $$target
mv $$target/release/lib{crate}.a $@
"""

def cargo_static_library(name, crate, cargo, srcs, hdrs, **kwargs):
    """A cc_library of the crate whose Cargo.toml lies in this package.

    Args:
      name: the cc_library.
      crate: the name in Cargo.toml; its crate-type holds "staticlib".
      cargo: //:cargo of its cargo_crates repository.
      srcs: Cargo.toml, Cargo.lock and the sources.
      hdrs: C headers of what the crate exports.
      **kwargs: goes to the cc_library, say visibility.
    """
    archive = "lib%s_archive.a" % crate
    native.genrule(
        name = name + "_archive",
        srcs = srcs,
        outs = [archive],
        cmd = _BUILD.format(cargo = cargo, crate = crate, name = name),
        message = "Building crate",
        tools = [cargo],
    )
    cc_library(
        name = name,
        srcs = [archive],
        hdrs = hdrs,
        # What Rust's standard library needs.
        linkopts = [
            "-lpthread",
            "-ldl",
            "-lm",
        ],
        **kwargs
    )
