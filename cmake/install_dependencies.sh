#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the Debian 12 packages asyndgan needs, and says which ones are missing. Does nothing
# when all are there. Arguments name the groups wanted on top of the build itself:
#   data     the head volume that examples/run.sh prepares its federation from
#   dev      formatter, linter, documentation generator and the second compiler, for CI
#   faults   networks, disks and clocks that break, for tests/run.sh --faults
#   browser  Chromium, 360 MB, in which the status page is tested; without it those tests are skipped
#   slurm    Slurm, on which tests/slurm runs examples/slurm
#   scan     scanners of TLS servers, for tests/scan
#   bench    peers of the benchmarks: oneDNN, and a PyTorch older than that of setup_pytorch.sh
set -euo pipefail

packages=(
  ca-certificates git                     # a clone
  g++ cmake ninja-build ccache            # a build
  libeigen3-dev nlohmann-json3-dev libcli11-dev
  libzstd-dev zlib1g-dev
  libssl-dev openssl                      # certificates; the command checks them in the tests
  libhwy-dev                              # SIMD kernels, one source for every instruction set
  libinsighttoolkit5-dev libgdcm-tools    # medical image files
  libboost1.81-dev                        # network transports: Asio, TLS; the status page: Beast
  libopenmpi-dev openmpi-bin              # the transport of MPI jobs, and what starts them
  catch2                                  # tests
)
for group in "$@"; do
  case "$group" in
    data) packages+=(mricron-data) ;;
    dev) packages+=(clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14 doxygen) ;;  # libFuzzer
    faults) packages+=(iproute2 nftables procps util-linux libfaketime) ;;
    browser) packages+=(chromium) ;;
    slurm) packages+=(slurmctld slurmd slurm-client munge) ;;
    scan) packages+=(testssl.sh sslscan) ;;
    bench) packages+=(libdnnl-dev python3-torch) ;;
    *) echo "install_dependencies.sh: unknown group '$group'" \
            "(expected: data, dev, browser, faults, slurm, scan, bench)" >&2
       exit 2 ;;
  esac
done

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
  [[ "$status" == "install ok installed" ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

echo "asyndgan: installing ${#missing[@]} Debian packages: ${missing[*]}"
as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || {
    echo "install_dependencies.sh: run as root, or install: ${missing[*]}" >&2
    exit 1
  }
  as_root=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get -o DPkg::Lock::Timeout=600 -qq update
"${as_root[@]}" apt-get -o DPkg::Lock::Timeout=600 -qq -y --no-install-recommends install \
  "${missing[@]}" >/dev/null
