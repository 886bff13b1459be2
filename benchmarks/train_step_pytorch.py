# SPDX-License-Identifier: Apache-2.0
"""The step of train_step.cpp in PyTorch: the same networks, batches and losses.

usage: train_step_pytorch.py [--compile] [--json FILE] [--only TEXT] [--seconds S] [--threads N]

--compile gives both networks to torch.compile first.
"""

import torch
from torch import nn

import pytorch_benchmark


def norm(kind, channels):
    return nn.InstanceNorm2d(channels) if kind == "instance" else nn.BatchNorm2d(channels)


class ResidualBlock(nn.Module):
    def __init__(self, channels, dropout):
        super().__init__()
        layers = [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3),
                  nn.InstanceNorm2d(channels), nn.ReLU(True)]
        if dropout:
            layers.append(nn.Dropout(dropout))
        layers += [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3),
                   nn.InstanceNorm2d(channels)]
        self.body = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.body(x)


def resnet(inputs, outputs, base, blocks, dropout):
    layers = [nn.ReflectionPad2d(3), nn.Conv2d(inputs, base, 7), nn.InstanceNorm2d(base),
              nn.ReLU(True)]
    for width in (base, 2 * base):
        layers += [nn.Conv2d(width, 2 * width, 3, 2, 1), nn.InstanceNorm2d(2 * width),
                   nn.ReLU(True)]
    layers += [ResidualBlock(4 * base, dropout) for _ in range(blocks)]
    for width in (4 * base, 2 * base):
        layers += [nn.ConvTranspose2d(width, width // 2, 3, 2, 1, 1),
                   nn.InstanceNorm2d(width // 2), nn.ReLU(True)]
    layers += [nn.ReflectionPad2d(3), nn.Conv2d(base, outputs, 7), nn.Tanh()]
    return nn.Sequential(*layers)


class UnetLevel(nn.Module):
    """One down, what lies below, one up; the input joined to the result."""

    def __init__(self, outer, inner, below=None, inputs=None):
        super().__init__()
        self.outermost = inputs is not None
        down = nn.Conv2d(inputs or outer, inner, 4, 2, 1, bias=self.outermost)
        if self.outermost:
            layers = [nn.Conv2d(inputs, inner, 4, 2, 1, bias=False), below, nn.ReLU(True),
                      nn.ConvTranspose2d(2 * inner, outer, 4, 2, 1), nn.Tanh()]
        elif below is None:
            layers = [nn.LeakyReLU(0.2, True), down, nn.ReLU(True),
                      nn.ConvTranspose2d(inner, outer, 4, 2, 1, bias=False),
                      nn.BatchNorm2d(outer)]
        else:
            layers = [nn.LeakyReLU(0.2, True), down, nn.BatchNorm2d(inner), below,
                      nn.ReLU(True), nn.ConvTranspose2d(2 * inner, outer, 4, 2, 1, bias=False),
                      nn.BatchNorm2d(outer)]
        self.body = nn.Sequential(*layers)

    def forward(self, x):
        return self.body(x) if self.outermost else torch.cat([x, self.body(x)], 1)


def unet(inputs, outputs, base, downs):
    level = UnetLevel(8 * base, 8 * base)
    for _ in range(downs - 5):
        level = UnetLevel(8 * base, 8 * base, level)
    for width in (4 * base, 2 * base, base):
        level = UnetLevel(width, 2 * width, level)
    return UnetLevel(outputs, base, level, inputs)


def patch_discriminator(inputs, base, count, kind):
    layers = [nn.Conv2d(inputs, base, 4, 2, 1), nn.LeakyReLU(0.2, True)]
    width = base
    for i in range(1, count + 1):
        wider = min(2 ** i, 8) * base
        layers += [nn.Conv2d(width, wider, 4, 2 if i < count else 1, 1,
                             bias=kind == "instance"), norm(kind, wider),
                   nn.LeakyReLU(0.2, True)]
        width = wider
    return nn.Sequential(*layers, nn.Conv2d(width, 1, 4, 1, 1))


CASES = {
    "main job 64 batch 4": lambda: (resnet(10, 1, 16, 4, 0.5),
                                    patch_discriminator(11, 32, 2, "instance"), (4, 10, 64, 64)),
    "resnet_9blocks 128 batch 1": lambda: (resnet(3, 3, 64, 9, 0),
                                           patch_discriminator(6, 64, 3, "instance"),
                                           (1, 3, 128, 128)),
    "resnet_9blocks 256 batch 1": lambda: (resnet(3, 3, 64, 9, 0),
                                           patch_discriminator(6, 64, 3, "instance"),
                                           (1, 3, 256, 256)),
    "resnet_9blocks 256 batch 4": lambda: (resnet(3, 3, 64, 9, 0),
                                           patch_discriminator(6, 64, 3, "instance"),
                                           (4, 3, 256, 256)),
    "unet_256 256 batch 1": lambda: (unet(3, 3, 64, 8), patch_discriminator(6, 64, 3, "batch"),
                                     (1, 3, 256, 256)),
}


def make_step(generator, discriminator, shape):
    for network in (generator, discriminator):
        for parameter in network.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, 0, 0.02)
    adams = [torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.999))
             for network in (generator, discriminator)]
    condition = torch.rand(shape) * 2 - 1
    with torch.no_grad():
        real = torch.rand(generator(condition).shape) * 2 - 1
    entropy, l1 = nn.BCEWithLogitsLoss(), nn.L1Loss()

    def step():
        fake = generator(condition)
        for parameter in discriminator.parameters():
            parameter.requires_grad_(True)
        adams[1].zero_grad()
        on_fake = discriminator(torch.cat([condition, fake.detach()], 1))
        on_real = discriminator(torch.cat([condition, real], 1))
        loss = 0.5 * (entropy(on_fake, torch.zeros_like(on_fake)) +
                      entropy(on_real, torch.ones_like(on_real)))
        loss.backward()
        adams[1].step()
        for parameter in discriminator.parameters():
            parameter.requires_grad_(False)
        adams[0].zero_grad()
        on_fake = discriminator(torch.cat([condition, fake], 1))
        (entropy(on_fake, torch.ones_like(on_fake)) + 100 * l1(fake, real)).backward()
        adams[0].step()

    return step


def main():
    arguments = pytorch_benchmark.parse(__doc__, flags=["--compile"])
    rows = []
    for name, make in CASES.items():
        if arguments.only not in name:
            continue
        generator, discriminator, shape = make()
        if arguments.compile:
            generator, discriminator = torch.compile(generator), torch.compile(discriminator)
        median, minimum, runs = pytorch_benchmark.measure(
            make_step(generator, discriminator, shape), arguments.seconds)
        print(f"{name:28} {median * 1e3:10.1f} ms {minimum * 1e3:10.1f} ms {runs:5d}", flush=True)
        rows.append((name, "step_time", median))
        rows.append((name, "shortest_step", minimum))
    pytorch_benchmark.finish(arguments, "train_step", rows)


if __name__ == "__main__":
    main()
