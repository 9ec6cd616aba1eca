# What tests that start daemons by themselves need. Sourced, in the root.
# shellcheck shell=bash
source deploy/dev/paths.sh

give_up() {
  echo "0 passed, 1 failed"
  exit 1
}

deploy/dev/setup.sh test || give_up
if [[ -z ${TRANSFORMERD:-} ]]; then
  bazel build //server:transformerd || give_up
  TRANSFORMERD=$(bazel info bazel-bin 2>/dev/null)/server/transformerd
fi
export TRANSFORMERD HELM=$helm HAPROXY=$haproxy
