# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks in PyTorch have in common: PyTorch, arguments, a clock, JSON."""

import argparse
import json
import sys
import time

try:
    import torch
    from torch import nn
except ImportError as error:
    sys.exit(f"{sys.executable} has no PyTorch ({error}); setup_pytorch.sh makes one that has")

__all__ = ["Benchmark", "measure", "nn", "torch"]


def measure(call, seconds):
    """Median, minimum and number of calls."""
    for _ in range(2):  # oneDNN makes its primitives, the allocator finds its sizes
        call()
    times = []
    begin = time.perf_counter()
    while len(times) < 3 or time.perf_counter() - begin < seconds:
        before = time.perf_counter()
        call()
        times.append(time.perf_counter() - before)
    times.sort()
    return times[len(times) // 2], times[0], len(times)


class Benchmark:
    """The arguments of benchmark.hpp, and the figures of the cases that they select. Each `flag`
    is one more argument, a way to run PyTorch which the peer's name then tells."""

    def __init__(self, name, description, flags=()):
        parser = argparse.ArgumentParser(description=description,
                                         formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("--json")
        parser.add_argument("--only", default="")
        parser.add_argument("--seconds", type=float, default=1)
        parser.add_argument("--threads", type=int, default=torch.get_num_threads())
        parser.add_argument("--list", action="store_true")
        for flag in flags:
            parser.add_argument(flag, action="store_true")
        self.arguments = parser.parse_args()
        self.name = name
        self.rows = []
        chosen = "".join(f" {flag}" for flag in flags if getattr(self.arguments, flag.strip("-")))
        self.peer = f"PyTorch {torch.__version__}{chosen}"
        torch.set_num_threads(self.arguments.threads)
        torch.manual_seed(0)
        if not self.arguments.list:
            print(f"{self.peer}, {self.arguments.threads} threads")

    def selects(self, case):
        """Whether to run it. Prints its name where --list asks for no more."""
        if self.arguments.only not in case:
            return False
        if self.arguments.list:
            print(case)
        return not self.arguments.list

    def add(self, case, metric, seconds):
        self.rows.append({"case": f"{case} threads {self.arguments.threads}", "metric": metric,
                          "value": seconds, "unit": "s"})

    def finish(self):
        """Writes the figures to the file that --json names."""
        if not self.arguments.json or self.arguments.list:
            return
        with open(self.arguments.json, "w", encoding="utf-8") as file:
            json.dump({"benchmark": self.name, "peer": self.peer,
                       "machine": {"threads": self.arguments.threads}, "rows": self.rows},
                      file, indent=2)
