"""LibTorch from the wheels on PyPI, as @libtorch//:libtorch.

The wheels are pinned by hash and the same for every machine, whatever Python it
has. They are fetched with pip, which knows the machine's package index, and kept
unpacked in a cache outside of Bazel's output folder, so that clones share them
and `bazel clean --expunge` does not cost a download.
"""

_PLATFORMS = [
    "manylinux_2_28_x86_64",
    "manylinux_2_25_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux2014_x86_64",
]

# libtorch_cpu.so of this wheel needs the last two even where no GPU is used.
_REQUIREMENTS = """\
torch==2.11.0 --hash=sha256:7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a
nvidia-cuda-runtime==13.0.96 --hash=sha256:7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548
nvidia-cuda-cupti==13.0.85 --hash=sha256:4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8
"""

_VERSION = "torch-2.11.0-cu130-1"

_BUILD = """
load("@rules_cc//cc:defs.bzl", "cc_library")

cc_library(
    name = "libtorch",
    hdrs = glob(["include/**"]),
    defines = ["_GLIBCXX_USE_CXX11_ABI=1"],
    # -isystem: warnings in these headers are not ours to mend.
    includes = [
        "include",
        "include/torch/csrc/api/include",
    ],
    linkopts = [
        "-L{lib}",
        "-Wl,-rpath,{lib}",
        "-Wl,--push-state,--no-as-needed",
        "-ltorch_cpu",
        "-Wl,--pop-state",
        "-lc10",
    ],
    visibility = ["//visibility:public"],
)
"""

def _run(repository_ctx, arguments, what):
    result = repository_ctx.execute(arguments, timeout = 3600)
    if result.return_code != 0:
        fail("%s failed: %s%s" % (what, result.stdout[-2000:], result.stderr[-2000:]))
    return result.stdout.strip()

def _cache_folder(repository_ctx):
    home = repository_ctx.os.environ.get("HOME")
    if not home:
        return str(repository_ctx.path("unpacked"))
    return home + "/.cache/transformerd/" + _VERSION

def _python_with_pip(repository_ctx):
    for name in ["python3", "/usr/bin/python3"]:
        python = repository_ctx.which(name) if "/" not in name else name
        if python and repository_ctx.execute([python, "-m", "pip", "--version"]).return_code == 0:
            return python
    fail("no python3 with pip: run deploy/dev/setup.sh")

def _libtorch_impl(repository_ctx):
    folder = _cache_folder(repository_ctx)
    if not repository_ctx.path(folder + "/complete").exists:
        repository_ctx.file("requirements.txt", _REQUIREMENTS)
        repository_ctx.report_progress("fetching the LibTorch wheels (0.5 GB)")
        python = _python_with_pip(repository_ctx)
        arguments = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir"]
        arguments += ["--only-binary=:all:", "--require-hashes", "-r", "requirements.txt", "-d", "wheels"]
        arguments += ["--python-version", "3.11", "--implementation", "cp"]
        for platform in _PLATFORMS:
            arguments += ["--platform", platform]
        _run(repository_ctx, arguments, "fetching LibTorch")
        repository_ctx.report_progress("unpacking LibTorch")
        script = str(repository_ctx.path(Label("//deploy/bazel:unpack_libtorch.sh")))
        _run(repository_ctx, ["bash", script, "wheels", folder], "unpacking LibTorch")
    repository_ctx.symlink(folder + "/include", "include")
    repository_ctx.symlink(folder + "/lib", "lib")
    repository_ctx.file("BUILD", _BUILD.format(lib = folder + "/lib"))

libtorch = repository_rule(
    implementation = _libtorch_impl,
    doc = "Headers and libraries of LibTorch for the CPU.",
)
