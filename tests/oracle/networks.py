# SPDX-License-Identifier: Apache-2.0
"""The networks of the library, built from torch.nn modules after their published descriptions, with
the entry numbers that the public checkpoints have."""
import torch
from torch import nn


def norm_layer(kind, channels):
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    return nn.InstanceNorm2d(channels) if kind == "instance" else nn.Identity()


class Residual(nn.Module):
    def __init__(self, channels, norm, dropout):
        super().__init__()

        def half():
            return [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3, bias=norm != "batch"),
                    norm_layer(norm, channels)]

        middle = [nn.ReLU()] + ([nn.Dropout(0.0)] if dropout else [])
        self.conv_block = nn.Sequential(*half(), *middle, *half())

    def forward(self, x):
        return x + self.conv_block(x)


class ResnetGenerator(nn.Module):
    def __init__(self, inputs, outputs, base, blocks, norm, dropout):
        super().__init__()
        bias = norm != "batch"
        entries = [nn.ReflectionPad2d(3), nn.Conv2d(inputs, base, 7, bias=bias),
                   norm_layer(norm, base), nn.ReLU()]
        for width in (base, 2 * base):
            entries += [nn.Conv2d(width, 2 * width, 3, 2, 1, bias=bias),
                        norm_layer(norm, 2 * width), nn.ReLU()]
        entries += [Residual(4 * base, norm, dropout) for _ in range(blocks)]
        for width in (2 * base, base):
            entries += [nn.ConvTranspose2d(2 * width, width, 3, 2, 1, 1, bias=bias),
                        norm_layer(norm, width), nn.ReLU()]
        entries += [nn.ReflectionPad2d(3), nn.Conv2d(base, outputs, 7), nn.Tanh()]
        self.model = nn.Sequential(*entries)

    def forward(self, x):
        return self.model(x)


class UnetLevel(nn.Module):
    def __init__(self, outer, inner, inside, norm, inputs=None, outputs=None, dropout=False):
        super().__init__()
        bias = norm != "batch"
        self.outermost = inputs is not None
        down = nn.Conv2d(inputs or outer, inner, 4, 2, 1, bias=bias)
        up = nn.ConvTranspose2d(inner * (2 if inside else 1), outputs or outer, 4, 2, 1,
                                bias=bias or self.outermost)
        if self.outermost:
            entries = [down, inside, nn.ReLU(), up, nn.Tanh()]
        else:
            entries = [nn.LeakyReLU(0.2), down]
            if inside:
                entries += [norm_layer(norm, inner), inside]
            entries += [nn.ReLU(), up, norm_layer(norm, outer)]
            if dropout:
                entries.append(nn.Dropout(0.0))
        self.model = nn.Sequential(*entries)

    def forward(self, x):
        return self.model(x) if self.outermost else torch.cat([x, self.model(x)], 1)


class UnetGenerator(nn.Module):
    def __init__(self, inputs, outputs, base, downs, norm):
        super().__init__()
        block = UnetLevel(8 * base, 8 * base, None, norm)
        for _ in range(downs - 5):
            block = UnetLevel(8 * base, 8 * base, block, norm, dropout=True)
        for width in (4 * base, 2 * base, base):
            block = UnetLevel(width, 2 * width, block, norm)
        self.model = UnetLevel(outputs, base, block, norm, inputs, outputs)

    def forward(self, x):
        return self.model(x)


class PatchDiscriminator(nn.Module):
    def __init__(self, inputs, base, layers, norm, spectral=False):
        super().__init__()
        wrap = nn.utils.spectral_norm if spectral else (lambda layer: layer)
        entries = [wrap(nn.Conv2d(inputs, base, 4, 2, 1)), nn.LeakyReLU(0.2)]
        width = base
        for i in range(1, layers + 1):
            wider = base * min(2 ** i, 8)
            entries += [wrap(nn.Conv2d(width, wider, 4, 2 if i < layers else 1, 1,
                                       bias=norm != "batch")),
                        norm_layer(norm, wider), nn.LeakyReLU(0.2)]
            width = wider
        entries.append(wrap(nn.Conv2d(width, 1, 4, 1, 1)))
        self.model = nn.Sequential(*entries)

    def forward(self, x):
        return self.model(x)


class PixelDiscriminator(nn.Module):
    def __init__(self, inputs, base, norm, spectral=False):
        super().__init__()
        wrap = nn.utils.spectral_norm if spectral else (lambda layer: layer)
        bias = norm != "batch"
        self.net = nn.Sequential(
            wrap(nn.Conv2d(inputs, base, 1)), nn.LeakyReLU(0.2),
            wrap(nn.Conv2d(base, 2 * base, 1, bias=bias)), norm_layer(norm, 2 * base),
            nn.LeakyReLU(0.2), wrap(nn.Conv2d(2 * base, 1, 1, bias=bias)))

    def forward(self, x):
        return self.net(x)


class ConvReluNorm(nn.Module):
    def __init__(self, inputs, outputs, norm):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = norm_layer(norm, outputs)

    def forward(self, x):
        return self.norm(torch.relu(self.conv(x)))


class Double(nn.Module):
    def __init__(self, inputs, outputs, norm, raise_from=None):
        super().__init__()
        if raise_from:
            self.up = nn.ConvTranspose2d(raise_from, outputs, 2, 2)
        self.conv1 = ConvReluNorm(inputs, outputs, norm)
        self.conv2 = ConvReluNorm(outputs, outputs, norm)

    def forward(self, x, skipped=None):
        if skipped is not None:
            x = self.up(x)
            right, below = skipped.shape[3] - x.shape[3], skipped.shape[2] - x.shape[2]
            x = torch.cat([nn.functional.pad(x, (0, right, 0, below)), skipped], 1)
        return self.conv2(self.conv1(x))


class UnetSegmenter(nn.Module):
    def __init__(self, inputs, classes, base, levels, norm):
        super().__init__()
        self.levels = levels
        width = inputs
        for i in range(levels):
            setattr(self, f"c{i + 1}", Double(width, base << i, norm))
            width = base << i
        self.cu = Double(width, base << levels, norm)
        for i in range(levels):
            out = base << (levels - 1 - i)
            setattr(self, f"u{levels + 1 + i}", Double(2 * out, out, norm, raise_from=2 * out))
        self.ce = nn.Conv2d(base, classes, 1)

    def forward(self, x):
        skipped = []
        for i in range(self.levels):
            x = getattr(self, f"c{i + 1}")(x)
            skipped.append(x)
            x = nn.functional.max_pool2d(x, 2)
        x = self.cu(x)
        for i in range(self.levels):
            x = getattr(self, f"u{self.levels + 1 + i}")(x, skipped.pop())
        return self.ce(x)


class Vgg16Features(nn.Module):
    def __init__(self, base, stages):
        super().__init__()
        entries, self.taps, width = [], [], 3
        for stage, (count, factor) in enumerate(((2, 1), (2, 2), (3, 4), (3, 8), (3, 8))):
            if stage == stages:
                break
            if stage:
                entries.append(nn.MaxPool2d(2))
            for _ in range(count):
                entries += [nn.Conv2d(width, base * factor, 3, padding=1), nn.ReLU()]
                width = base * factor
            self.taps.append(len(entries) - 1)
        self.features = nn.Sequential(*entries)

    def forward(self, x):
        return self.all(x)[-1]

    def all(self, x):
        found = []
        for i, entry in enumerate(self.features):
            x = entry(x)
            if i in self.taps:
                found.append(x)
        return found
