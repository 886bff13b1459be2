# SPDX-License-Identifier: Apache-2.0
"""The step of train_step.cpp in PyTorch: the same networks, batches and losses.

usage: train_step_pytorch.py [--compile] [--json FILE] [--only TEXT] [--seconds S] [--threads N]
           [--list]

--compile gives the networks to torch.compile first.
"""

from pytorch_benchmark import Benchmark, measure, nn, torch


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


class Double(nn.Module):
    """Two times convolution, rectifier, norm."""

    def __init__(self, inputs, outputs):
        super().__init__()
        layers = []
        for width in (inputs, outputs):
            layers += [nn.Conv2d(width, outputs, 3, 1, 1), nn.ReLU(True), nn.BatchNorm2d(outputs)]
        self.body = nn.Sequential(*layers)

    def forward(self, x):
        return self.body(x)


class Segmenter(nn.Module):
    def __init__(self, inputs, classes, base, levels):
        super().__init__()
        widths = [base << i for i in range(levels + 1)]
        self.downs = nn.ModuleList(Double(i, o) for i, o in zip([inputs] + widths, widths))
        self.raises = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, 2) for w in widths[:-1])
        self.ups = nn.ModuleList(Double(2 * w, w) for w in widths[:-1])
        self.last = nn.Conv2d(base, classes, 1)

    def forward(self, x):
        skipped = []
        for down in self.downs[:-1]:
            skipped.append(down(x))
            x = nn.functional.max_pool2d(skipped[-1], 2)
        x = self.downs[-1](x)
        for rise, up in zip(reversed(self.raises), reversed(self.ups)):
            x = up(torch.cat([rise(x), skipped.pop()], 1))
        return self.last(x)


GANS = {
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


def initialize(network):
    for parameter in network.parameters():
        if parameter.dim() > 1:
            nn.init.normal_(parameter, 0, 0.02)


def gan_step(generator, discriminator, shape):
    for network in (generator, discriminator):
        initialize(network)
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


def segmenter_step(network, shape, classes):
    initialize(network)
    adam = torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.999))
    images = torch.rand(shape) * 2 - 1
    labels = torch.randint(classes, (shape[0], *shape[2:]))
    one_hot = nn.functional.one_hot(labels, classes).movedim(-1, 1).float()
    entropy = nn.CrossEntropyLoss()

    def step():
        adam.zero_grad()
        logits = network(images)
        share = torch.softmax(logits, 1)[:, 1:]
        both, sum_of = (share * one_hot[:, 1:]).sum((0, 2, 3)), share.sum((0, 2, 3))
        dice = (2 * both + 1) / (sum_of + one_hot[:, 1:].sum((0, 2, 3)) + 1)
        (entropy(logits, labels) + 1 - dice.mean()).backward()
        adam.step()

    return step


def make_gan(make, through):
    generator, discriminator, shape = make()
    return gan_step(through(generator), through(discriminator), shape)


CASES = {name: lambda through, make=make: make_gan(make, through) for name, make in GANS.items()}
CASES["segmenter 64 batch 16"] = lambda through: segmenter_step(through(Segmenter(1, 9, 16, 4)),
                                                                (16, 1, 64, 64), 9)


def main():
    benchmark = Benchmark("train_step", __doc__, flags=["--compile"])
    for name, make in CASES.items():
        if not benchmark.selects(name):
            continue
        step = make(torch.compile if benchmark.arguments.compile else lambda network: network)
        median, minimum, runs = measure(step, benchmark.arguments.seconds)
        print(f"{name:28} {median * 1e3:10.1f} ms {minimum * 1e3:10.1f} ms {runs:5d}", flush=True)
        benchmark.add(name, "step_time", median)
        benchmark.add(name, "shortest_step", minimum)
    benchmark.finish()


if __name__ == "__main__":
    main()
