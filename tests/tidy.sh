#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# clang-tidy over the compiled sources, the program and, through the tests that include each of
# them first, the headers.  tests/tidy.sh BUILD_DIR [FILE...]
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:?usage: tests/tidy.sh BUILD_DIR [FILE...]}
shift
files=("$@")
if ((${#files[@]} == 0)); then
  # What the build folder compiles: a build with Clang leaves out ITK, whose headers refuse it.
  mapfile -t files < <(git ls-files 'src/*.cpp' 'examples/*.cpp' 'tests/*_test.cpp' |
                       while read -r file; do
                         grep -q "/$file\"" "$build/compile_commands.json" && echo "$file"
                       done)
fi
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy-14 -p "$build" --quiet
