#!/usr/bin/env bash
# architectures.sh: writes the table of classes that can be served into README.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
table=$(mktemp)
trap 'rm -f "$table"' EXIT
bazel run --noshow_progress --ui_event_filters=-info //deploy/dev:architectures >"$table"
sed -i -e "/^<!-- architectures -->$/,/^<!-- end -->$/{//!d}" \
  -e "/^<!-- architectures -->$/r $table" README.md
