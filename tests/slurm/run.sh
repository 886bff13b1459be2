#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# examples/slurm/federation.sbatch on a Slurm of this machine's own: a run that the time limit cuts
# at least once ends with the generator of one that nothing disturbed, bit for bit.
#   tests/slurm/run.sh BUILD_DIR      about five minutes: Slurm's shortest time limit is one
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() { echo "tests/slurm: $1" >&2; exit 1; }

build=$(realpath "${1:?usage: tests/slurm/run.sh BUILD_DIR}")
for command in munged slurmctld slurmd sbatch scontrol sinfo; do
  PATH=$PATH:/usr/sbin command -v "$command" >/dev/null ||
    fail "no $command; cmake/install_dependencies.sh slurm"
done
PATH=$build/examples:$PATH:/usr/sbin
command -v asyndgan >/dev/null || fail "no asyndgan in $build/examples"
federation=$build/tests/program/tiny_federation
[[ -x $federation ]] || fail "no $federation"

host=$(hostname -s)  # the first node, by whose name sites find the centre
getent hosts "$host" >/dev/null || fail "this machine's name, $host, does not resolve"

folder=$(mktemp -d /tmp/asyndgan-slurm-XXXXXX)
daemons=()
programs=()
job=  # once it is submitted
finish() {
  local code=$? daemon log
  set +e
  kill -9 "${programs[@]}" 2>/dev/null  # of an undisturbed run that failed
  if [[ -n $job ]]; then  # which would outlive its daemons
    timeout 20 scancel --user="$(id -un)"
    for ((i = 0; i < 40; ++i)); do [[ -n $(timeout 5 squeue --noheader) ]] && sleep 0.5; done
  fi 2>/dev/null
  for daemon in "${daemons[@]}"; do  # munged last, which the others need to the end
    kill "$daemon" 2>/dev/null
    for ((i = 0; i < 40; ++i)); do kill -0 "$daemon" 2>/dev/null && sleep 0.25; done
    kill -9 "$daemon" 2>/dev/null && echo "tests/slurm: process $daemon had to be killed" >&2
  done
  if ((code == 0)); then
    rm -rf "$folder"
  else
    for log in "$folder"/*.log; do
      echo "$log:" && tail -n 30 "$log"
    done >&2
    echo "tests/slurm: failed; what the daemons and the job said is in $folder" >&2
  fi
}
trap finish EXIT

until_true() {  # until_true SECONDS WHAT COMMAND...
  local end=$((SECONDS + $1)) what=$2 daemon
  shift 2
  until "$@" >/dev/null 2>&1; do
    for daemon in "${daemons[@]}"; do
      kill -0 "$daemon" 2>/dev/null || fail "a daemon has ended: $what"
    done
    ((SECONDS < end)) || fail "$what"
    sleep 0.5
  done
}

start_slurm() {
  local ports  # below those that the kernel hands out
  mapfile -t ports < <(shuf -i 10000-19999 -n 3)
  mkdir -m 0755 "$folder"/{munge,state,"spool-$host",spool-zz-other}
  (umask 077 && head -c 1024 /dev/urandom >"$folder/munge/key")
  export SLURM_CONF=$folder/slurm.conf
  # cred_expire is also how long a job that was queued again has to wait, two minutes otherwise.
  # Two nodes, of which the first, by name too, has room for the centre alone. They say that they
  # have processors which the machine may not have: the programs wait most of the time.
  cat >"$SLURM_CONF" <<CONF
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=${ports[0]}
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket,cred_expire=5
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool-%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=5,bf_interval=5
ReturnToService=2
NodeName=$host NodeHostname=$host NodeAddr=127.0.0.1 Port=${ports[1]} CPUs=1 RealMemory=1000
NodeName=zz-other NodeHostname=$host NodeAddr=127.0.0.1 Port=${ports[2]} CPUs=2 RealMemory=1000
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
  munged --foreground --force --key-file="$folder/munge/key" --socket="$folder/munge/socket" \
    --pid-file="$folder/munge/pid" --seed-file="$folder/munge/seed" \
    >"$folder/munged.log" 2>&1 &
  daemons=($! "${daemons[@]}")
  until_true 10 "munged does not start" test -S "$folder/munge/socket"
  slurmctld -D -c >"$folder/slurmctld.log" 2>&1 &
  daemons=($! "${daemons[@]}")
  local node
  for node in "$host" zz-other; do
    slurmd -D -N "$node" >"$folder/slurmd-$node.log" 2>&1 &
    daemons=($! "${daemons[@]}")
  done
  until_true 30 "the nodes are not idle" nodes_are_idle
}
nodes_are_idle() { [[ $(sinfo --noheader --format='%D %t') == "2 idle" ]]; }

undisturbed() {  # undisturbed STEPS OUT: a run of programs on this machine
  local steps=$1 out=$2 name
  local settings=(--quiet --set network.link=tcp --set network.host=127.0.0.1
                  --set network.port="$(shuf -i 20000-29999 -n 1)" --set network.status_port=0
                  --set run.threads=1 --set training.checkpoint_every=1)
  for name in north south; do
    keep_secret "$name" "$out"
    asyndgan site "$folder/$steps.json" --name "$name" --out "$out/sites/$name" "${settings[@]}" \
      >>"$folder/undisturbed.log" 2>&1 &
    programs+=($!)
  done
  asyndgan central "$folder/$steps.json" --out "$out" "${settings[@]}" \
    >>"$folder/undisturbed.log" 2>&1 || fail "the centre of an undisturbed run ended with $?"
  wait "${programs[@]}"
  programs=()
}

# Sites draw by their secrets: the same in each run here.
keep_secret() {  # keep_secret SITE OUT
  local state=$2/sites/$1
  mkdir -p "$state"
  [[ -e $folder/secret-$1 ]] || (umask 077 && head -c 8 /dev/urandom >"$folder/secret-$1")
  cp -p "$folder/secret-$1" "$state/secret"
}

with_steps() { sed "s/\"steps\": 3/\"steps\": $1/" "$folder/run.json" >"$folder/$1.json"; }

# Longer than a minute, so that the limit comes before the end, by the speed of a short run.
"$federation" "$folder"
with_steps 500
begin=$(date +%s%N)
undisturbed 500 "$folder/probe"
steps=$((500 * 100 * 1000000000 / ($(date +%s%N) - begin)))
with_steps "$steps"
echo "tests/slurm: $steps steps, undisturbed"
undisturbed "$steps" "$folder/whole"

echo "tests/slurm: the same as a job, with a limit of a minute"
start_slurm
for name in north south; do keep_secret "$name" "$folder/run"; done
job=$(sbatch --parsable --nodes=2 --ntasks=3 --cpus-per-task=1 --mem-per-cpu=100M --time=1 \
  --signal=TERM@10 --output="$folder/job.log" \
  examples/slurm/federation.sbatch "$folder/$steps.json" "$folder/run" north south)
state() { scontrol show job "$job" | grep -oP "$1=\K\S+"; }
ended() { [[ $(state JobState) =~ ^(COMPLETED|FAILED|TIMEOUT|CANCELLED|NODE_FAIL|OUT_OF_MEMORY)$ ]]; }
until_true 900 "the job does not end" ended
[[ $(state JobState) == COMPLETED ]] || fail "the job ended as $(state JobState)"
(($(state Restarts) >= 1)) || fail "the job was not queued again: the run was too short"
grep -q "the run is complete" "$folder/job.log" || fail "the job does not say that it is complete"
cmp "$folder/whole/generator.safetensors" "$folder/run/generator.safetensors" ||
  fail "the generator differs from that of the undisturbed run"
echo "tests/slurm: passed: $steps steps, cut $(state Restarts) times, the same generator"
