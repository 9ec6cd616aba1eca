#!/usr/bin/env bash
# tidy.sh [FILE...]: clang-tidy over the given C++ files, or over those that
# differ from the branch's upstream (or from the last commit).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
deploy/dev/setup.sh tidy

files=("$@")
if [[ ${#files[@]} -eq 0 ]]; then
  base=$(git merge-base HEAD '@{upstream}' 2>/dev/null || git rev-parse HEAD)
  mapfile -t files < <(git diff --name-only --diff-filter=d "$base" -- '*.cc')
fi
if [[ ${#files[@]} -eq 0 ]]; then
  echo "no changed files"
  exit 0
fi
deploy/dev/compile_commands.sh
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" \
  clang-tidy -p . --quiet --extra-arg=-Wthread-safety --extra-arg=-Wno-unknown-warning-option
