#!/usr/bin/env bash
# unpack_libtorch.sh WHEELS FOLDER: takes from the wheels in WHEELS what a C++
# program for the CPU needs and puts it into FOLDER/include and FOLDER/lib.
set -euo pipefail
wheels=$1
folder=$2

mkdir -p "$(dirname "$folder")"
staging=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$staging"' EXIT

unzip -q "$wheels"/torch-*.whl -d "$staging" \
  'torch/include/*' 'torch/lib/libc10.so' 'torch/lib/libtorch.so' \
  'torch/lib/libtorch_cpu.so' 'torch/lib/libgomp*' 'torch-*/LICENSE' 'torch-*/licenses/*' \
  || [[ $? -eq 11 ]] # 11: a pattern that this version of the wheel does not have
unzip -q -j "$wheels"/nvidia_cuda_runtime-*.whl '*/libcudart.so.*' -d "$staging/torch/lib"
unzip -q -j "$wheels"/nvidia_cuda_cupti-*.whl '*/libcupti.so.*' -d "$staging/torch/lib"
# The wheel's copy of protobuf's headers would shadow the distribution's.
rm -rf "$staging/torch/include/google"
test -f "$staging/torch/lib/libtorch_cpu.so"

mv "$staging"/torch-*.dist-info "$staging/torch/licenses" 2>/dev/null || true
touch "$staging/torch/complete"
rm -rf "$folder"
mv "$staging/torch" "$folder"
rm -rf "$wheels"
