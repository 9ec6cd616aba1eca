#!/usr/bin/env bash
# fetch_haproxy.sh: fetches the distribution's haproxy into the cache and prints its
# folder. Unpacked and not installed: the package would start a server.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source deploy/dev/paths.sh
haproxy="$cache/tools/haproxy-2.6.12"

if [[ ! -x $haproxy/usr/sbin/haproxy ]]; then
  echo "setup: fetching haproxy" >&2
  staging=$(mktemp -d)
  trap 'rm -rf "$staging"' EXIT
  cd "$staging"
  apt-get download haproxy liblua5.3-0 libopentracing1 libopentracing-c-wrapper0 >/dev/null
  for package in ./*.deb; do dpkg-deb --extract "$package" "$haproxy"; done
fi
echo "$haproxy"
