#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what is missing, builds with warnings as errors and runs the tests.
#   tests/run.sh            all but the long tests, as continuous integration does: formatting,
#                           the tests, a second compiler, the sanitizers, a moment of each fuzzer
#   tests/run.sh --fast     the tests of the optimised build only, of preset ci: the library with -O3,
#                           what uses it with -O1
#   tests/run.sh --long     the tests labelled long too, more folders under the sanitizers,
#                           clang-tidy, and a minute of each fuzzer
#   tests/run.sh --fuzz [SECONDS]   the fuzzers of tests/fuzz only, 60 seconds each unless told
#                           otherwise; what they find stays in build/fuzz/found
#   tests/run.sh --faults   the program in networks, on disks and by clocks that break, for half an
#                           hour and as root; no other run has these. Ends with what was measured.
#                           With --long, faults last as long as docs/faults.md's bar: an hour
#   tests/run.sh --slurm    only examples/slurm, on a Slurm of this machine's own (tests/slurm)
#   tests/run.sh --scan     only testssl.sh and sslscan against a centre's port (tests/scan)
set -euo pipefail
cd "$(dirname "$0")/.."

usage() { sed -n '4,/^set /{/^set /d; s/^# \{0,1\}//p}' "$0"; }

fast=0
long=0
fuzz=0  # seconds of each fuzzer
fuzz_only=0
faults=0
scripts=()  # tests that are scripts and run only when asked for
# What parses bytes, shares memory or computes indices.
sanitized=(core kernels layers privacy protocol transport net federation data)
threaded=(core kernels layers transport net federation)  # the simulation has one thread
exclude=(-LE '^(long|faults)$')
while (($# > 0)); do
  case "$1" in
    --fast) fast=1 ;;
    --fuzz)
      fuzz=60 fuzz_only=1
      if [[ ${2:-} =~ ^[1-9][0-9]*$ ]]; then
        fuzz=$2
        shift
      fi
      ;;
    --faults) faults=1 ;;
    --slurm | --scan) scripts+=("${1#--}") ;;
    --long)
      long=1 fuzz=60 exclude=(-LE '^faults$')
      sanitized+=(networks losses simulation optim modality metrics downstream telemetry program)
      ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done

labels() { (IFS='|' && echo "^($*)\$"); }  # of the test folders named
section() { printf '\n=== %s (%s) ===\n' "$1" "$(date +%H:%M:%S)"; }
build() {  # build PRESET [TARGET...]
  local preset=$1
  shift
  cmake --preset "$preset" >"build/$preset.configure.log" 2>&1 ||
    { cat "build/$preset.configure.log"; return 1; }
  cmake --build --preset "$preset" ${1:+--target "$@"}
}

# From the committed seeds and what earlier runs came to. The bar is a second a unit and 64 MB. Of
# memory that in one piece is a finding; of the whole process 100 MB are the sanitizers' shadow and
# the corpus, and 16 MB are kept back after they were freed. Of time libFuzzer counts the wall's: a
# unit of 0.2 s took 2.4 s where forty processes shared two cores. ctest -L fuzz holds every seed to a
# second of the processor's.
run_fuzzers() {
  build fuzz fuzzers
  mkdir -p build/fuzz/found
  local -x ASAN_OPTIONS=quarantine_size_mb=16 TMPDIR=/dev/shm  # the files that targets read
  local target
  for target in build/fuzz/tests/fuzz/fuzz_*; do
    local name=${target##*/fuzz_}
    echo "$name, $fuzz seconds"
    mkdir -p "build/fuzz/corpus/$name"
    "$target" -max_total_time="$fuzz" -max_len=4096 -timeout=5 -malloc_limit_mb=64 \
      -rss_limit_mb=192 -artifact_prefix="build/fuzz/found/$name-" "build/fuzz/corpus/$name" \
      "tests/fuzz/corpus/$name" >"build/fuzz/$name.log" 2>&1 ||
      { tail -n 60 "build/fuzz/$name.log"; return 1; }
  done
}

groups=(data dev "${scripts[@]}")
((!faults)) || groups+=(faults)
((!long || faults)) || groups+=(browser)  # 360 MB, which not every run is worth
cmake/install_dependencies.sh "${groups[@]}"
mkdir -p build

if ((${#scripts[@]})); then
  section "Build, warnings as errors"
  build ci asyndgan_program tiny_federation
  for script in "${scripts[@]}"; do
    section "tests/$script"
    "tests/$script/run.sh" build/ci
  done
  exit
fi

if ((fuzz_only)); then
  section "Fuzzers"
  run_fuzzers
  exit
fi

if ((faults)); then
  section "Build, warnings as errors"
  build ci test_faults
  section "Faults"
  ((!long)) || export ASYNDGAN_FAULTS_LONG=1
  code=0
  ctest --preset ci -L '^faults$' || code=$?
  grep -h '^measured: ' build/ci/Testing/Temporary/LastTest.log || true
  exit "$code"
fi

if ((!fast)); then
  section "Formatting"
  git ls-files '*.hpp' '*.cpp' | xargs clang-format-14 --dry-run -Werror
fi

section "Build, warnings as errors"
build ci

if ((!fast)); then
  section "Thread sanitizer"
  build tsan "${threaded[@]/#/test_}"
  # Some tests spend minutes in a reference of one thread, or on images of full size: only --long
  # has them here.
  slow=(-E '^kernels:The fast convolution computes the definition')
  large=(-E '^kernels:The fast convolution .* (of the networks|of the widest layers)$')
  ((!long)) || slow=() large=()
  ctest --preset tsan -j 2 -L "$(labels "${threaded[@]}")" "${exclude[@]}" "${slow[@]}"

  section "Address and undefined behaviour sanitizers"
  build asan "${sanitized[@]/#/test_}"
  ctest --preset asan -j 2 -L "$(labels "${sanitized[@]}")" "${exclude[@]}" "${large[@]}"

  section "Clang: the library"
  build clang asyndgan_compiled asyndgan_tls asyndgan_mpi two_sites
fi

if ((!fast && !long)); then
  fuzz=5
  section "Fuzzers, $fuzz seconds each"
  run_fuzzers
fi

if ((long)); then
  section "Clang: everything but ITK"
  build clang

  section "clang-tidy"
  tests/tidy.sh build/ci

  section "Fuzzers"
  run_fuzzers
fi

section "Tests"
ctest --preset ci -j 2 "${exclude[@]}"
