#!/usr/bin/env bash
# run.sh [--models minilm,bert_base,...] [--workloads 1x16,ragged64,...]
#        [--engines ours,openvino,ctranslate2_int8,...] [--rounds N] [--threads N]
#        [--json FILE] [--markdown FILE] [--svg FILE]
# run.sh --from-json FILE[,FILE...] [--markdown FILE] [--svg FILE]
# run.sh --linears [--dtypes BF16,F32]
# run.sh --shares [--models ...] [--workloads ...] [--dtypes BF16,F32,I8] [--seconds S]
#
# Measures a forward pass of our engine, of the daemon over gRPC and of other engines
# with the same weights, interleaved in one run, and how far their answers are from
# those of transformers in float32. Prints tables on the standard output, each step on
# the standard error. Makes, once, an environment with the other engines (6 GB) and the
# models that are not there (4 GB), in each engine's form (20 GB).
#
# With --shares: what our engine's passes spend their time on, by samples of its stacks
# (`perf` of the package linux-perf).
#
# With --linears: how fast the kernel of linears is by itself, with weights that lie in the
# caches and with those that come from memory.
#
# Times mean something on a quiet machine alone. A whole run takes hours: name models
# and workloads for less.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
source deploy/dev/paths.sh
deploy/dev/setup.sh build
script=benchmark.py
if [[ ${1:-} == --shares || ${1:-} == --linears ]]; then
  script=${1#--}.py
  shift
fi
if [[ " $* " != *" --from-json"* ]]; then
  bazel build --noshow_progress --ui_event_filters=-info \
    //tests/benchmarks/inference:engine //server:transformerd
fi

requirements=tests/benchmarks/inference/requirements.txt
# What engines export belongs to their versions.
folder=$cache/inference-benchmark-$(sha256sum "$requirements" | cut -c1-12)
deploy/dev/make_venv.sh "$folder" -r "$requirements"

bin=$(bazel info bazel-bin 2>/dev/null)
TRANSFORMERD=$bin/server/transformerd exec "$folder/bin/python" \
  tests/benchmarks/inference/"$script" --program="$bin/tests/benchmarks/inference/engine" \
  --folder="$folder/models" --minilm="$minilm" "$@"
