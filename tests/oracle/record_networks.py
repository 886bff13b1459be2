# SPDX-License-Identifier: Apache-2.0
"""Records one pass of every network at tiny width, and a checkpoint as PyTorch would save it."""
import sys

import numpy as np
import torch

import networks as n
from portable import Recorder, fill_module, provenance, record_pass, tensor, write_safetensors


def main(folder):
    r = Recorder()
    for norm in ("none", "batch", "instance"):
        record_pass(r, f"resnet.{norm}", n.ResnetGenerator(2, 1, 2, 2, norm, True), (2, 2, 9, 14))
        record_pass(r, f"unet.{norm}", n.UnetGenerator(1, 1, 1, 6, norm), (2, 1, 64, 64))
        record_pass(r, f"patch.{norm}", n.PatchDiscriminator(2, 2, 2, norm), (2, 2, 17, 22))
        record_pass(r, f"pixel.{norm}", n.PixelDiscriminator(2, 3, norm), (2, 2, 5, 7))
        record_pass(r, f"segmenter.{norm}", n.UnetSegmenter(1, 3, 2, 2, norm), (2, 1, 13, 10))
    record_pass(r, "resnet.plain", n.ResnetGenerator(1, 1, 2, 1, "batch", False), (1, 1, 8, 8),
                training=False)
    record_pass(r, "patch.eval", n.PatchDiscriminator(2, 2, 2, "batch"), (1, 2, 17, 22),
                training=False)
    record_pass(r, "segmenter.eval", n.UnetSegmenter(1, 3, 2, 2, "batch"), (1, 1, 13, 10),
                training=False)
    record_pass(r, "patch.spectral", n.PatchDiscriminator(2, 2, 2, "none", spectral=True),
                (2, 2, 17, 22))
    record_pass(r, "vgg", n.Vgg16Features(1, 4), (2, 3, 25, 18))
    r.write(f"{folder}/networks.safetensors", "record_networks.py")

    torch.set_default_dtype(torch.float32)
    network = n.ResnetGenerator(2, 1, 2, 1, "batch", True)
    fill_module(network, "checkpoint")
    network.train()
    network(tensor("checkpoint.warm", (2, 2, 8, 8)).float())  # moves the running statistics
    network.eval()
    arrays = {name: np.array(value.detach().numpy())
              for name, value in network.state_dict().items()}
    write_safetensors(f"{folder}/pytorch_checkpoint.safetensors", arrays,
                      provenance("record_networks.py"))
    with torch.no_grad():
        output = network(tensor("checkpoint.input", (1, 2, 12, 8)).float())
    r = Recorder()
    r.add("checkpoint.output", output)
    r.write(f"{folder}/pytorch_checkpoint_output.safetensors", "record_networks.py")


if __name__ == "__main__":
    main(sys.argv[1])
