"""Golden cases through the daemon and tritonclient."""

import json

import grpc
import pytest
from conftest import TESTDATA
from daemon import error_reason, rpc_error
from golden import assert_close, read_case

CASES = sorted(
    (path.name, read_case(path)[0]["type"])
    for path in (TESTDATA / "goldens").iterdir()
)
FORWARD = [name for name, kind in CASES if kind in ("forward", "odd_valid")]
PARTIAL = [name for name, kind in CASES if kind == "partial"]
MODULES = [name for name, kind in CASES if kind == "allennlp_module"]
BAD = [name for name, kind in CASES if kind == "bad"]


@pytest.fixture(scope="module", params=["cpu", "cpu,cpu"])
def devices(request):
    return request.param


def test_answers_as_transformers_does(start, add_model, goldens, devices):
    daemon = start(f"--devices={devices}")
    for name in FORWARD:
        case, probes = read_case(goldens / name)
        lenient = case["load"].get("missing_keys") or case["load"].get(
            "unexpected_keys"
        )
        add_model(name, goldens / name / "model")
        daemon.load(
            name,
            architecture=case.get("class") or case["load"]["class"],
            dtype="float32",
            strict=not lenient,
        )
        for probe in probes.values():
            got = daemon.infer(name, probe["in"], list(probe["out"]))
            for output, want in probe["out"].items():
                assert_close(output, got[output], want, probe["in"], **case["tolerance"])
        daemon.client.unload_model(name)


def test_loads_parts_of_checkpoints_as_allennlp_does(start, add_model, goldens, devices):
    daemon = start(f"--devices={devices}")
    for name in PARTIAL:
        case, probes = read_case(goldens / name)
        add_model(name, goldens / name / "model")
        for stack in case["stacks"]:
            options = {
                "architecture": case["class"],
                "dtype": "float32",
                "relevant_module": stack["relevant_module"],
                "num_hidden_layers": stack["num_hidden_layers"],
                "mapping": json.dumps(stack["mapping"]),
                "strict": stack["strict"],
            }
            if stack["strict"] and not stack["expect"]["loads_strict"]:
                error = rpc_error(daemon.load, name, **options)
                assert error_reason(error) == "UNEXPECTED_KEY", name
                continue
            daemon.load(name, **options)
            for probe in probes.values():
                check_all(daemon, name, probe, stack["name"] + ".", case["tolerance"])
        daemon.client.unload_model(name)


def test_serves_modules_of_allennlp(start, add_model, goldens, devices):
    daemon = start(f"--devices={devices}")
    for name in MODULES:
        case, probes = read_case(goldens / name)
        add_model(name, goldens / name / "model")
        options = {"architecture": case["class"], "dtype": "float32"}
        how = case["load"]
        if how["how"] == "from_pretrained":
            for key in ("relevant_module", "mapping", "ignore", "allow_missing"):
                if how.get(key):
                    options[key] = how[key]
            options["strict"] = how["strict"]
            if how.get("kwargs"):
                options["config"] = how["kwargs"]
        daemon.load(name, **options)
        for probe in probes.values():
            check_all(daemon, name, probe, "", case["tolerance"])
        daemon.client.unload_model(name)


def check_all(daemon, name, probe, prefix, tolerance):
    """Bare modules compute every position: all of each output is compared."""
    wanted = {
        output[len(prefix) :]: want
        for output, want in probe["out"].items()
        if output.startswith(prefix)
    }
    got = daemon.infer(name, probe["in"], list(wanted))
    for output, want in wanted.items():
        assert_close(output, got[output], want, {}, **tolerance)


def test_refuses_damaged_checkpoints_by_reason(start, add_model, goldens):
    daemon = start()
    for name in BAD:
        case, _ = read_case(goldens / name)
        add_model(name, goldens / name / "model")
        error = rpc_error(
            daemon.load,
            name,
            architecture=case["load"]["class"],
            strict=case["load"].get("strict", True),
        )
        allowed = [case["category"], *case["also_accepted"]]
        assert error.code() == grpc.StatusCode.FAILED_PRECONDITION, name
        assert error_reason(error) in allowed, name
        assert len(error.details()) < 4096, name
        assert "testdata" not in error.details(), f"{name}: an absolute path"
    assert daemon.client.is_server_live()
    assert daemon.stop() == 0
