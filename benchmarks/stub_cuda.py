# SPDX-License-Identifier: Apache-2.0
"""Puts a stub in the place of every CUDA library that PyTorch is linked with, so that it loads, and
finds no device, without them.

usage: stub_cuda.py SITE_PACKAGES
"""

import collections
import glob
import os
import re
import subprocess
import sys

NO_DEVICE = 100  # cudaErrorNoDevice, and an error to the other libraries as well
CUDA = re.compile(r"lib(cu|nv|nccl)")  # libraries
UNVERSIONED = re.compile(r"(cu[A-Z]|cusparseLt|nccl|nvshmem)")  # symbols of those without versions


def lines_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def needed(library):
    """The CUDA libraries that it is linked with."""
    for line in lines_of("readelf", "--dynamic", "--wide", library):
        match = re.search(r"\(NEEDED\).*\[(.*)\]", line)
        if match and CUDA.match(match.group(1)):
            yield match.group(1)


def versions(library):
    """Versions of symbols that it asks for, each with the library that has them."""
    name = None
    for line in lines_of("readelf", "--version-info", "--wide", library):
        match = re.search(r"(File|Name): (\S+)", line)
        if match and match.group(1) == "File":
            name = match.group(2)
        elif match and name and CUDA.match(name):
            yield match.group(2), name


def undefined(library):
    """Symbols that it asks for, and their versions or ""."""
    for line in lines_of("nm", "--dynamic", "--undefined-only", library):
        symbol, _, version = line.split()[-1].partition("@")
        yield symbol, version


def build(folder, name, wanted):
    """A library of functions that fail; `wanted` are their names by version."""
    symbols = sorted(symbol for of_version in wanted.values() for symbol in of_version)
    source = "".join(f"int {symbol}(void) {{ return {NO_DEVICE}; }}\n" for symbol in symbols)
    versioned = [f"{version} {{ {' '.join(f'{symbol};' for symbol in sorted(of_version))} }};\n"
                 for version, of_version in wanted.items()]
    script = os.path.join(folder, f"{name}.versions")
    with open(script, "w", encoding="ascii") as file:
        file.writelines(versioned or ["{ *; };\n"])
    subprocess.run(["cc", "-shared", "-fPIC", "-fno-builtin", "-w", "-x", "c", "-",
                    "-o", os.path.join(folder, name), f"-Wl,-soname,{name}",
                    f"-Wl,--version-script,{script}"], input=source, text=True, check=True)
    os.remove(script)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    site = sys.argv[1]
    libraries = glob.glob(os.path.join(site, "torch", "lib", "*.so"))
    wanted = {name: collections.defaultdict(set) for library in libraries for name in needed(library)}
    owners = dict(pair for library in libraries for pair in versions(library))
    # Symbols without a version may be in any library that is loaded: in this one, which always is.
    runtime = next(name for name in wanted if name.startswith("libcudart.so"))
    for symbol, version in (pair for library in libraries for pair in undefined(library)):
        if version in owners:
            wanted[owners[version]][version].add(symbol)
        elif not version and UNVERSIONED.match(symbol):
            wanted[runtime][runtime].add(symbol)
    release = runtime.rpartition(".")[2]
    folder = os.path.join(site, "nvidia", f"cu{release}", "lib")  # where PyTorch looks
    os.makedirs(folder, exist_ok=True)
    for name in wanted:
        build(folder, name, wanted[name])


if __name__ == "__main__":
    main()
