#!/usr/bin/env bash
# coverage.sh [--lines] [TARGET...]: how much of model/ and server/ the unit
# tests run, for each folder and in all; by default with all targets. --lines
# lists the lines that no test ran as well. Builds apart from everything else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

report=()
if [[ ${1:-} == --lines ]]; then
  report=(--lines)
  shift
fi
targets=("${@:-//...}")

bin=$(bazel info --config=coverage bazel-bin 2>/dev/null)
# Objects were compiled in /proc/self/cwd, which is another folder in a test.
prefix=(--test_env=GCOV_PREFIX="$(bazel info execution_root 2>/dev/null)" --test_env=GCOV_PREFIX_STRIP=3)
# Counts of an earlier run would be added to those of this one.
if [[ -d $bin ]]; then find "$bin" -name '*.gcda' -delete; fi
status=0
# Kernels that are not optimised take ten times as long.
bazel test --config=coverage "${prefix[@]}" --test_timeout=600 --keep_going --noshow_progress "${targets[@]}" || status=$?
# An interrupted compiler has left notes that are none.
if ((status >= 8)); then exit "$status"; fi
if ((status != 0)); then echo "coverage.sh: bazel failed ($status); the report is of what ran" >&2; fi
python3 deploy/dev/coverage_report.py "${report[@]}" "$bin"
exit "$status"
