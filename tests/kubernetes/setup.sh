#!/usr/bin/env bash
# setup.sh: builds a Kubernetes control plane from its Go modules into the cache
# (some 20 minutes the first time, nothing after that), and fetches the CRDs that the
# tests install. Prints the settings that they read.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source deploy/dev/paths.sh
source deploy/dev/go.sh

kubernetes_version=v1.33.13
# What its go.mod takes from its own tree are modules of this version.
staging_version=v0.33.13
etcd_version=v3.5.21
kserve_module=github.com/kserve/kserve@v0.16.0
prometheus_operator_module=github.com/prometheus-operator/prometheus-operator@v0.85.0

kubernetes="$cache/tools/kubernetes-$kubernetes_version"
etcd="$cache/tools/etcd-$etcd_version"

staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT
export GOTOOLCHAIN=local CGO_ENABLED=0
go=$(find_go)

say() { echo "setup: $*" >&2; }

# run_logged FOLDER COMMAND...: its output is shown only where it fails.
run_logged() {
  local log=$1/log
  shift
  if ! "$@" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    say "failed: $*"
    exit 1
  fi
}

# module_folder MODULE@VERSION: fetches it and prints where it lies.
module_folder() {
  (cd "$staging" && "$go" mod download -json "$1" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
}

build_kubernetes() {
  local source version=k8s.io/component-base/version program
  source=$(module_folder "k8s.io/kubernetes@$kubernetes_version")
  cd "$staging"
  # A module that needs kubernetes as a library must replace what that replaces.
  sed -E -e 's#^module .*#module control-plane#' \
    -e "s#=> \./staging/src/(k8s.io/[a-z0-9-]+)#=> \1 $staging_version#" "$source/go.mod" >go.mod
  cp "$source/go.sum" .
  chmod u+w go.mod go.sum
  "$go" mod edit -require="k8s.io/kubernetes@$kubernetes_version"
  for program in kube-apiserver kube-controller-manager kube-scheduler; do
    if [[ -x $kubernetes/$program ]]; then continue; fi
    say "building $program"
    run_logged "$kubernetes" "$go" build -mod=mod -trimpath -o "$kubernetes/$program" -ldflags="-s -w
      -X $version.gitVersion=$kubernetes_version -X $version.gitMajor=1 -X $version.gitMinor=33" \
      "k8s.io/kubernetes/cmd/$program"
  done
}

build_etcd() {
  local source
  say "building etcd"
  source=$(module_folder "go.etcd.io/etcd/server/v3@$etcd_version")
  mkdir "$staging/etcd"
  cd "$staging/etcd"
  "$go" mod init control-plane
  "$go" mod edit -require="go.etcd.io/etcd/server/v3@$etcd_version"
  cp "$source/go.sum" .
  chmod u+w go.sum
  run_logged "$etcd" "$go" build -mod=mod -trimpath -ldflags="-s -w" -o "$etcd/etcd" go.etcd.io/etcd/server/v3
}

mkdir -p "$kubernetes" "$etcd"
if [[ ! -x $kubernetes/kube-scheduler ]]; then (build_kubernetes); fi
if [[ ! -x $etcd/etcd ]]; then (build_etcd); fi
operator=$(module_folder "$prometheus_operator_module")
cat <<EOF
KUBERNETES=$kubernetes
ETCD=$etcd/etcd
KSERVE_CRDS=$(module_folder "$kserve_module")/config/crd/full
PROMETHEUS_CRDS=$operator/jsonnet/prometheus-operator
EOF
