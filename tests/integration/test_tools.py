"""The tools that people hold in their hands: grpcurl, grpc-health-probe,
transformerctl, and what the README tells them to paste."""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

README = pathlib.Path(__file__).parents[2] / "README.md"
README_PORT = "8001"


def run(*command, code=0):
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == code, result.stdout + result.stderr
    return result.stdout


@pytest.fixture
def daemon(start, add_model, minilm):
    add_model("minilm", minilm)
    return start("--load_model=minilm")


@pytest.fixture
def grpcurl(daemon):
    def call(*words, data=None):
        flags = ["-plaintext"] + (["-d", data] if data else [])
        return run(os.environ["GRPCURL"], *flags, daemon.address, *words)

    return call


def test_grpcurl_lists_and_describes_by_reflection(grpcurl):
    services = grpcurl("list").split()
    assert "inference.GRPCInferenceService" in services
    assert "grpc.health.v1.Health" in services
    assert "ModelInfer" in grpcurl("describe", "inference.GRPCInferenceService")


def test_grpcurl_asks_for_health(grpcurl):
    answer = json.loads(
        grpcurl("grpc.health.v1.Health/Check", data='{"service": "model/minilm"}')
    )
    assert answer == {"status": "SERVING"}


def test_grpcurl_prints_the_details_of_errors(daemon):
    result = subprocess.run(
        [os.environ["GRPCURL"], "-plaintext", "-d", '{"model_name": "minilm"}']
        + [daemon.address, "inference.GRPCInferenceService/ModelInfer"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode != 0
    assert '"field": "input_ids"' in result.stderr, result.stderr


@pytest.mark.parametrize("service", ["", "liveness", "model/minilm"])
def test_grpc_health_probe_answers(daemon, service):
    run(os.environ["GRPC_HEALTH_PROBE"], f"-addr={daemon.address}", f"-service={service}")


def test_grpc_health_probe_does_not_know_other_models(daemon):
    probe = os.environ["GRPC_HEALTH_PROBE"]
    run(probe, f"-addr={daemon.address}", "-service=model/other", code=3)


def readme_blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(), re.S)


def test_the_readmes_grpcurl_calls_work_when_pasted(daemon):
    blocks = [b for b in readme_blocks("sh") if "grpcurl " in b]
    assert blocks
    folder = os.path.dirname(os.environ["GRPCURL"])
    for block in blocks:
        script = block.replace("localhost:" + README_PORT, daemon.address)
        answer = subprocess.run(
            ["bash", "-ec", script],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"},
        )
        assert answer.returncode == 0, script + answer.stderr


def test_the_readmes_tritonclient_call_works_when_pasted(daemon):
    blocks = [b for b in readme_blocks("python") if "tritonclient" in b]
    assert blocks
    for block in blocks:
        script = block.replace("localhost:" + README_PORT, daemon.address)
        assert "384" in run(sys.executable, "-c", script)


def transformerctl(daemon, *arguments, code=0):
    binary = os.environ["TRANSFORMERCTL"]
    return run(binary, f"--server={daemon.address}", *arguments, code=code)


def test_transformerctl_walks_through_a_models_life(daemon):
    assert "minilm" in transformerctl(daemon, "list")
    assert "transformerd" in transformerctl(daemon, "status")
    ids = "input_ids=101,7592,2088,102"
    answer = transformerctl(
        daemon, "infer", "minilm", "--input", ids, "--output", "sentence_embedding"
    )
    assert "sentence_embedding" in answer and "384" in answer
    transformerctl(daemon, "unload", "minilm")
    transformerctl(daemon, "infer", "minilm", "--input", ids, code=1)
    transformerctl(daemon, "load", "minilm", "--param", "pooling=cls")
    transformerctl(daemon, "infer", "minilm", "--input", ids)
    transformerctl(daemon, "no-such-command", code=2)


def test_transformerctl_takes_text(daemon):
    texts = ["The cat sits outside.", "A cat is out of doors.", "Stocks fell again."]

    embedded = json.loads(transformerctl(daemon, "embed", "minilm", *texts, "--json"))
    table = transformerctl(daemon, "embed", "minilm", *texts, "--similarity")
    tokens = transformerctl(daemon, "tokenize", "minilm", "unaffable", "--pair", "b")
    answer = transformerctl(
        daemon, "infer", "minilm", "--input", "text=a text", "--param", "truncate=true"
    )

    assert [len(e["values"]) for e in embedded["embeddings"]] == [384] * 3
    rows = [line.split() for line in table.splitlines()]
    similar, different = rows[-3][-2], rows[-3][-1]
    assert float(similar) > 0.5 > float(different), table
    assert "una" in tokens and "[SEP]" in tokens
    assert "sentence_embedding FP32 [1,384]" in answer
