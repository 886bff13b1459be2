#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# clang-tidy over what a build folder of either compiler compiles: the sources, the program, the tests
# and, through them, the headers. Of preset ci, whose sources are compiled several at a time, it takes
# a third of the time that single ones take; the folder is built far enough once it is configured.
#   tests/tidy.sh BUILD_DIR [FILE...]
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:?usage: tests/tidy.sh BUILD_DIR [FILE...]}
shift
files=("$@")
if ((${#files[@]} == 0)); then
  # But for src/itk, as ITK's headers refuse Clang, and for headers that are compiled alone.
  mapfile -t files < <(sed -n 's/^ *"file": "\(.*\)",\?$/\1/p' "$build/compile_commands.json" |
                       grep -v '/src/itk/\|/asyndgan_itk\.dir/\|/headers_alone/')
fi
own='/(include/asyndgan|src|examples|tests|benchmarks)/'
checks=-bugprone-suspicious-include  # several sources are one by including them
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy-14 -p "$build" --quiet \
  --header-filter="$own" --checks="$checks" \
  --extra-arg=-Wno-unknown-warning-option  # the folder may name GCC's
