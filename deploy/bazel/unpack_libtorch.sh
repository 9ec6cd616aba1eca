#!/usr/bin/env bash
# unpack_libtorch.sh cpu|cuda WHEELS FOLDER: takes from the wheels in WHEELS what a
# C++ program needs, for the CPU or for what GPUs take besides, and puts it into
# FOLDER/include and FOLDER/lib.
set -euo pipefail
part=$1
wheels=$2
folder=$3

mkdir -p "$(dirname "$folder")"
staging=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$staging"' EXIT

unpack_cpu() {
  unzip -q "$wheels"/torch-*.whl -d "$staging" \
    'torch/include/*' 'torch/lib/libc10.so' 'torch/lib/libtorch.so' \
    'torch/lib/libtorch_cpu.so' 'torch/lib/libgomp*' 'torch-*/LICENSE' 'torch-*/licenses/*' \
    || [[ $? -eq 11 ]] # 11: a pattern that this version of the wheel does not have
  unzip -q -j "$wheels"/nvidia_cuda_runtime-*.whl '*/libcudart.so.*' -d "$staging/torch/lib"
  unzip -q -j "$wheels"/nvidia_cuda_cupti-*.whl '*/libcupti.so.*' -d "$staging/torch/lib"
  # The wheel's copy of protobuf's headers would shadow the distribution's.
  rm -rf "$staging/torch/include/google"
  test -f "$staging/torch/lib/libtorch_cpu.so"
}

unpack_cuda() {
  unzip -q "$wheels"/torch-*.whl -d "$staging" \
    'torch/lib/*.so' 'torch-*/LICENSE' 'torch-*/licenses/*' \
    -x 'torch/lib/libtorch_python.so' 'torch/lib/libtorch_cpu.so' 'torch/lib/libtorch.so' \
    'torch/lib/libc10.so' 'torch/lib/libshm.so' || [[ $? -eq 11 ]]
  local wheel
  for wheel in "$wheels"/nvidia_*.whl; do unzip -q -o "$wheel" -d "$staging"; done
  # All libraries side by side: each looks for the others next to itself.
  find "$staging/nvidia" -name '*.so*' -exec mv -t "$staging/torch/lib" {} +
  mkdir "$staging/torch/include"
  local include
  for include in "$staging"/nvidia/*/include; do cp -r "$include/." "$staging/torch/include"; done
  # Thrust and CUB are included by their own names.
  if [[ -d $staging/torch/include/cccl ]]; then
    cp -r "$staging/torch/include/cccl/." "$staging/torch/include"
    rm -rf "$staging/torch/include/cccl"
  fi
  test -f "$staging/torch/lib/libtorch_cuda.so"
  test -f "$staging/torch/include/nccl.h"
}

"unpack_$part"
mv "$staging"/torch-*.dist-info "$staging/torch/licenses" 2>/dev/null || true
touch "$staging/torch/complete"
rm -rf "$folder"
mv "$staging/torch" "$folder"
rm -rf "$wheels"
