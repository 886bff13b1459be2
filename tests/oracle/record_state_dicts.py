# SPDX-License-Identifier: Apache-2.0
"""Records names, element types and shapes of every network's state_dict, at the published depths and
tiny widths: one text for each network, in the metadata of a file without arrays."""
import sys

import torch

import networks as n
from portable import provenance, write_safetensors

DTYPES = {torch.float32: "F32", torch.int64: "I64"}


def lines(network):
    """"model.1.weight F32 [2, 2, 7, 7]" for each tensor, sorted by name."""
    state = network.state_dict()
    return "\n".join(f"{name} {DTYPES[state[name].dtype]} {list(state[name].shape)}"
                     for name in sorted(state))


def main(folder):
    networks = {"vgg": n.Vgg16Features(2, 5), "vgg.4": n.Vgg16Features(1, 4),
                "resnet.plain": n.ResnetGenerator(2, 3, 2, 9, "batch", False),
                "patch.spectral": n.PatchDiscriminator(3, 2, 3, "none", True),
                "pixel.spectral": n.PixelDiscriminator(3, 2, "none", True)}
    for norm in ("none", "batch", "instance"):
        networks |= {f"resnet.{norm}": n.ResnetGenerator(2, 3, 2, 9, norm, True),
                     f"unet.{norm}": n.UnetGenerator(2, 3, 1, 8, norm),
                     f"patch.{norm}": n.PatchDiscriminator(3, 2, 3, norm),
                     f"pixel.{norm}": n.PixelDiscriminator(3, 2, norm),
                     f"segmenter.{norm}": n.UnetSegmenter(2, 3, 2, 4, norm)}
    texts = {name: lines(network) for name, network in sorted(networks.items())}
    path = f"{folder}/state_dicts.safetensors"
    write_safetensors(path, {}, provenance("record_state_dicts.py") | texts)
    print(f"{path}: {len(texts)} networks")


if __name__ == "__main__":
    main(sys.argv[1])
