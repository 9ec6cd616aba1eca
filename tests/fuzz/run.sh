#!/usr/bin/env bash
# run.sh [SECONDS [TARGET...]]: runs the fuzz targets (all, or say `torch_zip`)
# with libFuzzer, ASan and UBSan for that long each (10), from their committed
# corpus. Prints `ok NAME` or `FAIL NAME: why` for each; exits 1 if one failed.
# What made a target fail is kept, and its path printed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
seconds=${1:-10}
targets=("${@:2}")
if [[ ${#targets[@]} -eq 0 ]]; then
  targets=(config safetensors shard_index tensor_codec torch_legacy torch_zip)
fi

if ! command -v clang-16 >/dev/null; then
  for name in "${targets[@]}"; do echo "FAIL $name: clang-16 is not installed"; done
  exit 1
fi
build=$(mktemp)
trap 'rm -f "$build"' EXIT
labels=("${targets[@]/#/\/\/tests/fuzz:}")
if ! bazel build --config=fuzz --noshow_progress "${labels[@]/%/_fuzz}" >"$build" 2>&1; then
  cat "$build" >&2
  for name in "${targets[@]}"; do echo "FAIL $name: does not build"; done
  exit 1
fi

# An allocation of more than 64 MiB fails, as does an input that takes 10 s.
run_target() {
  local name=$1 seconds=$2 scratch status=0
  scratch=$(mktemp -d)
  mkdir "$scratch/new" "$scratch/found"
  .sanitizers/fuzz-bin/tests/fuzz/"$name"_fuzz -max_total_time="$seconds" -timeout=10 \
    -malloc_limit_mb=64 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$scratch/found/" "$scratch/new" "tests/testdata/fuzz/$name" \
    >"$scratch/log" 2>&1 || status=$?
  if [[ $status -eq 0 ]]; then
    echo "ok $name ($(sed -n 's/^stat::number_of_executed_units: *//p' "$scratch/log") inputs)"
    rm -rf "$scratch"
    return 0
  fi
  tail -n 40 "$scratch/log" >&2
  echo "FAIL $name: exit code $status, see $scratch"
  return 1
}
export -f run_target
export ASAN_OPTIONS=detect_odr_violation=0 UBSAN_OPTIONS=print_stacktrace=1
printf '%s\0' "${targets[@]}" |
  xargs -0 -I{} -P "$(nproc)" bash -c 'run_target "$1" "$2"' _ {} "$seconds"
