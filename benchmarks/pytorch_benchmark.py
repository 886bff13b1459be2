# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks in PyTorch have in common: arguments, a clock, JSON."""

import argparse
import json
import time

import torch


def parse(description, flags=()):
    parser = argparse.ArgumentParser(description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json")
    parser.add_argument("--only", default="")
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    for flag in flags:
        parser.add_argument(flag, action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    print(f"PyTorch {torch.__version__}, {arguments.threads} threads")
    return arguments


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


def finish(arguments, benchmark, rows):
    """Writes rows of case, metric and seconds to the file that --json names."""
    if not arguments.json:
        return
    with open(arguments.json, "w", encoding="utf-8") as file:
        json.dump({"benchmark": benchmark, "peer": f"PyTorch {torch.__version__}",
                   "machine": {"threads": arguments.threads},
                   "rows": [{"case": f"{case} threads {arguments.threads}", "metric": metric,
                             "value": value, "unit": "s"} for case, metric, value in rows]},
                  file, indent=2)
