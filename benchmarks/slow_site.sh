#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What the main job's images are worth where one of its three sites is ten times slower and the
# generator moves with every gradient that comes (bounded staleness): centre and sites are processes
# over TCP, the slow one is stopped for nine tenths of the time, and a segmenter trained on what was
# drawn is tested as the main job's are. Its Dice is to be held against those of `synthetic` in
# lockstep (examples/run.sh --seeds 3). Needs the data that examples/run.sh prepares.
#   [GRADIENTS=4500] benchmarks/slow_site.sh BUILD_DIR FOLDER [SEED]
set -euo pipefail
build=$(realpath "${1:?usage: benchmarks/slow_site.sh BUILD_DIR FOLDER [SEED]}")
folder=$(realpath -m "${2:?usage: benchmarks/slow_site.sh BUILD_DIR FOLDER [SEED]}")
seed=${3:-1}
cd "$(dirname "$0")/.."

asyndgan=$build/examples/asyndgan
data=$PWD/out/head/data
port=7561
# Until the slow site has done about the 1,500 steps of lockstep, which would have taken as long.
gradients=${GRADIENTS:-31500}
mkdir -p "$folder"
run=(examples/head.json --set run.seed="$seed" --set run.threads=1 --set training.steps="$gradients"
     --set network.link=tcp --set network.address=127.0.0.1 --set network.host=127.0.0.1
     --set network.port="$port" --set network.status_port=0
     --set network.schedule=bounded_staleness --set network.minimum_sites=1)

sites=()
for name in site-a site-b site-c; do
  "$asyndgan" site "${run[@]}" --name "$name" --out "$folder/$name" >"$folder/$name.log" 2>&1 &
  sites+=($!)
done
trap 'kill -CONT "${sites[@]}" 2>/dev/null; kill "${sites[@]}" 2>/dev/null' EXIT
while kill -STOP "${sites[2]}" 2>/dev/null; do
  sleep 0.9
  kill -CONT "${sites[2]}" 2>/dev/null || break
  sleep 0.1
done &
"$asyndgan" central "${run[@]}" --out "$folder/run"
# One that was stopped or away at the end has missed the goodbye, and would look for the centre.
kill -CONT "${sites[@]}" 2>/dev/null || true
kill "${sites[@]}" 2>/dev/null || true
wait "${sites[@]}" || true
trap - EXIT

for name in site-a site-b site-c; do
  "$asyndgan" synthesize "$folder/run" --maps "$data/$name" --out "$folder/images" --quiet
done
# One site that has these images alone, and no training of a generator to speak of.
"$asyndgan" simulate examples/head.json --out "$folder/segmenter" --set run.seed="$seed" \
  --set training.steps=1 --set 'segmenter.train_on=["pooled_real"]' \
  --set "data.sites=[{\"name\": \"drawn\", \"folder\": \"$folder/images\"}]"
for name in site-a site-b site-c; do
  echo "$name: $(grep -c '"message":"gradient"' "$folder/$name/ledger.jsonl") gradients"
done
python3 -c '
import json, sys
for row in json.load(open(sys.argv[1]))["rows"]:
    if row["metric"].startswith("dice"): print(row["metric"], round(row["value"], 4))
' "$folder/segmenter/report.json"
