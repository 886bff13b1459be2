#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What it costs that one of the main job's three sites is ten times slower, where the generator moves
# with every gradient that comes (bounded staleness): centre and sites are processes over TCP, and the
# slow one is stopped for nine tenths of the time. For each seed it says
#   - at how many gradients a second the two other sites go on, beside the same run with all alike;
#   - what the images are worth: the Dice of a segmenter trained on what was drawn and tested as the
#     main job's are, beside that of the main job itself, in lockstep.
# Needs the data that examples/run.sh prepares, about 25 minutes a seed, and as many free cores as it
# has processes (4): with fewer, the others also gain what the stopped one leaves to them.
#   [SEEDS=3] [GRADIENTS=31500] [ALIKE=3000] benchmarks/slow_site.sh BUILD_DIR FOLDER [--set KEY=VALUE ...]
set -euo pipefail
usage="usage: benchmarks/slow_site.sh BUILD_DIR FOLDER [--set KEY=VALUE ...]"
build=$(realpath "${1:?$usage}")
folder=$(realpath -m "${2:?$usage}")
more=("${@:3}")
cd "$(dirname "$0")/.."

asyndgan=$build/examples/asyndgan
data=$PWD/out/head/data
port=7561
names=(site-a site-b site-c)
# Until the slow site has done about the 1,500 steps of lockstep, which would have taken as long.
gradients=${GRADIENTS:-31500}
alike=${ALIKE:-3000}  # enough for a rate
sites=()
trap 'for site in "${sites[@]}"; do kill -CONT "$site"; kill "$site"; done 2>/dev/null' EXIT

# federate FOLDER SEED GRADIENTS [slow]: one run; the last site is stopped for 0.9 of every second.
federate() {
  local out=$1
  local run=(examples/head.json "${more[@]}" --set run.seed="$2" --set run.threads=1
             --set training.steps="$3" --set network.link=tcp --set network.address=127.0.0.1
             --set network.host=127.0.0.1 --set network.port="$port" --set network.status_port=0
             --set network.schedule=bounded_staleness --set network.minimum_sites=1)
  mkdir -p "$out"
  sites=()
  for name in "${names[@]}"; do
    "$asyndgan" site "${run[@]}" --name "$name" --out "$out/$name" >"$out/$name.log" 2>&1 &
    sites+=($!)
  done
  if [[ "${4:-}" == slow ]]; then
    while kill -STOP "${sites[2]}" 2>/dev/null; do
      sleep 0.9
      kill -CONT "${sites[2]}" 2>/dev/null || break
      sleep 0.1
    done &
  fi
  "$asyndgan" central "${run[@]}" --out "$out/run" >"$out/central.log" 2>&1
  # One that was stopped or away at the end has missed the goodbye, and would look for the centre.
  kill -CONT "${sites[@]}" 2>/dev/null || true
  kill "${sites[@]}" 2>/dev/null || true
  wait "${sites[@]}" || true
  sites=()
}

for seed in $(seq "${SEEDS:-3}"); do
  at=$folder/seed-$seed
  federate "$at/alike" "$seed" "$alike"
  federate "$at/slow" "$seed" "$gradients" slow
  for name in "${names[@]}"; do
    "$asyndgan" synthesize "$at/slow/run" --maps "$data/$name" --out "$at/images" --quiet
  done
  # One site that has these images alone, and no training of a generator to speak of.
  "$asyndgan" simulate examples/head.json "${more[@]}" --out "$at/segmenter" --quiet \
    --set run.seed="$seed" --set training.steps=1 --set 'segmenter.train_on=["pooled_real"]' \
    --set "data.sites=[{\"name\": \"drawn\", \"folder\": \"$at/images\"}]"
  "$asyndgan" simulate examples/head.json "${more[@]}" --out "$at/lockstep" --quiet \
    --set run.seed="$seed" --set 'segmenter.train_on=["synthetic"]'
  python3 benchmarks/slow_site.py "$folder" "$seed"
done
python3 benchmarks/slow_site.py "$folder"
