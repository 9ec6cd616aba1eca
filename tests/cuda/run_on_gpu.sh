#!/usr/bin/env bash
# run_on_gpu.sh [FOLDER]: what only a machine with an NVIDIA GPU can tell. Runs every
# golden case on all of its GPUs, loads the checkpoint in FOLDER (MiniLM where none is
# named) onto them in each dtype, and prints free memory, the bandwidth of loading and how
# long passes take: of rows of one length and of many, with CUDA graphs and without, alone
# and beside loads. Builds with --config=cuda (fetches 2.4 GB once). Not part of ./test.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source deploy/dev/paths.sh

nvidia-smi --query-gpu=index,name,memory.total,driver_version --format=csv
bazel test --config=cuda //tests/model/reference:device_graph_test \
  //tests/model/families:gpu_test //tests/model/families:gpu_graphs_test
bazel build --config=cuda //tests/cuda:measure
"$(bazel info --config=cuda bazel-bin 2>/dev/null)/tests/cuda/measure" "${1:-$minilm}"
