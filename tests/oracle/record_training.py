# SPDX-License-Identifier: Apache-2.0
"""Records what steers a training beside the losses that look at one image: feature statistics with
their gradients, Adam under a learning rate that falls, and a running average of weights."""
import sys

import torch
from torch.nn import functional as f
from torch.optim.swa_utils import AveragedModel

from portable import Recorder, fill_module, tensor

REGIONS, CHANNELS, SIZES = 4, (3, 2), ((7, 5), (3, 4))
DECAY, MINIMUM, W_MEAN, W_SQUARE = 0.9, 3, 0.7, 1.3
# The largest label of every image. Region 3 is in one real image, so it is never ready; region 2
# is not in the first fake.
REAL_CAPS, FAKE_CAPS = ((3, 2, 2), (1, 2, 2)), (1, 3, 2)


def regions(name, caps, size):
    """One-hot regions (N, R, H, W) of label maps of 15 x 11 at the size of a feature map."""
    labels = ((tensor(name, (len(caps), 15, 11)) + 1) * 2).floor()
    labels = torch.minimum(labels, torch.tensor(caps).double().view(-1, 1, 1))
    small = f.interpolate(labels[:, None], size, mode="nearest-exact")[:, 0]
    return f.one_hot(small.long(), REGIONS).permute(0, 3, 1, 2).double()


def moments(x, hot):
    """Of each image and region, means (N, R, C) of x and x^2, and whether the image has it (N, R)."""
    pixels = hot.sum((2, 3))
    divide = pixels.clamp(min=1)[..., None]
    mean = torch.einsum("nchw,nrhw->nrc", x, hot) / divide
    square = torch.einsum("nchw,nrhw->nrc", x * x, hot) / divide
    return mean, square, (pixels > 0).double()


def feature_statistics(r):
    fakes = [tensor(f"features.fake.{m}", (3, c, *size)).requires_grad_()
             for m, (c, size) in enumerate(zip(CHANNELS, SIZES))]
    parts = []
    for m, (c, size) in enumerate(zip(CHANNELS, SIZES)):
        votes = torch.zeros(REGIONS).double()
        averages = torch.zeros(2, REGIONS, c).double()
        for batch, caps in enumerate(REAL_CAPS):
            x = tensor(f"features.real.{m}.{batch}", (3, c, *size)) + 0.25
            mean, square, has = moments(x, regions(f"features.real_labels.{batch}", caps, size))
            for region in range(REGIONS):
                added = has[:, region].sum()
                if added == 0:
                    continue
                kept = DECAY * votes[region]
                votes[region] = kept + added
                for k, values in enumerate((mean, square)):
                    averages[k, region] = (kept * averages[k, region]
                                           + values[:, region].sum(0)) / votes[region]
        r.add(f"features.{m}.votes", votes)
        r.add(f"features.{m}.mean", averages[0])
        r.add(f"features.{m}.square", averages[1])
        mean, square, has = moments(fakes[m], regions("features.fake_labels", FAKE_CAPS, size))
        images = has.sum(0)
        usable = (votes >= MINIMUM) & (images > 0)
        squares = [((values.sum(0) / images.clamp(min=1)[:, None] - average)[usable] ** 2).mean()
                   for values, average in zip((mean, square), averages)]
        parts.append(W_MEAN * squares[0] + W_SQUARE * squares[1])
    loss = sum(parts) / len(parts)
    r.value("features.value", loss.detach())
    for m, gradient in enumerate(torch.autograd.grad(loss, fakes)):
        r.add(f"features.{m}.gradient", gradient)


def schedule(r):
    """The policy "linear" of Isola et al.: constant for 3, down over 4, then 0."""
    w = torch.nn.Parameter(tensor("schedule.weight", (3, 2, 3, 3)))
    adam = torch.optim.Adam([w], lr=2e-4, betas=(0.5, 0.999))
    linear = torch.optim.lr_scheduler.LambdaLR(
        adam, lambda epoch: max(0.0, 1.0 - max(0, epoch + 1 - 3) / float(4 + 1)))
    rates = []
    for step in range(9):
        rates.append(linear.get_last_lr()[0] / 2e-4)
        w.grad = tensor(f"schedule.gradient.{step}", (3, 2, 3, 3))
        adam.step()
        linear.step()
        r.add(f"schedule.weight.{step}", w)
    r.add("schedule.factors", torch.tensor(rates, dtype=torch.float64))


def weight_average(r):
    """Of a convolution and a norm with its running statistics, over 8 steps of Adam."""
    decay = 0.3  # reached after 4 updates: until then (1 + t) / (10 + t)

    def average(old, new, updates):
        updates = int(updates)  # a tensor would be divided in float
        keep = min(decay, updates / (9 + updates))  # AveragedModel counts its first copy
        return keep * old + (1 - keep) * new

    net = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3, bias=False), torch.nn.BatchNorm2d(3)).double()
    fill_module(net, "average.net")
    averaged = AveragedModel(net, avg_fn=average, use_buffers=True)
    averaged.update_parameters(net)  # the copy
    adam = torch.optim.Adam(net.parameters(), lr=1e-2, betas=(0.5, 0.999))
    for step in range(8):
        adam.zero_grad()
        y = net(tensor(f"average.input.{step}", (2, 2, 7, 6)))
        y.backward(tensor(f"average.d_output.{step}", (2, 3, 5, 4)))
        adam.step()
        averaged.update_parameters(net)
    for name, value in averaged.module.state_dict().items():
        if value.is_floating_point():
            r.add(f"average.after.{name}", value)
    for name, value in net.state_dict().items():
        if value.is_floating_point():
            r.add(f"average.net.after.{name}", value)


def main(folder):
    r = Recorder()
    feature_statistics(r)
    schedule(r)
    weight_average(r)
    r.write(f"{folder}/training.safetensors", "record_training.py")


if __name__ == "__main__":
    main(sys.argv[1])
