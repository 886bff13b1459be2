#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# clang-tidy over the compiled sources, the program and, through the sources and tests that include
# them, the headers. It needs a build folder of either compiler that names each source by itself, as
# preset release does; configured only.
#   tests/tidy.sh BUILD_DIR [FILE...]
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:?usage: tests/tidy.sh BUILD_DIR [FILE...]}
shift
files=("$@")
if ((${#files[@]} == 0)); then
  # What the build folder compiles, but for src/itk: ITK's headers refuse Clang.
  mapfile -t files < <(git ls-files 'src/compiled/*.cpp' 'src/link/*.cpp' 'src/net/*.cpp' 'src/mpi/*.cpp' 'examples/*.cpp' 'tests/*_test.cpp' |
                       while read -r file; do
                         grep -q "/$file\"" "$build/compile_commands.json" && echo "$file"
                       done)
fi
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy-14 -p "$build" --quiet \
  --extra-arg=-Wno-unknown-warning-option  # the folder may name GCC's
