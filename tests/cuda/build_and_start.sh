#!/usr/bin/env bash
# build_and_start.sh: builds the daemon with --config=cuda (fetches 2.4 GB once) and
# starts it on a machine without a GPU, or with all GPUs hidden: it has to say so and
# serve on the CPU, and to refuse what needs a GPU. Not part of ./test.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

bazel build --config=cuda "$@" //server:transformerd
daemon=$(bazel info --config=cuda "$@" bazel-bin 2>/dev/null)/server/transformerd
export CUDA_VISIBLE_DEVICES=

folder=$(mktemp -d)
pid=
stop() {
  if [[ -n $pid ]]; then kill "$pid" 2>/dev/null || true; fi
  rm -rf "$folder"
}
trap stop EXIT
mkdir "$folder/models"
cp -rL tests/testdata/goldens/bert_base/model "$folder/models/bert"

fail() {
  echo "FAILED: $1" >&2
  cat "$folder/log" >&2
  exit 1
}

# expect_refusal FLAG TEXT: exits with 2 and one line that holds TEXT.
expect_refusal() {
  local status=0
  "$daemon" --model_repository="$folder/models" "$1" >"$folder/log" 2>&1 || status=$?
  if [[ $status -ne 2 ]]; then fail "$1: exit code $status, expected 2"; fi
  if ! grep -q "$2" "$folder/log"; then fail "$1: no '$2' in the log"; fi
  echo "passed: $1 is refused: $(tail -n 1 "$folder/log")"
}
expect_refusal --devices=cuda 'no GPU is visible'
expect_refusal --devices=cuda:0 'no GPU is visible'
expect_refusal --transport=nccl 'the workers are on the CPU'

"$daemon" --model_repository="$folder/models" --grpc_port=0 --metrics_port=0 \
  --port_file="$folder/ports" --drain_delay=0s >"$folder/log" 2>&1 &
pid=$!
for ((i = 0; i < 300; ++i)); do
  if [[ -s $folder/ports ]]; then break; fi
  if ! kill -0 "$pid" 2>/dev/null; then fail "the daemon ended"; fi
  sleep 0.1
done
port=$(sed -n 's/^metrics_port=//p' "$folder/ports")
for ((i = 0; i < 300; ++i)); do
  if python3 -c 'import sys, urllib.request
urllib.request.urlopen("http://127.0.0.1:%s/readyz" % sys.argv[1])' "$port" 2>/dev/null; then
    break
  fi
  if [[ $i -eq 299 ]]; then fail "not ready after 30 s"; fi
  sleep 0.1
done
if ! grep -q 'no GPU is visible to this process.*: serving on the CPU' "$folder/log"; then
  fail "no line about the CPU in the log"
fi
echo "passed: serves on the CPU, and says so"
kill "$pid"
wait "$pid" || fail "exit code $? after SIGTERM"
pid=
echo "passed: ends with 0"
