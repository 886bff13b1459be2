# SPDX-License-Identifier: Apache-2.0
"""Records one pass of every operation and layer, on odd and non-square sizes."""
import sys

from torch import nn

from portable import Recorder, record_pass


def main(folder):
    r = Recorder()
    convolutions = {
        "same": ((2, 3, 3), dict(padding=1)),
        "halving": ((2, 3, 4), dict(stride=2, padding=1)),
        "seven": ((3, 2, 7), dict(padding=3, padding_mode="reflect")),
        "dilated": ((2, 2, 3), dict(padding=2, dilation=2, bias=False)),
        "point": ((5, 4, 1), dict()),
        "reflected_stride": ((2, 2, 5), dict(stride=3, padding=2, padding_mode="reflect")),
    }
    for name, (sizes, options) in convolutions.items():
        record_pass(r, f"conv2d.{name}", nn.Conv2d(*sizes, **options), (2, sizes[0], 11, 8))
    transposed = {
        "doubling": ((3, 2, 4), dict(stride=2, padding=1)),
        "resnet": ((3, 2, 3), dict(stride=2, padding=1, output_padding=1)),
        "two": ((4, 2, 2), dict(stride=2)),
        "plain": ((2, 3, 3), dict(bias=False)),
        "three": ((2, 2, 5), dict(stride=3, padding=1, output_padding=2)),
    }
    for name, (sizes, options) in transposed.items():
        record_pass(r, f"conv_transpose2d.{name}", nn.ConvTranspose2d(*sizes, **options),
                    (2, sizes[0], 5, 7))
    spectral = nn.utils.spectral_norm(nn.Conv2d(3, 4, 3, padding=1))
    record_pass(r, "conv2d.spectral", spectral, (2, 3, 6, 5))
    record_pass(r, "batch_norm2d.training", nn.BatchNorm2d(3), (2, 3, 5, 7))
    record_pass(r, "batch_norm2d.evaluation", nn.BatchNorm2d(3), (2, 3, 5, 7), training=False)
    record_pass(r, "instance_norm2d", nn.InstanceNorm2d(3), (2, 3, 5, 7))
    record_pass(r, "relu", nn.ReLU(), (2, 3, 5, 7))
    record_pass(r, "leaky_relu", nn.LeakyReLU(0.2), (2, 3, 5, 7))
    record_pass(r, "tanh", nn.Tanh(), (2, 3, 5, 7))
    record_pass(r, "sigmoid", nn.Sigmoid(), (2, 3, 5, 7))
    record_pass(r, "pad2d.zero", nn.ZeroPad2d(2), (2, 2, 5, 4))
    record_pass(r, "pad2d.reflect", nn.ReflectionPad2d(3), (2, 2, 5, 4))
    record_pass(r, "max_pool2d.two", nn.MaxPool2d(2), (2, 2, 7, 6))
    record_pass(r, "max_pool2d.overlapping", nn.MaxPool2d(3, 2), (2, 2, 7, 6))
    r.write(f"{folder}/operations.safetensors", "record_operations.py")


if __name__ == "__main__":
    main(sys.argv[1])
