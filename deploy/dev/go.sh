# How the development scripts find Go. Sourced, behind paths.sh.
# shellcheck shell=bash

# The go command to build tools with: the machine's, or the pinned one.
find_go() {
  local folder
  if [[ $(go env GOVERSION) =~ ^go1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= 26)); then
    command -v go
    return
  fi
  folder=$(cd / && go mod download -json "$go_toolchain" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  # The module zip does not carry the executable bit.
  chmod +x "$folder"/bin/* "$folder"/pkg/tool/*/*
  echo "$folder/bin/go"
}
