#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The main job: installs what is missing, builds, prepares three sites' images from a real head,
# trains one generator against them, and says where the report is.
#   examples/run.sh            the whole job
#   examples/run.sh --quick    the same path with fewer steps
# Ctrl-C saves; the same command goes on. Further arguments go to `asyndgan simulate`.
set -euo pipefail
cd "$(dirname "$0")/.."

config=examples/head.json
output=out/head/run
if [[ "${1:-}" == "--quick" ]]; then
  config=examples/head_quick.json
  output=out/head/quick
  shift
fi
case "${1:-}" in -h | --help) sed -n '4,8s/^# \{0,1\}//p' "$0"; exit 0 ;; esac

cmake/install_dependencies.sh data

mkdir -p build
echo "asyndgan: building (build/run.log)"
if ! { cmake --preset release &&
       cmake --build --preset release --target asyndgan_program head_federation; } \
     >build/run.log 2>&1; then
  tail -n 50 build/run.log >&2
  exit 1
fi

build/release/examples/head_federation --out out/head/data
build/release/examples/asyndgan simulate "$config" "$@"
echo "report: $PWD/$output/report.html"
