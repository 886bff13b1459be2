# SPDX-License-Identifier: Apache-2.0
"""The layers of kernels.cpp in PyTorch, whose convolutions are oneDNN's, as a program calls them:
each call makes its result anew. Adam is the optimiser's default, which is not fused.

usage: kernels_pytorch.py [--fused] [--json FILE] [--only TEXT] [--seconds S] [--threads N] [--list]

--fused runs Adam alone, and fused.
"""

from pytorch_benchmark import Benchmark, measure, nn, torch

# Name: input, filters, kernel, stride, padding, whether the padding reflects.
CONVOLUTIONS = {
    "resnet256 7x7 3->64": ((1, 3, 256, 256), 64, 7, 1, 3, True),
    "resnet256 3x3s2 64->128": ((1, 64, 256, 256), 128, 3, 2, 1, False),
    "resnet256 3x3s2 128->256": ((1, 128, 128, 128), 256, 3, 2, 1, False),
    "resnet256 3x3 256->256": ((1, 256, 64, 64), 256, 3, 1, 1, True),
    "resnet256 7x7 64->3": ((1, 64, 256, 256), 3, 7, 1, 3, True),
    "patch256 4x4s2 6->64": ((1, 6, 256, 256), 64, 4, 2, 1, False),
    "patch256 4x4s2 64->128": ((1, 64, 128, 128), 128, 4, 2, 1, False),
    "patch256 4x4s2 128->256": ((1, 128, 64, 64), 256, 4, 2, 1, False),
    "patch256 4x4 256->512": ((1, 256, 32, 32), 512, 4, 1, 1, False),
    "patch256 4x4 512->1": ((1, 512, 31, 31), 1, 4, 1, 1, False),
    "unet256 4x4s2 512->512 @16": ((1, 512, 16, 16), 512, 4, 2, 1, False),
    "unet256 4x4s2 512->512 @4": ((1, 512, 4, 4), 512, 4, 2, 1, False),
    "unet256 4x4s2 512->512 @2": ((1, 512, 2, 2), 512, 4, 2, 1, False),
    "unet256 4x4s2 up 1024->512 @8": ((1, 512, 16, 16), 1024, 4, 2, 1, False),
    "unet256 4x4s2 up 512->128 @32": ((1, 128, 64, 64), 512, 4, 2, 1, False),
    "unet256 4x4s2 up 256->64 @64": ((1, 64, 128, 128), 256, 4, 2, 1, False),
    "main job 7x7 10->16": ((4, 10, 64, 64), 16, 7, 1, 3, True),
    "main job 3x3s2 16->32": ((4, 16, 64, 64), 32, 3, 2, 1, False),
    "main job 3x3 64->64": ((4, 64, 16, 16), 64, 3, 1, 1, True),
    "main job 7x7 16->1": ((4, 16, 64, 64), 1, 7, 1, 3, True),
    "main job 4x4s2 10->32": ((4, 10, 64, 64), 32, 4, 2, 1, False),
    "main job 4x4s2 32->64": ((4, 32, 32, 32), 64, 4, 2, 1, False),
    "main job 4x4 64->128": ((4, 64, 16, 16), 128, 4, 1, 1, False),
    "main job 4x4 128->1": ((4, 128, 15, 15), 1, 4, 1, 1, False),
    "main job 3x3 16->16 @64": ((8, 16, 64, 64), 16, 3, 1, 1, False),
    "main job 3x3 64->64 @16": ((8, 64, 16, 16), 64, 3, 1, 1, False),
    "main job 3x3 128->128 @8": ((8, 128, 8, 8), 128, 3, 1, 1, False),
    "main job 3x3 256->256 @4": ((8, 256, 4, 4), 256, 3, 1, 1, False),
    "main job 3x3 256->128 @8": ((8, 256, 8, 8), 128, 3, 1, 1, False),
    "main job 2x2s2 up 32->16 @32": ((8, 16, 64, 64), 32, 2, 2, 0, False),
    "main job 2x2s2 up 256->128 @4": ((8, 128, 8, 8), 256, 2, 2, 0, False),
}
NORMS = {
    "instance norm and ReLU 64 @256": ((1, 64, 256, 256), nn.InstanceNorm2d),
    "instance norm and ReLU 256 @64": ((1, 256, 64, 64), nn.InstanceNorm2d),
    "batch norm and ReLU 128 @64": ((1, 128, 64, 64), nn.BatchNorm2d),
}
ADAM = "Adam 54 M"


def convolution(shape, filters, kernel, stride, padding, reflects):
    """Its three maps. The image is padded beforehand where padding reflects: in PyTorch a layer of
    its own, which is not counted."""
    x = torch.rand(shape) * 2 - 1
    if reflects:
        x = nn.functional.pad(x, [padding] * 4, mode="reflect")
        padding = 0
    weight = torch.rand(filters, shape[1], kernel, kernel) * 2 - 1
    y = nn.functional.conv2d(x, weight, None, stride, padding)
    d_y = torch.rand_like(y)

    def back(wanted):
        return lambda: torch.ops.aten.convolution_backward(
            d_y, x, weight, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], 1,
            [wanted == "input", wanted == "weight", False])

    def forward():
        with torch.no_grad():
            nn.functional.conv2d(x, weight, None, stride, padding)

    return {"forward": forward, "backward input": back("input"), "backward weight": back("weight")}


def norm_and_relu(shape, kind):
    layers = nn.Sequential(kind(shape[1]), nn.ReLU(True))
    x = (torch.rand(shape) * 2 - 1).requires_grad_(True)
    d_y = torch.rand(shape)

    def both():
        x.grad = None
        layers(x).backward(d_y)

    return {"forward and backward": both}


def adam(**options):
    parameter = nn.Parameter(torch.zeros(54, 1000, 1000))
    parameter.grad = torch.rand_like(parameter)
    return {"step": torch.optim.Adam([parameter], lr=2e-4, betas=(0.5, 0.999), **options).step}


def main():
    benchmark = Benchmark("kernels", __doc__, flags=["--fused"])
    if benchmark.arguments.fused:
        cases = {ADAM: lambda: adam(fused=True)}
    else:
        cases = {name: lambda case=case: convolution(*case) for name, case in CONVOLUTIONS.items()}
        cases.update({name: lambda case=case: norm_and_relu(*case) for name, case in NORMS.items()})
        cases[ADAM] = adam
    for name, make in cases.items():
        if not benchmark.selects(name):
            continue
        maps = make()
        for metric, call in maps.items():
            median, minimum, runs = measure(call, benchmark.arguments.seconds / len(maps))
            print(f"{name:32} {metric:22} {median * 1e3:10.3f} ms {minimum * 1e3:10.3f} ms {runs:5d}",
                  flush=True)
            benchmark.add(name, metric, median)
    benchmark.finish()


if __name__ == "__main__":
    main()
