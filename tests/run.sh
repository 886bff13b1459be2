#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what is missing, builds with warnings as errors and runs the tests.
#   tests/run.sh            everything, as continuous integration does: formatting, the tests, a
#                           second compiler, the sanitizers
#   tests/run.sh --fast     the tests of the release build only
#   tests/run.sh --long     the tests labelled long too, more folders under the sanitizers, and
#                           clang-tidy
set -euo pipefail
cd "$(dirname "$0")/.."

fast=0
long=0
# What parses bytes, shares memory or computes indices.
sanitized=(core kernels layers networks losses privacy protocol transport federation data)
threaded=(core kernels layers transport federation)
exclude=(-LE long)
for argument in "$@"; do
  case "$argument" in
    --fast) fast=1 ;;
    --long)
      long=1 exclude=()
      sanitized+=(optim modality metrics downstream telemetry program)
      ;;
    *) sed -n '4,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
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

cmake/install_dependencies.sh data dev
mkdir -p build

if ((!fast)); then
  section "Formatting"
  git ls-files '*.hpp' '*.cpp' | xargs clang-format-14 --dry-run -Werror
fi

section "Build, warnings as errors"
build ci

if ((!fast)); then
  section "Thread sanitizer"
  build tsan "${threaded[@]/#/test_}"
  ctest --preset tsan -j 2 -L "$(labels "${threaded[@]}")" "${exclude[@]}"

  section "Address and undefined behaviour sanitizers"
  build asan "${sanitized[@]/#/test_}"
  ctest --preset asan -j 2 -L "$(labels "${sanitized[@]}")" "${exclude[@]}"

  section "Clang: the library, and every public header alone"
  build clang asyndgan_compiled all_verify_interface_header_sets
fi

if ((long)); then
  section "Clang: everything but ITK"
  build clang

  section "clang-tidy"
  tests/tidy.sh build/ci
fi

section "Tests"
ctest --preset ci -j 2 "${exclude[@]}"
