#!/usr/bin/env bash
# check.sh [NAME...]: the checks of the tree that need no build, all or those
# named. Prints `ok NAME` or `FAIL NAME: why` for each; exits 1 if one failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
source deploy/dev/paths.sh

# tracked PATTERN...: the files that git knows and that are there.
tracked() {
  git ls-files -z -- "$@" | while IFS= read -r -d '' file; do
    if [[ -f $file ]]; then printf '%s\n' "$file"; fi
  done
}

# Each check prints what is wrong, or nothing.

check_format() {
  local files
  mapfile -t files < <(tracked '*.cc' '*.h')
  if [[ ${#files[@]} -eq 0 ]]; then return; fi
  clang-format --dry-run -Werror "${files[@]}" 2>&1 | sed -n 's/: error: .*//p' |
    cut -d: -f1,2 | sort -u | sed 's/$/ is not as clang-format has it/'
}

check_build_files() {
  local files
  mapfile -t files < <(tracked 'BUILD' '*/BUILD' 'WORKSPACE' '*/WORKSPACE' '*.bzl')
  "$buildifier" -mode=check -lint=warn "${files[@]}" 2>&1
}

check_file_length() {
  tracked '*.cc' '*.h' '*.py' '*.sh' '*.bzl' run test 'tests/*/run' | while IFS= read -r file; do
    local lines
    lines=$(wc -l <"$file")
    if ((lines > 400)); then echo "$file has $lines lines, at most 400"; fi
  done
}

check_layers() {
  python3 deploy/dev/check_layers.py 2>&1
}

check_class_names() {
  python3 deploy/dev/check_class_names.py 2>&1
}

check_heavy_headers() {
  git grep -nE '#include [<"](torch/(torch|all|extension)\.h|ATen/ATen\.h)' -- '*.cc' '*.h'
}

# Families differ by their recipes; a comparison elsewhere is a hidden family.
check_family_branches() {
  git grep -nE '(family|model_type)(\(\)|\.name|_name)? *(==|!=) *("|k[A-Z]|Family::)|switch *\(.*(family|model_type)' \
    -- 'model/*.cc' 'model/*.h' ':!model/families/families.cc'
}

check_trailing_space() {
  git grep -nIE '[[:blank:]]+$' -- ':!LICENSE' ':!*testdata/*'
}

# KServe mounts models at a path of its own choice.
check_machine_paths() {
  git grep -nIE '(^|[^[:alnum:]_.])/(work|root|home|mnt)/[[:alnum:]_.]' \
    -- ':!*testdata/*' ':!deploy/kserve/*'
}

check_unfinished() {
  git grep -nIwE 'T[O]DO|F[I]XME|X[X]X|H[A]CK' -- ':!LICENSE' ':!*testdata/*'
}

check_shell() {
  tracked '*.sh' run test .ci/run 'tests/*/run' | while IFS= read -r file; do
    bash -n "$file" 2>&1
    # What is sourced says so in its first line.
    if [[ ! -x $file ]] && ! head -n 1 "$file" | grep -q 'Sourced'; then
      echo "$file is not executable"
    fi
  done
}

all=(format build_files file_length layers class_names heavy_headers
  family_branches trailing_space machine_paths unfinished shell)
failed=0
for name in "${@:-${all[@]}}"; do
  if [[ " ${all[*]} " != *" $name "* ]]; then
    echo "FAIL $name: no such check (there are: ${all[*]})"
    failed=1
    continue
  fi
  found=$("check_$name")
  if [[ -z $found ]]; then
    echo "ok $name"
  else
    failed=1
    echo "FAIL $name: $(head -n 1 <<<"$found")"
    tail -n +2 <<<"$found" | head -n 30 | sed 's/^/  /'
  fi
done
exit "$failed"
