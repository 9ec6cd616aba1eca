"""The libraries of the distribution as targets of one repository, @system.

Every library is linked dynamically: the distribution's gRPC and protobuf use the
shared Abseil, and one process must hold one copy of each. Headers lie in the
compiler's own search path, so a target carries linker options and nothing else.
"""

_ABSEIL = [
    "absl_any_invocable",
    "absl_bind_front",
    "absl_btree",
    "absl_city",
    "absl_cleanup",
    "absl_cord",
    "absl_failure_signal_handler",
    "absl_fixed_array",
    "absl_flags",
    "absl_flags_marshalling",
    "absl_flags_parse",
    "absl_flags_reflection",
    "absl_flags_usage",
    "absl_flat_hash_map",
    "absl_flat_hash_set",
    "absl_function_ref",
    "absl_hash",
    "absl_inlined_vector",
    "absl_int128",
    "absl_memory",
    "absl_node_hash_map",
    "absl_node_hash_set",
    "absl_numeric",
    "absl_optional",
    "absl_random_random",
    "absl_span",
    "absl_stacktrace",
    "absl_status",
    "absl_statusor",
    "absl_str_format",
    "absl_strings",
    "absl_symbolize",
    "absl_synchronization",
    "absl_time",
    "absl_variant",
]

# Target -> the packages that pkg-config knows it by, and where it knows none,
# linker options and a header that must be there.
_PACKAGES = {
    "absl": _ABSEIL,
    "crypto": ["libcrypto"],
    "glog": ["libglog"],
    "grpc": ["grpc++", "grpc"],
    "json": ["nlohmann_json"],
    "prometheus": ["prometheus-cpp-core"],
    "protobuf": ["protobuf"],
    "re2": ["re2"],
}

_LIBRARIES = {
    "civetweb": ("CivetServer.h", ["-lcivetweb-cpp", "-lcivetweb"]),
    "grpc_error_details": ("grpcpp/support/error_details.h", ["-lgrpc++_error_details"]),
    "gtest": ("gmock/gmock.h", ["-lgmock", "-lgtest", "-lpthread"]),
    "gtest_main": ("gmock/gmock.h", ["-lgmock_main", "-lgmock", "-lgtest", "-lpthread"]),
}

# Registers itself from a static initialiser, so nothing refers to it by name.
_WHOLE_LIBRARIES = {
    "grpc_reflection": ("grpcpp/ext/proto_server_reflection_plugin.h", ["-lgrpc++_reflection"]),
}

_DEPS = {
    "absl": """select({
        "@transformerd//deploy/bazel/tsan": ["@transformerd//deploy/bazel/tsan:absl_mutex"],
        "//conditions:default": [],
    })""",
    "grpc": [":absl", ":protobuf"],
    "grpc_error_details": [":grpc"],
    "grpc_reflection": [":grpc"],
}

_TARGET = """
cc_library(
    name = "{name}",
    linkopts = {linkopts},
    deps = {deps},
)
"""

def _wanted(linkopts):
    """Drops repetitions: the order of shared libraries does not matter."""
    kept = []
    for option in linkopts:
        if option.startswith("-l") and option not in kept:
            kept.append(option)
    return kept

def _query(repository_ctx, name, packages):
    pkg_config = repository_ctx.which("pkg-config")
    if not pkg_config:
        fail("pkg-config is not installed: run deploy/dev/setup.sh")
    result = repository_ctx.execute([pkg_config, "--libs"] + packages)
    if result.return_code != 0:
        fail("library %s is not installed: run deploy/dev/setup.sh\n%s" % (name, result.stderr))
    return _wanted(result.stdout.replace("\n", " ").split(" "))

def _target(name, linkopts, mode):
    if linkopts:
        linkopts = ["-Wl,--push-state," + mode] + linkopts + ["-Wl,--pop-state"]
    return _TARGET.format(name = name, linkopts = linkopts, deps = _DEPS.get(name, []))

def _system_libraries_impl(repository_ctx):
    build = "package(default_visibility = [\"//visibility:public\"])\n"
    build += "\nload(\"@rules_cc//cc:defs.bzl\", \"cc_library\")\n"
    for name, packages in _PACKAGES.items():
        build += _target(name, _query(repository_ctx, name, packages), "--as-needed")
    for libraries, mode in [(_LIBRARIES, "--as-needed"), (_WHOLE_LIBRARIES, "--no-as-needed")]:
        for name, (header, linkopts) in libraries.items():
            if not repository_ctx.path("/usr/include/" + header).exists:
                fail("library %s is not installed: run deploy/dev/setup.sh" % name)
            build += _target(name, linkopts, mode)
    repository_ctx.file("BUILD", build)

system_libraries = repository_rule(
    implementation = _system_libraries_impl,
    doc = "Targets for the libraries that the distribution provides.",
    configure = True,
    local = True,
)
