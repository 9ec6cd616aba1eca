"""Fetches Rust crates, all that a Cargo.lock pins by hash, for cargo_library.bzl."""

# What the crates in use ask for, and what .../dev/setup.sh looks for.
_MIN_MINOR = 85

_WRAPPER = """\
#!/bin/sh
# cargo with the environment in which the crates were fetched.
export HOME='{home}' PATH='{path}' CARGO_TERM_QUIET=true
exec '{cargo}' "$@"
"""

def _minor_version(repository_ctx, cargo):
    result = repository_ctx.execute([cargo, "--version"])
    words = result.stdout.split(" ")
    if result.return_code != 0 or len(words) < 2:
        return 0
    return int(words[1].split(".")[1])

def _find_cargo(repository_ctx):
    home = repository_ctx.os.environ.get("HOME", "")
    for cargo in [repository_ctx.which("cargo"), home + "/.cargo/bin/cargo", "/usr/bin/cargo"]:
        if cargo and repository_ctx.path(cargo).exists:
            if _minor_version(repository_ctx, cargo) >= _MIN_MINOR:
                return repository_ctx.path(cargo)
    fail("no cargo of version 1.%d or later: run deploy/dev/setup.sh" % _MIN_MINOR)

def _cargo_crates_impl(repository_ctx):
    cargo = _find_cargo(repository_ctx)
    manifest = repository_ctx.path(repository_ctx.attr.manifest)
    repository_ctx.symlink(manifest, "Cargo.toml")
    repository_ctx.symlink(repository_ctx.path(repository_ctx.attr.lockfile), "Cargo.lock")

    # A manifest without sources is refused.
    repository_ctx.file("src/lib.rs")
    repository_ctx.report_progress("fetching the crates of %s" % repository_ctx.attr.manifest)
    result = repository_ctx.execute([cargo, "fetch", "--locked"], timeout = 1800)
    if result.return_code != 0:
        fail("cargo fetch failed: " + result.stderr[-2000:])
    repository_ctx.file("cargo", _WRAPPER.format(
        cargo = cargo,
        home = repository_ctx.os.environ.get("HOME", ""),
        path = "%s:/usr/bin:/bin" % cargo.dirname,
    ))
    repository_ctx.file("BUILD", "exports_files([\"cargo\"])\n")

cargo_crates = repository_rule(
    implementation = _cargo_crates_impl,
    attrs = {
        "lockfile": attr.label(mandatory = True, allow_single_file = True),
        "manifest": attr.label(mandatory = True, allow_single_file = True),
    },
    doc = "Fetches the dependencies of a crate; //:cargo builds with them.",
    environ = ["HOME", "PATH"],
)
