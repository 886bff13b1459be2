#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The main job: installs what is missing, builds, prepares three sites' images from a real head,
# trains one generator against them, and says where the report is.
#   examples/run.sh              the whole job
#   examples/run.sh --quick      the same path with fewer steps
#   examples/run.sh --seeds N    the whole job N times, seeds 1 to N; the first one's report has the
#                                means over all of them
# Ctrl-C saves; the same command goes on. --set KEY=VALUE, --fresh, --json and --quiet go to
# `asyndgan simulate`; the folders and seeds are this script's own.
set -euo pipefail
cd "$(dirname "$0")/.."

refuse() { echo "examples/run.sh: $1" >&2; exit 2; }

config=examples/head.json
output=out/head/run
seeds=1
passed_on=()
while (($# > 0)); do
  case "$1" in
    --quick) config=examples/head_quick.json output=out/head/quick ;;
    --seeds)
      seeds=${2:-}
      [[ "$seeds" =~ ^[1-9][0-9]?$ ]] || refuse "--seeds '$seeds', expected a number from 1 to 99"
      shift
      ;;
    --set=*) set -- --set "${1#--set=}" "${@:2}"; continue ;;
    --set)
      [[ "${2:-}" == ?*=* ]] || refuse "--set '${2:-}', expected KEY=VALUE"
      [[ "$2" != run.seed=* && "$2" != run.output=* ]] ||
        refuse "--set $2: call asyndgan itself for another folder or seed"
      passed_on+=("$1" "$2")
      shift
      ;;
    --fresh | --json | -q | --quiet) passed_on+=("$1") ;;
    -h | --help) sed -n '4,11s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) refuse "$1: unknown option; examples/run.sh --help" ;;
  esac
  shift
done

cmake/install_dependencies.sh data

show() {  # a build's lines, each in the place of the one before, where somebody watches
  if [[ ! -t 1 ]]; then cat >/dev/null; return; fi
  local line
  while IFS= read -r line; do printf '\r\033[K%s' "${line:0:78}"; done
  printf '\r\033[K'
}

mkdir -p build
echo "asyndgan: building (build/run.log)"
if ! { cmake --preset release &&
       cmake --build --preset release --target asyndgan_program head_federation; } 2>&1 |
     tee build/run.log | show; then
  tail -n 50 build/run.log >&2
  exit 1
fi

asyndgan=build/release/examples/asyndgan
build/release/examples/head_federation --out out/head/data
"$asyndgan" simulate "$config" "${passed_on[@]}"
others=()
for ((seed = 2; seed <= seeds; ++seed)); do
  "$asyndgan" simulate "$config" --set run.seed="$seed" --out "$output-$seed" "${passed_on[@]}"
  others+=("$output-$seed")
done
if ((seeds > 1)); then "$asyndgan" report "$output" --with "${others[@]}"; fi
echo "report: $PWD/$output/report.html"
