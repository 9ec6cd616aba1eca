#!/usr/bin/env bash
# architectures_test.sh PROGRAM README: README.md's table is what the code can serve.
set -euo pipefail
if ! diff <(sed -n '/^<!-- architectures -->$/,/^<!-- end -->$/{//!p}' "$2") <("$1"); then
  echo "README.md's table of architectures is not that of the code: run" \
    "deploy/dev/architectures.sh" >&2
  exit 1
fi
