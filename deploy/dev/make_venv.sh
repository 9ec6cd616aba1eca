#!/usr/bin/env bash
# make_venv.sh FOLDER PIP_ARGUMENT...: a Python environment with what pip is to
# install, as wheels alone. Takes no time where it is there.
set -euo pipefail
venv=$1
shift
if [[ -e "$venv/complete" ]]; then exit 0; fi
echo "making a Python environment in $venv" >&2
rm -rf "$venv"
/usr/bin/python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --only-binary=:all: "$@"
touch "$venv/complete"
