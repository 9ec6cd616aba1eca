#!/usr/bin/env bash
# run.sh [--runs N] [--shapes bert-base t5-base] [--caches warm cold] [--workers 1 2 4]
#        [--skip_python] [--svg FILE]
#
# Measures how long a checkpoint takes to load, and what that costs: our ways and
# those of Python, interleaved. Prints a table of medians on the standard output and
# each run on the standard error. Makes two checkpoints (1.3 GB) and, for the Python
# side, an environment with PyTorch (5 GB), once.
#
# A cold cache is one that was told to forget the file, so it takes a file system
# that a disk is behind.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
source deploy/dev/paths.sh
deploy/dev/setup.sh build
bazel build --noshow_progress --ui_event_filters=-info //tests/benchmarks/loading:load_once

requirements=tests/benchmarks/loading/requirements.txt
venv=$cache/loading-benchmark-$(sha256sum "$requirements" | cut -c1-12)
python_packages=(-r "$requirements")
if [[ " $* " == *" --skip_python "* ]]; then
  venv=$cache/loading-benchmark-ours
  python_packages=("$(grep ^numpy= "$requirements")")
fi
deploy/dev/make_venv.sh "$venv" "${python_packages[@]}"

exec "$venv/bin/python" tests/benchmarks/loading/benchmark.py \
  --load_once="$(bazel info bazel-bin 2>/dev/null)/tests/benchmarks/loading/load_once" \
  --folder="$cache/loading-benchmark" "$@"
