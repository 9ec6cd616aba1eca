"""The programs that people call a daemon with, as functions.

Each takes an address and the files of a connection with TLS ("ca", "cert" and
"key"; {} is plaintext), and returns what went wrong, or "".
"""

import os

import tritonclient.grpc as triton
from daemon import run
from tritonclient.utils import InferenceServerException


def flags(files, names):
    return [f"{names[kind]}={path}" for kind, path in files.items()]


def failure(result):
    return "" if result.returncode == 0 else result.stdout + result.stderr


def grpcurl(address, files, *arguments, words=("list",)):
    names = {"ca": "-cacert", "cert": "-cert", "key": "-key"}
    connection = flags(files, names) if files else ["-plaintext"]
    command = [os.environ["GRPCURL"], "-connect-timeout=10", *connection, *arguments]
    return failure(run(*command, address, *words))


def grpc_health_probe(address, files):
    names = {"ca": "-tls-ca-cert", "cert": "-tls-client-cert", "key": "-tls-client-key"}
    connection = ["-tls", *flags(files, names)] if files else []
    return failure(run(os.environ["GRPC_HEALTH_PROBE"], f"-addr={address}", *connection))


def transformerctl(address, files, *words):
    names = {"ca": "--tls_ca", "cert": "--tls_cert", "key": "--tls_key"}
    command = [os.environ["TRANSFORMERCTL"], *(words or ["list"])]
    return failure(run(*command, f"--server={address}", "--timeout=10s", *flags(files, names)))


def triton_arguments(files):
    names = {"ca": "root_certificates", "cert": "certificate_chain", "key": "private_key"}
    return {"ssl": bool(files), **{names[kind]: path for kind, path in files.items()}}


def tritonclient(address, files):
    client = triton.InferenceServerClient(address, **triton_arguments(files))
    try:
        client.get_server_metadata(client_timeout=10)
    except InferenceServerException as error:
        return str(error)
    finally:
        client.close()
    return ""


ALL = (grpcurl, grpc_health_probe, transformerctl, tritonclient)
