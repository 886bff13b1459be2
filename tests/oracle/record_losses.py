# SPDX-License-Identifier: Apache-2.0
"""Records every loss, its gradient, and Adam with weight decay in both ways."""
import sys

import torch
from torch.nn import functional as f

import networks as n
from portable import Recorder, fill_module, tensor


def record(r, case, loss, x):
    value = loss(x)
    (gradient,) = torch.autograd.grad(value, x)
    r.value(case + ".value", value)
    r.add(case + ".gradient", gradient)


def adversarial(r):
    x = (4 * tensor("adversarial.logits", (2, 1, 3, 5))).requires_grad_()
    ones, zeros = torch.ones_like(x), torch.zeros_like(x)
    cross, square = f.binary_cross_entropy_with_logits, f.mse_loss
    record(r, "vanilla.real", lambda v: cross(v, ones), x)
    record(r, "vanilla.fake", lambda v: cross(v, zeros), x)
    record(r, "vanilla.generator", lambda v: cross(v, ones), x)
    record(r, "least_squares.real", lambda v: square(v, ones), x)
    record(r, "least_squares.fake", lambda v: square(v, zeros), x)
    record(r, "least_squares.generator", lambda v: square(v, ones), x)
    record(r, "hinge.real", lambda v: f.relu(1 - v).mean(), x)
    record(r, "hinge.fake", lambda v: f.relu(1 + v).mean(), x)
    record(r, "hinge.generator", lambda v: -v.mean(), x)


def paired(r):
    x = tensor("paired.image", (2, 3, 16, 11)).requires_grad_()
    target = tensor("paired.target", (2, 3, 16, 11))
    mask = (tensor("paired.mask", (2, 1, 16, 11)) > 0).double()
    record(r, "l1", lambda v: f.l1_loss(v, target), x)
    everywhere = mask.expand_as(target)
    record(r, "masked_l1",
           lambda v: ((v - target).abs() * everywhere).sum() / everywhere.sum(), x)
    vgg = n.Vgg16Features(1, 4).double()
    fill_module(vgg, "paired.vgg")

    def perceptual(v, t):
        return sum(f.mse_loss(a, b) for a, b in zip(vgg.all(v), vgg.all(t))) / 4

    record(r, "perceptual", lambda v: perceptual(v, target), x)
    grey = tensor("paired.grey", (2, 1, 9, 8)).requires_grad_()
    grey_target = tensor("paired.grey_target", (2, 1, 9, 8)).expand(2, 3, 9, 8)
    record(r, "perceptual_grey", lambda v: perceptual(v.expand(2, 3, 9, 8), grey_target), grey)


def segmentation(r):
    x = (3 * tensor("segmentation.logits", (2, 4, 7, 5))).requires_grad_()
    labels = ((tensor("segmentation.labels", (2, 7, 5)) + 1) * 2).floor().long()
    weights = torch.tensor([0.5, 1.0, 2.0, 3.0], dtype=torch.float64)
    record(r, "cross_entropy", lambda v: f.cross_entropy(v, labels), x)
    record(r, "cross_entropy.weighted", lambda v: f.cross_entropy(v, labels, weights), x)

    def tversky(v, a, b, smooth, first):
        p, t = v.softmax(1), f.one_hot(labels, 4).permute(0, 3, 1, 2).double()
        common = (p * t).sum((0, 2, 3))
        wrong, missed = (p * (1 - t)).sum((0, 2, 3)), ((1 - p) * t).sum((0, 2, 3))
        return 1 - ((common + smooth) / (common + a * wrong + b * missed + smooth))[first:].mean()

    record(r, "tversky", lambda v: tversky(v, 0.3, 0.7, 1.0, 1), x)
    record(r, "tversky.background", lambda v: tversky(v, 0.3, 0.7, 1.0, 0), x)
    # (2 TP + 1) / (2 TP + FP + FN + 1)
    record(r, "soft_dice", lambda v: tversky(v, 0.5, 0.5, 0.5, 1), x)


def adam(r):
    cases = {"plain": (torch.optim.Adam, 0.0), "in_gradient": (torch.optim.Adam, 5e-2),
             "decoupled": (torch.optim.AdamW, 5e-2)}
    for name, (optimizer, decay) in cases.items():
        w = torch.nn.Parameter(tensor("adam.weight", (3, 2, 3, 3)))
        step = optimizer([w], lr=2e-4, betas=(0.5, 0.999), eps=1e-8, weight_decay=decay)
        for i in range(5):
            w.grad = tensor(f"adam.gradient.{i}", (3, 2, 3, 3))
            step.step()
        r.add(f"adam.{name}.weight", w)
        r.add(f"adam.{name}.exp_avg", step.state[w]["exp_avg"])
        r.add(f"adam.{name}.exp_avg_sq", step.state[w]["exp_avg_sq"])


def main(folder):
    r = Recorder()
    adversarial(r)
    paired(r)
    segmentation(r)
    adam(r)
    r.write(f"{folder}/losses.safetensors", "record_losses.py")


if __name__ == "__main__":
    main(sys.argv[1])
