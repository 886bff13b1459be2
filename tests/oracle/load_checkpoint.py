# SPDX-License-Identifier: Apache-2.0
"""Loads a checkpoint of this library, strictly, into the PyTorch network that it names.

    load_checkpoint.py generator.safetensors
    load_checkpoint.py site.safetensors discriminator.0. \\
        "PatchDiscriminator 5, base 64, 3 layers, norm instance"

The second argument is where the network's tensors are in a file that holds more. A site's file does
not say which network that is, so the line of its describe() is the third.
"""
import re
import sys

import torch

import networks as n
from portable import read_safetensors


def build(line):
    """The network of a describe() line, such as
    "ResnetGenerator 3 -> 1, base 64, 9 blocks, norm instance, dropout 0.5"."""
    kind = line.split()[0].rstrip(",")
    numbers = [int(x) for x in re.findall(r"\b\d+\b", line.split("dropout")[0])]
    norm = (re.search(r"norm (none|batch|instance)", line) or [None, "none"])[1]
    spectral = "spectral norm" in line
    if kind == "ResnetGenerator":
        return n.ResnetGenerator(*numbers, norm, float(line.split()[-1]) > 0)
    if kind == "UnetGenerator":
        return n.UnetGenerator(*numbers, norm)
    if kind == "PatchDiscriminator":
        return n.PatchDiscriminator(*numbers, norm, spectral)
    if kind == "PixelDiscriminator":
        return n.PixelDiscriminator(*numbers, norm, spectral)
    if kind == "UnetSegmenter":
        return n.UnetSegmenter(*numbers, norm)
    if kind == "Vgg16Features":
        return n.Vgg16Features(*numbers)
    raise SystemExit(f"no PyTorch network for '{line}'")


def under(arrays, prefix):
    """The tensors of the network at `prefix`, without what training keeps beside them."""
    kept = ("optimizer.", "average.", "statistics.", "magnitude.")
    beside = tuple(prefix + name for name in kept)
    return {name.removeprefix(prefix): torch.from_numpy(array.copy())
            for name, array in arrays.items()
            if name.startswith(prefix) and not name.startswith(beside)}


def main(path, prefix="", line=None):
    arrays, metadata = read_safetensors(path)
    line = line or metadata.get("architecture")
    if line is None:
        raise SystemExit(f"{path} does not say which network it holds; give its description")
    state = under(arrays, prefix)
    build(line).load_state_dict(state, strict=True)
    print(f"{path}: {prefix}{' ' if prefix else ''}{line}: {len(state)} tensors loaded")


if __name__ == "__main__":
    main(*sys.argv[1:])
