#!/usr/bin/env bash
# render.sh [FOLDER]: writes the chart's manifests with each of its value sets into
# FOLDER, by default beside this script, for those who use kubectl alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source deploy/dev/paths.sh
folder=${1:-deploy/kubernetes}
chart=deploy/helm/transformerd

for values in "$chart"/values/*.yaml; do
  name=$(basename "$values" .yaml)
  {
    echo "# Rendered from $chart with values/$name.yaml by deploy/kubernetes/render.sh."
    # What only Helm reads says something untrue here.
    "$helm" template transformerd "$chart" --values "$values" --kube-version 1.33.0 |
      sed -e '/helm.sh\/chart: /d' -e 's/managed-by: Helm/managed-by: kubectl/'
  } >"$folder/$name.yaml"
done
