#!/usr/bin/env bash
# Writes compile_commands.json into the root, for editors and clang-tidy.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
exec python3 deploy/dev/compile_commands.py
