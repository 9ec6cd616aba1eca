#!/usr/bin/env bash
# run.sh [CLIENTS [inputs.json|texts.json]]: measures the daemon with NVIDIA's
# perf_analyzer, an independent client, on MiniLM, with tokens or with texts. Prints
# its report, with the server's own times.
#
# perf_analyzer comes in the wheel of tritonclient 2.41; it wants libb64 and the
# CUDA runtime beside it, without ever calling the latter.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
source deploy/dev/paths.sh
deploy/dev/setup.sh build
bazel build --noshow_progress --ui_event_filters=-info //server:transformerd
clients=${1:-4}
data=${2:-inputs.json}

tools=$cache/tools/perf_analyzer-2.41.0
if [[ ! -x $tools/perf_analyzer ]]; then
  staging=$(mktemp -d)
  cat >"$staging/requirements.txt" <<'TEXT'
tritonclient==2.41.0 --hash=sha256:cf4ed5df836fa99937678a9fd852f86ba05c7b83656dd0a540e20afdb9ab4629
nvidia-cuda-runtime-cu12==12.3.101 --hash=sha256:04604679ddca6acb96c76a7a9306282cddc16981f92e148e2dfe227078883cda
TEXT
  /usr/bin/python3 -m pip download --quiet --disable-pip-version-check --no-deps --no-cache-dir \
    --only-binary=:all: --platform manylinux1_x86_64 --require-hashes \
    -r "$staging/requirements.txt" -d "$staging"
  (cd "$staging" && apt-get -o APT::Sandbox::User=root download --quiet=2 libb64-0d)
  for wheel in "$staging"/*.whl; do unzip -q -o "$wheel" -d "$staging"; done
  dpkg -x "$staging"/libb64*.deb "$staging"
  mkdir -p "$tools"
  find "$staging" \( -name perf_analyzer -o -name 'libb64.so.*' -o -name libcudart.so.12 \) \
    -exec cp -L {} "$tools" \;
  chmod +x "$tools/perf_analyzer"
  rm -rf "$staging"
fi

folder=$(mktemp -d)
mkdir "$folder/models"
ln -s "$minilm" "$folder/models/minilm"
bazel-bin/server/transformerd --model_repository="$folder/models" --devices=cpu,cpu \
  --grpc_port=0 --metrics_port=0 --port_file="$folder/ports" --drain_delay=0s \
  >"$folder/log" 2>&1 &
daemon=$!
trap 'kill "$daemon" 2>/dev/null || true; wait "$daemon" || true; rm -rf "$folder"' EXIT
until grep -q 'ready after' "$folder/log"; do
  kill -0 "$daemon" || { cat "$folder/log" >&2; exit 1; }
  sleep 0.1
done
LD_LIBRARY_PATH=$tools "$tools/perf_analyzer" -m minilm -i grpc \
  -u "127.0.0.1:$(sed -n 's/^grpc_port=//p' "$folder/ports")" \
  --input-data "tests/benchmarks/perf_analyzer/$data" \
  --concurrency-range "$clients" --measurement-interval 5000 --stability-percentage 30
