#!/usr/bin/env bash
# build.sh [--layout FILE | --rootfs FOLDER]: by default the layout transformerd.tar.
# Paths are from where bazel was called. Run by `bazel run //deploy:image`.
set -euo pipefail
files=$PWD
cd "${BUILD_WORKING_DIRECTORY:?run it with bazel run //deploy:image}"
if [[ $# -eq 0 ]]; then set -- --layout transformerd.tar; fi
exec /usr/bin/python3 "$files/deploy/image/build.py" \
  --daemon "$files/server/transformerd" \
  --crates-lock "$files/model/text/tokenizer_ffi/Cargo.lock" \
  --crates "${CARGO_HOME:-$HOME/.cargo}/registry/src" \
  --version "$(cat "$files/VERSION")" "$@"
