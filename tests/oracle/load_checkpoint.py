# SPDX-License-Identifier: Apache-2.0
"""Loads a checkpoint of this library, strictly, into the PyTorch network that it names."""
import re
import sys

import torch

import networks as n
from portable import read_safetensors


def build(line):
    """The network of a describe() line, such as
    "ResnetGenerator 3 -> 1, base 64, 9 blocks, norm instance, dropout 0.5"."""
    kind = line.split()[0].rstrip(",")
    numbers = [int(x) for x in re.findall(r"(?<![.\d])\d+(?![.\d])", line.split("dropout")[0])]
    norm = (re.search(r"norm (\w+)", line) or [None, "none"])[1]
    if kind == "ResnetGenerator":
        return n.ResnetGenerator(*numbers, norm, float(line.split()[-1]) > 0)
    if kind == "UnetGenerator":
        return n.UnetGenerator(*numbers, norm)
    if kind == "PatchDiscriminator":
        return n.PatchDiscriminator(*numbers, norm, "spectral" in line)
    if kind == "PixelDiscriminator":
        return n.PixelDiscriminator(*numbers, norm)
    if kind == "UnetSegmenter":
        return n.UnetSegmenter(*numbers, norm)
    raise SystemExit(f"no PyTorch network for '{line}'")


def main(path):
    arrays, metadata = read_safetensors(path)
    line = metadata["architecture"]
    network = build(line)
    state = {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
    network.load_state_dict(state, strict=True)
    print(f"{path}: {line}: {len(state)} tensors loaded")


if __name__ == "__main__":
    main(sys.argv[1])
