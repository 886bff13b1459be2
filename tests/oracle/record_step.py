# SPDX-License-Identifier: Apache-2.0
"""Records two whole steps of AsynDGAN with two sites in one process, both variants: for each site D
learns from the real images and the fakes, then judges the same fakes (one batch) or those of a batch
drawn anew (two-phase, Algorithm 1 of Chang et al.); G follows the weighted sum of the sites' losses.
Adam throughout, instance norm, no dropout."""
import sys

import torch
from torch.nn import functional as f

import networks as n
from portable import Recorder, fill_module, tensor

WEIGHTS = (0.25, 0.75)
LOSSES = {"least_squares": f.mse_loss, "vanilla": f.binary_cross_entropy_with_logits}


def record_losses(r, name, loss, two_phase):
    def towards(logits, target):
        return loss(logits, torch.full_like(logits, target))

    g = n.ResnetGenerator(2, 1, 2, 1, "instance", True).double()
    ds = [n.PatchDiscriminator(3, 2, 2, "instance").double() for _ in WEIGHTS]
    fill_module(g, "step.g")
    for site, d in enumerate(ds):
        fill_module(d, f"step.d{site}")
    adams = [torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999)) for net in (g, *ds)]

    def record_gradients(case, net):
        for parameter, value in net.named_parameters():
            r.add(f"{case}.{parameter}.grad", value.grad)

    def masks(name, step):
        return [tensor(f"step.{name}{site}.{step}", (2, 2, 16, 20)) for site in range(2)]

    for step in range(2):
        case = f"{name}.{step}"
        ys = masks("mask", step)
        reals = [tensor(f"step.real{site}.{step}", (2, 1, 16, 20)) for site in range(2)]
        fakes = [g(y) for y in ys]
        for site, d in enumerate(ds):
            y, fake = ys[site], fakes[site]
            adams[1 + site].zero_grad()
            on_fake = towards(d(torch.cat([y, fake.detach()], 1)), 0.0)
            on_real = towards(d(torch.cat([y, reals[site]], 1)), 1.0)
            (on_fake + on_real).backward()
            record_gradients(f"{case}.d{site}", d)
            adams[1 + site].step()
            r.value(f"{case}.d{site}.on_fake", on_fake.detach())
            r.value(f"{case}.d{site}.on_real", on_real.detach())
        if two_phase:
            ys = masks("second_mask", step)
            fakes = [g(y) for y in ys]
        total = 0
        for site, d in enumerate(ds):
            judged = towards(d(torch.cat([ys[site], fakes[site]], 1)), 1.0)
            (d_fake,) = torch.autograd.grad(judged, fakes[site], retain_graph=True)
            r.add(f"{case}.d_fake{site}", d_fake)
            r.value(f"{case}.d{site}.judged", judged.detach())
            total = total + WEIGHTS[site] * judged
        adams[0].zero_grad()
        total.backward()
        record_gradients(f"{case}.g", g)
        adams[0].step()
    for net, prefix in ((g, "g"), (ds[0], "d0"), (ds[1], "d1")):
        for parameter, value in net.named_parameters():
            r.add(f"{name}.after.{prefix}.{parameter}", value)


def main(folder):
    for file, two_phase in (("step", False), ("two_phase", True)):
        r = Recorder()
        for name, loss in LOSSES.items():
            record_losses(r, name, loss, two_phase)
        r.write(f"{folder}/{file}.safetensors", "record_step.py")


if __name__ == "__main__":
    main(sys.argv[1])
