"""LibTorch from the wheels on PyPI, as @libtorch//:libtorch.

The wheels are pinned by hash and the same for every machine, whatever Python it
has. They are fetched with pip, which knows the machine's package index, and kept
unpacked in a cache outside of Bazel's output folder, so that clones share them
and `bazel clean --expunge` does not cost a download.
"""

_PLATFORMS = [
    "manylinux_2_28_x86_64",
    "manylinux_2_27_x86_64",
    "manylinux_2_25_x86_64",
    "manylinux_2_18_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux2014_x86_64",
    "manylinux2010_x86_64",
    "manylinux1_x86_64",
]

# libtorch_cpu.so of this wheel needs the last two even where no GPU is used.
_REQUIREMENTS = """\
torch==2.11.0 --hash=sha256:7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a
nvidia-cuda-runtime==13.0.96 --hash=sha256:7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548
nvidia-cuda-cupti==13.0.85 --hash=sha256:4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8
"""

_VERSION = "torch-2.11.0-cu130-1"

# What --config=cuda fetches besides: the libraries that libtorch_cuda.so needs, and
# the headers that NCCL's process groups are compiled with.
_CUDA_REQUIREMENTS = """\
torch==2.11.0 --hash=sha256:7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a
nvidia-cublas==13.1.0.3 --hash=sha256:ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171
nvidia-cuda-cccl==13.0.85 --hash=sha256:e0da7ad981f3a8aff08241b5bfc1af868742a63e2762f53a5171c492ef242649
nvidia-cuda-crt==13.0.88 --hash=sha256:2c8043c7c9e02492716426e9919fc78d2c5b3b2a7a768a88e952676b08aa55a4
nvidia-cuda-cupti==13.0.85 --hash=sha256:4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8
nvidia-cuda-nvrtc==13.0.88 --hash=sha256:ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575
nvidia-cuda-runtime==13.0.96 --hash=sha256:7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548
nvidia-cudnn-cu13==9.19.0.56 --hash=sha256:d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf
nvidia-cufft==12.0.0.61 --hash=sha256:6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3
nvidia-cufile==1.15.1.6 --hash=sha256:08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44
nvidia-curand==10.4.0.35 --hash=sha256:1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc
nvidia-cusolver==12.0.4.66 --hash=sha256:0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112
nvidia-cusparse==12.6.3.3 --hash=sha256:2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b
nvidia-cusparselt-cu13==0.8.0 --hash=sha256:25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd
nvidia-nccl-cu13==2.28.9 --hash=sha256:e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42
nvidia-nvjitlink==13.0.88 --hash=sha256:13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b
nvidia-nvshmem-cu13==3.4.5 --hash=sha256:290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80
nvidia-nvtx==13.0.85 --hash=sha256:4936d1d6780fbe68db454f5e72a42ff64d1fd6397df9f363ae786930fd5c1cd4
"""

_CUDA_VERSION = "torch-2.11.0-cu130-cuda-1"

_BUILD = """
load("@rules_cc//cc:defs.bzl", "cc_library")

cc_library(
    name = "libtorch",
    hdrs = glob(["include/**"]),
    # With glog its headers include glog's instead of defining LOG and CHECK themselves,
    # which would then be ours or theirs by the order of includes.
    defines = [
        "C10_USE_GLOG",
        "C10_USE_MINIMAL_GLOG",
        "_GLIBCXX_USE_CXX11_ABI=1",
    ],
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
    deps = ["@system//:glog"],
)
"""

# Of use with --config=cuda alone, but there for those who only read the graph.
_NO_CUDA = """
cc_library(
    name = "cuda",
    visibility = ["//visibility:public"],
)
"""

_CUDA = """
cc_library(
    name = "cuda",
    hdrs = glob(["cuda/**"]),
    includes = ["cuda"],
    linkopts = [
        "-L{lib}",
        "-Wl,-rpath,{lib}",
        "-Wl,--push-state,--no-as-needed",
        "-ltorch_cuda",
        "-Wl,--pop-state",
        "-lc10_cuda",
        "-l:libcudart.so.13",
        "-l:libnccl.so.2",
        # What these need in turn lies beside them.
        "-Wl,--allow-shlib-undefined",
    ],
    visibility = ["//visibility:public"],
)
"""

def _run(repository_ctx, arguments, what):
    result = repository_ctx.execute(arguments, timeout = 3600)
    if result.return_code != 0:
        fail("%s failed: %s%s" % (what, result.stdout[-2000:], result.stderr[-2000:]))
    return result.stdout.strip()

def _cache_folder(repository_ctx, version):
    home = repository_ctx.os.environ.get("HOME")
    if not home:
        return str(repository_ctx.path("unpacked-" + version))
    return home + "/.cache/transformerd/" + version

def _python_with_pip(repository_ctx):
    for name in ["python3", "/usr/bin/python3"]:
        python = repository_ctx.which(name) if "/" not in name else name
        if python and repository_ctx.execute([python, "-m", "pip", "--version"]).return_code == 0:
            return python
    fail("no python3 with pip: run deploy/dev/setup.sh")

def _fetch(repository_ctx, version, requirements, part, size):
    """Makes the folder of `version` in the cache, unless it is there, and returns it."""
    folder = _cache_folder(repository_ctx, version)
    if repository_ctx.path(folder + "/complete").exists:
        return folder
    repository_ctx.file("requirements.txt", requirements)
    repository_ctx.report_progress("fetching the wheels of LibTorch (%s)" % size)
    python = _python_with_pip(repository_ctx)
    arguments = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir"]
    arguments += ["--only-binary=:all:", "--require-hashes", "-r", "requirements.txt", "-d", "wheels"]
    arguments += ["--python-version", "3.11", "--implementation", "cp"]
    for platform in _PLATFORMS:
        arguments += ["--platform", platform]
    _run(repository_ctx, arguments, "fetching LibTorch")
    repository_ctx.report_progress("unpacking LibTorch")
    script = str(repository_ctx.path(Label("//deploy/bazel:unpack_libtorch.sh")))
    _run(repository_ctx, ["bash", script, part, "wheels", folder], "unpacking LibTorch")
    return folder

def _libtorch_impl(repository_ctx):
    folder = _fetch(repository_ctx, _VERSION, _REQUIREMENTS, "cpu", "0.5 GB")
    repository_ctx.symlink(folder + "/include", "include")
    repository_ctx.symlink(folder + "/lib", "lib")
    build = _BUILD.format(lib = folder + "/lib")
    if repository_ctx.os.environ.get("TRANSFORMERD_CUDA") == "1":
        folder = _fetch(repository_ctx, _CUDA_VERSION, _CUDA_REQUIREMENTS, "cuda", "2.4 GB")
        repository_ctx.symlink(folder + "/include", "cuda")
        build += _CUDA.format(lib = folder + "/lib")
    else:
        build += _NO_CUDA
    repository_ctx.file("BUILD", build)

libtorch = repository_rule(
    implementation = _libtorch_impl,
    doc = "Headers and libraries of LibTorch: for the CPU, and with --config=cuda for GPUs.",
    environ = ["TRANSFORMERD_CUDA"],
)
