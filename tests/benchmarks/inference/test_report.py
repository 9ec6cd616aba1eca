"""Tables and plots out of the results of a small made-up run."""

import copy
import json
import pathlib
import subprocess
import sys
import xml.etree.ElementTree

import plot
import pytest
import report
import summary

# What is measured of ours with several workers.
TOGETHER = {"workers_gain": [2], "together_s": [1e-3]}
HERE = pathlib.Path(__file__).parent


def engine(title, who, precision, milliseconds, cosine, **more):
    seconds = [value / 1000 for value in milliseconds]
    result = {
        "budget": None,
        "passes": 1,
        "cosine": {"sequence": cosine, "pooled": cosine, "token": cosine},
        "cpu_s": seconds,
        "wall_s": seconds,
        **more,
    }
    return {
        "title": title,
        "who": who,
        "precision": precision,
        "facts": {},
        "workloads": {"1x16": result},
    }


@pytest.fixture
def results():
    return {
        "machine": {"cpu": "Some CPU", "features": ["avx2"], "cores": 2, "load": 0.25},
        "settings": {"threads": 1, "workers": 2, "turn_s": 1, "metric": "cpu_s"},
        "versions": {"transformerd": "0.1.0 (abc)"},
        "models": {
            "minilm": {
                "title": "MiniLM",
                "rounds": 3,
                "workloads": {"1x16": {"tokens": 16, "flop": 4e8}},
                "linear_weights": 4e6,
                "memory": {"1": [2e10, 3e10, 2.5e10], "2": [3e10]},
                "unsupported": {"d_bf16": "D has none"},
                "peaks": {
                    "F32": {"gemm": [1e11], "registers": [1e11], "instruction": "fma"},
                    "BF16": {"gemm": [1e11, 4e11], "registers": []},
                },
                "engines": {
                    "ours_bf16": engine(
                        "Ours", "ours", "bf16", [4, 2, 4], 0.99987,
                        workers_gain=[1.9, 2, 1.95], together_s=[5e-3, 4e-3, 3e-3],
                    ),  # fmt: skip
                    "daemon_bf16_1": engine("Daemon", "daemon", "bf16", [1, 1, 1], 0.9998),
                    "a_bf16": engine("A", "a", "bf16", [8, 3, 9], 0.9995, budget=512),
                    "b_int8": engine("B", "b", "int8", [2, 2, 2], 0.98),
                    "c_f32": engine("C", "c", "f32", [20, 20, 20], 1.0),
                },
            }
        },
    }


def lines_of(text, start):
    return [line for line in text.splitlines() if line.startswith("| " + start)]


def test_ours_is_compared_with_the_best_accurate_peer_and_with_the_fastest(results):
    (row,) = lines_of(report.markdown(results), "1x16")

    # By the rounds' ratios: 2, 1.5 and 2.25 for A, and half to all of it for B.
    assert row == "| 1x16 | 16 | 4.00 | A | 8.00 | 2.00 | B | 2.00 | 0.50 | 100 | 25% |  |"


def test_float32_is_compared_with_float32(results):
    engines = results["models"]["minilm"]["engines"]
    engines["ours_f32"] = engine("Ours 32", "ours", "f32", [10, 10, 10], 1.0, **TOGETHER)

    row = lines_of(report.markdown(results), "1x16")[1]

    assert row == "| 1x16 | 16 | 10.0 | C | 20.0 | 2.00 | 40 | 40% | 40% |"


def test_int8_is_compared_with_int8_and_with_the_best_accurate_peer(results):
    engines = results["models"]["minilm"]["engines"]
    engines["ours_int8"] = engine("Ours 8", "ours", "int8", [1, 1, 1], 0.998, **TOGETHER)

    row = lines_of(report.markdown(results), "1x16")[1]

    assert row == "| 1x16 | 16 | 1.00 | B | 2.00 | 2.00 | A | 8.00 | 8.00 | 400 |  |  |"


def test_where_nobody_is_accurate_the_columns_are_empty(results):
    engines = results["models"]["minilm"]["engines"]
    del engines["a_bf16"], engines["c_f32"]

    (row,) = lines_of(report.markdown(results), "1x16")

    assert row == "| 1x16 | 16 | 4.00 |  |  |  | B | 2.00 | 0.50 | 100 | 25% |  |"


def test_times_have_ratios_and_spread_and_accuracy_has_budgets(results):
    cpu, wall, accuracy = lines_of(report.markdown(results), "A")

    assert cpu == wall == "| A | 8.00 (2.00) | 12% |"
    assert accuracy == "| A | 0.9995000 | 0.9995000 | 0.9995000 | 512 |"


def test_cosines_are_rounded_down(results):
    results["models"]["minilm"]["engines"]["a_bf16"] = engine(
        "A", "a", "bf16", [8, 3, 9], 0.99999999
    )

    assert "| A | 0.9999999 |" in report.markdown(results)


def test_the_text_says_what_was_left_out_and_on_what_it_was_measured(results):
    text = report.markdown(results)

    assert "Left out: d_bf16, as D has none." in text
    assert "Some CPU, 2 cores, avx2" in text and "0.1.0 (abc)" in text
    assert lines_of(text, "2 workers") and lines_of(text, "Ours | 1.95")


def test_the_rate_at_which_weights_are_read_stands_beside_that_of_memory(results):
    model = results["models"]["minilm"]
    # Whose weights are read more than once.
    model["workloads"]["8x128"] = {"tokens": 1024, "flop": 4e10}
    for each in model["engines"].values():
        each["workloads"]["8x128"] = each["workloads"]["1x16"]

    lines = report.markdown(results).splitlines()

    start = lines.index("| GB/s of weights | 1x16, alone | 1x16, 2 workers |")
    # 8 MB in 4 ms, and twice in 4 ms.
    assert lines[start + 2] == "| Ours | 2.0 | 4.0 |"
    assert lines[start + 3] == "| a loop that only reads memory | 25.0 | 30.0 |"


def test_passes_that_read_weights_more_than_once_are_not_compared_with_memory(results):
    results["models"]["minilm"]["workloads"]["1x16"]["tokens"] = 257

    assert "GB/s of weights" not in report.markdown(results)


def test_a_run_without_ours_tells_no_rate_of_weights(results):
    model = results["models"]["minilm"]
    del model["engines"]["ours_bf16"]
    # Which our program would have measured.
    model["memory"] = {"1": [], "2": []}

    assert "GB/s of weights" not in report.markdown(results)


def test_the_plot_has_a_bar_for_each_but_the_daemon(results):
    drawing = xml.etree.ElementTree.fromstring(plot.svg(results))
    shapes = {"text": [], "rect": []}
    for element in drawing:
        shapes[element.tag.rpartition("}")[2]].append(element)

    widths = [int(bar.get("width")) for bar in shapes["rect"][1:]]
    labels = [label.text for label in shapes["text"]]
    inaccurate = ["B", "2.00 (cosine 0.980)"]
    assert labels == ["MiniLM, 1x16: ms", *inaccurate, "Ours", "4.00", "A", "8.00", "C", "20.0"]
    assert widths == [round(plot.WIDTH * share) for share in (0.1, 0.2, 0.4, 1)]


def test_the_plot_has_ours_twice_where_one_is_not_accurate(results):
    engines = results["models"]["minilm"]["engines"]
    engines["ours_int8"] = engine("Ours 8", "ours", "int8", [1, 1, 1], 0.998, **TOGETHER)

    drawing = plot.svg(results)

    assert ">Ours<" in drawing and ">Ours 8<" in drawing
    assert "1.00 (cosine 0.998)" in drawing


def test_a_file_of_results_is_printed_again_without_any_peer(results, tmp_path):
    path = tmp_path / "results.json"
    path.write_text(json.dumps(results))

    command = [sys.executable, HERE / "benchmark.py", "--from-json", path]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert printed == report.markdown(results) + "\n"


def test_files_of_several_models_are_printed_as_one(results, tmp_path):
    other = copy.deepcopy(results)
    other["models"] = {"bert_base": {**results["models"]["minilm"], "title": "BERT"}}
    paths = [tmp_path / "one.json", tmp_path / "other.json"]
    for path, run in zip(paths, [results, other]):
        path.write_text(json.dumps(run))

    command = [sys.executable, HERE / "benchmark.py", "--from-json", ",".join(map(str, paths))]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    both = copy.deepcopy(results)
    both["models"].update(other["models"])
    assert printed == report.markdown(both) + "\n"


def test_spread_is_the_median_deviation():
    assert summary.spread([10, 11, 9, 30, 10]) == pytest.approx(0.1)


def test_ratios_are_taken_within_rounds():
    # The machine was slow in the second round, for both.
    assert summary.paired_ratio([2, 20, 2], [1, 10, 1]) == 2
