#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The main job: installs what is missing, builds, prepares three sites' images from a real head,
# trains one generator against them, and says where the report is.
#   examples/run.sh              the whole job
#   examples/run.sh --quick      the same path with fewer steps
#   examples/run.sh --seeds N    the whole job N times, seeds 1 to N; the first one's report has the
#                                means over all of them
# Ctrl-C saves; the same command goes on. Further arguments, such as --set KEY=VALUE, go to
# `asyndgan simulate`; the folders and seeds are this script's own.
set -euo pipefail
cd "$(dirname "$0")/.."

config=examples/head.json
output=out/head/run
seeds=1
while (($# > 0)); do
  case "$1" in
    --quick) config=examples/head_quick.json output=out/head/quick ;;
    --seeds)
      seeds=${2:-}
      [[ "$seeds" =~ ^[1-9][0-9]?$ ]] ||
        { echo "examples/run.sh: --seeds '$seeds', expected a number from 1 to 99" >&2; exit 2; }
      shift
      ;;
    -h | --help) sed -n '4,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) break ;;
  esac
  shift
done
for argument in "$@"; do
  case "$argument" in --out | --out=* | run.seed=* | run.output=* | --set=run.seed=* | --set=run.output=*)
    echo "examples/run.sh: $argument: call asyndgan itself for another folder or seed" >&2
    exit 2 ;;
  esac
done

cmake/install_dependencies.sh data

mkdir -p build
echo "asyndgan: building (build/run.log)"
if ! { cmake --preset release &&
       cmake --build --preset release --target asyndgan_program head_federation; } \
     >build/run.log 2>&1; then
  tail -n 50 build/run.log >&2
  exit 1
fi

asyndgan=build/release/examples/asyndgan
build/release/examples/head_federation --out out/head/data
"$asyndgan" simulate "$config" "$@"
others=()
for ((seed = 2; seed <= seeds; ++seed)); do
  "$asyndgan" simulate "$config" --set run.seed="$seed" --out "$output-$seed" "$@"
  others+=("$output-$seed")
done
if ((seeds > 1)); then "$asyndgan" report "$output" --with "${others[@]}"; fi
echo "report: $PWD/$output/report.html"
