"""transformerd.v1.ModelService with the tools that operators hold: grpcurl and
transformerctl."""

import json
import os
import shutil
import subprocess
import time

import pytest

MINILM_BYTES = 90852864
SERVICE = "transformerd.v1.ModelService"


@pytest.fixture
def daemon(start, add_model, minilm):
    add_model("minilm", minilm)
    return start()


def grpcurl(daemon, method, code=0, **request):
    """The answers as a list; with another exit code, what was printed."""
    result = subprocess.run(
        [os.environ["GRPCURL"], "-plaintext", "-d", json.dumps(request)]
        + [daemon.address, f"{SERVICE}/{method}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode != 0) == (code != 0), result.stdout + result.stderr
    if code:
        return result.stdout + result.stderr
    decoder, answers, rest = json.JSONDecoder(), [], result.stdout.strip()
    while rest:
        answer, end = decoder.raw_decode(rest)
        answers.append(answer)
        rest = rest[end:].strip()
    return answers


def transformerctl(daemon, *words, code=0):
    result = subprocess.run(
        [os.environ["TRANSFORMERCTL"], f"--server={daemon.address}", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == code, result.stdout + result.stderr
    return result


def resident_bytes(daemon):
    with open(f"/proc/{daemon.process.pid}/statm", encoding="utf-8") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_a_plan_tells_what_the_load_then_does(daemon):
    (plan,) = grpcurl(daemon, "PlanLoad", model="minilm")
    assert plan["fits"] is True
    assert "READY" not in json.dumps(grpcurl(daemon, "ListModels"))

    (loaded,) = grpcurl(daemon, "LoadModel", model="minilm")

    planned, done = plan["versions"][0], loaded["versions"][0]["report"]
    for field in ("parameters", "bytes_read", "weight_bytes", "replicas"):
        assert planned[field] == done[field]
    assert done["bytes_read"] == str(MINILM_BYTES)
    assert done["peak_host_bytes"] == plan["host_memory"]["needed_bytes"]
    assert {phase["phase"] for phase in done["phases"]} >= {"PLAN", "STREAM", "WARM_UP"}


def test_a_plan_lists_every_key_that_does_not_fit(daemon):
    (plan,) = grpcurl(
        daemon,
        "PlanLoad",
        model="minilm",
        parameters={"num_hidden_layers": 2, "config": {"intermediate_size": 8}},
    )
    assert not plan.get("fits")
    mismatches = plan["versions"][0]["mismatches"]
    # Of layers that are left out, and of those that have another shape.
    assert len(mismatches["unexpected"]) == 4 * 16
    assert len(mismatches["shapes"]) == 2 * 3
    assert mismatches["shapes"][0]["model"].startswith("[8")


def test_a_load_that_does_not_fit_reads_nothing(start, add_model, minilm):
    add_model("minilm", minilm)
    daemon = start("--host_memory_limit=80000000")
    before = daemon.read_bytes()

    error = grpcurl(daemon, "LoadModel", code=1, model="minilm")

    assert '"reason": "RESOURCE_LIMIT"' in error
    assert str(MINILM_BYTES) in error and "80000000" in error
    assert daemon.read_bytes() - before < 2_000_000
    (plan,) = grpcurl(daemon, "PlanLoad", model="minilm")
    assert not plan.get("fits")
    assert plan["host_memory"]["bound"] == "--host_memory_limit"


def test_a_slow_load_is_watched_phase_by_phase(start, add_model, minilm):
    add_model("minilm", minilm)
    daemon = start("--load_bandwidth_limit=60000000")
    begin = time.monotonic()
    (started,) = grpcurl(daemon, "LoadModel", model="minilm", detach=True)

    updates = grpcurl(daemon, "WatchModel", model="minilm")

    seconds = time.monotonic() - begin
    # A tenth of a second's worth comes at once.
    assert seconds > (MINILM_BYTES - 6_000_000) / 60_000_000
    assert {update["operation"] for update in updates} == {started["operation"]}
    phases = [update["progress"]["phase"] for update in updates]
    order = ["QUEUED", "PLAN", "ALLOCATE", "STREAM", "WARM_UP", "DONE"]
    assert phases == sorted(phases, key=order.index)
    assert set(phases) >= set(order[1:])
    assert phases.count("STREAM") >= 5
    assert any(u["progress"].get("bytes_per_second", 0) > 3e7 for u in updates)
    assert updates[-1]["state"] == "READY"
    assert updates[-1]["outcome"]["code"] == "OK"


def test_a_cancelled_load_ends_soon_and_gives_its_memory_back(start, add_model, minilm):
    add_model("minilm", minilm)
    daemon = start("--load_bandwidth_limit=20000000")
    before = resident_bytes(daemon)
    grpcurl(daemon, "LoadModel", model="minilm", detach=True)
    # Until half of it is in memory.
    while resident_bytes(daemon) - before < MINILM_BYTES / 2:
        assert daemon.process.poll() is None
        time.sleep(0.01)

    begin = time.monotonic()
    grpcurl(daemon, "UnloadModel", model="minilm")

    assert time.monotonic() - begin < 1
    assert resident_bytes(daemon) - before < 0.1 * MINILM_BYTES


def test_unloading_tells_the_bytes_that_came_back(daemon):
    grpcurl(daemon, "LoadModel", model="minilm")
    (unloaded,) = grpcurl(daemon, "UnloadModel", model="minilm")
    assert unloaded["released_bytes"] == str(MINILM_BYTES)
    came_back = int(unloaded["process_bytes_before"]) - int(unloaded["process_bytes_after"])
    assert came_back > 0.98 * MINILM_BYTES


def test_reports_become_metrics_and_a_table_in_the_log(daemon):
    grpcurl(daemon, "LoadModel", model="minilm")
    assert daemon.metric("transformerd_model_load_phase_seconds_count", 'stage="stream"') == 1
    assert daemon.metric("transformerd_model_load_peak_bytes") == MINILM_BYTES
    log = daemon.log()
    assert "phase          seconds      GB/s\n" in log
    assert f"read {MINILM_BYTES} bytes, sent 0, " in log


def test_transformerctl_loads_plans_and_watches(daemon):
    plan = json.loads(transformerctl(daemon, "plan", "minilm", "--json").stdout)
    assert plan["fits"] and plan["versions"][0]["bytes_read"] == MINILM_BYTES
    assert "model 'minilm' fits" in transformerctl(daemon, "plan", "minilm").stdout

    loaded = transformerctl(daemon, "load", "minilm", "--param", "dtype=float32")
    assert "model 'minilm' is loaded\n  version 1: 22713216 parameters" in loaded.stdout

    assert "ready" in transformerctl(daemon, "watch", "minilm").stdout
    unloaded = transformerctl(daemon, "unload", "minilm").stdout
    assert "90.9 MB of weights are free" in unloaded


def test_transformerctl_shows_the_progress_of_a_slow_load(start, add_model, minilm):
    add_model("minilm", minilm)
    daemon = start("--load_bandwidth_limit=60000000")
    lines = transformerctl(daemon, "load", "minilm").stderr.split("\n")
    assert any("stream" in line and "MB" in line for line in lines)


def test_a_broken_load_fails_the_watch_of_transformerctl(start, tmp_path, minilm):
    folder = tmp_path / "models" / "broken"
    shutil.copytree(minilm, folder)
    with open(folder / "model.safetensors", "r+b") as file:
        file.truncate(50_000_000)
    daemon = start()
    failed = transformerctl(daemon, "load", "broken", code=1)
    assert "TRUNCATED" in failed.stderr
    assert "failed" in transformerctl(daemon, "watch", "broken").stdout
