#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs train_step and train_step_pytorch.py in turn, several rounds, and compares medians.

One after the other within seconds: on a shared machine both see the same neighbours. Each case's
figure is the median of the rounds' medians.

usage: compare_train_step.py --binary build/release/benchmarks/train_step
           [--python PYTHON] [--rounds N] [--seconds S] [--threads N] [--only TEXT] [--json FILE]

setup_pytorch.sh makes a Python that has PyTorch.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile


def run(command, arguments, extra):
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        subprocess.run(command + ["--json", file.name, "--threads", str(arguments.threads),
                                  "--seconds", str(arguments.seconds), "--only", extra],
                       check=True, stdout=subprocess.DEVNULL)
        with open(file.name, encoding="utf-8") as result:
            return json.load(result)


def step_time(result):
    return next(row["value"] for row in result["rows"] if row["metric"] == "step time")


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--only", default="")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    peer_command = [arguments.python, os.path.join(here, "train_step_pytorch.py")]
    listed = subprocess.run([arguments.binary, "--list", "--only", arguments.only], check=True,
                            capture_output=True, text=True)
    rows = []
    machine = {}
    print(f"{'':28} {'asyndgan':>12} {'PyTorch':>12} {'ratio':>7}")
    for case in listed.stdout.splitlines():
        ours, peers = [], []
        for _ in range(arguments.rounds):
            result = run([arguments.binary], arguments, case)
            peer_result = run(peer_command, arguments, case)
            machine, peer = result["machine"], peer_result["peer"]
            ours.append(step_time(result))
            peers.append(step_time(peer_result))
        value, peer_value = statistics.median(ours), statistics.median(peers)
        rows.append({"case": case, "metric": "step time", "value": value, "unit": "s",
                     "peer": peer, "peer_value": peer_value, "ratio": peer_value / value})
        print(f"{case:28} {value * 1e3:9.1f} ms {peer_value * 1e3:9.1f} ms "
              f"{peer_value / value:7.2f}", flush=True)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"benchmark": "train_step", "machine": machine, "rows": rows}, file, indent=2)
            file.write("\n")


if __name__ == "__main__":
    main()
