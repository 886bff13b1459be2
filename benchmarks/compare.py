#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a benchmark and its namesake in PyTorch (train_step, kernels) in turn, several rounds, and
compares medians (of a shortest step: minima of minima).

One after the other within seconds: on a shared machine both see the same neighbours. Each figure is
the median of the rounds' medians; the memory of a step, the most that one process had resident.

usage: compare.py --binary build/release/benchmarks/train_step
           [--python PYTHON | --peer COMMAND] [--rounds N] [--seconds S] [--threads N]
           [--only TEXT] [--json FILE]

setup_pytorch.sh makes a Python that has PyTorch. A peer may be a benchmark of the same cases instead
(kernels_onednn), or the script with an argument of its own (train_step_pytorch.py --compile).
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile

UNITS = {"s": ("ms", 1e3), "bytes": ("MiB", 2**-20)}


def run(command, arguments, case):
    """The JSON of a run of one case, and its figures by metric."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        process = subprocess.Popen(
            command + ["--json", file.name, "--threads", str(arguments.threads),
                       "--seconds", str(arguments.seconds), "--only", case],
            stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise subprocess.CalledProcessError(process.returncode, command)
        with open(file.name, encoding="utf-8") as text:
            result = json.load(text)
    shown = f"{case} threads {arguments.threads}"
    figures = {row["metric"]: row["value"] for row in result["rows"]
               if row["unit"] == "s" and row["case"] == shown}
    if not figures:
        sys.exit(f"{' '.join(command)}: no figures of {shown}")
    if "step_time" in figures:
        figures["peak_memory"] = usage.ru_maxrss * 1024
    return result, figures


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--peer", help="command line, in place of NAME_pytorch.py")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--only", default="")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    name = os.path.basename(arguments.binary)
    peer_command = (shlex.split(arguments.peer) if arguments.peer else
                    [arguments.python, os.path.join(here, f"{name}_pytorch.py")])
    listed = subprocess.run([arguments.binary, "--list", "--only", arguments.only], check=True,
                            capture_output=True, text=True)
    rows = []
    machine = {}
    print(f"{'':55} {'asyndgan':>12} {'peer':>12} {'ratio':>10}")
    for case in listed.stdout.splitlines():
        rounds = []
        for _ in range(arguments.rounds):
            result, ours = run([arguments.binary], arguments, case)
            peer_result, theirs = run(peer_command, arguments, case)
            rounds.append((ours, theirs))
        machine = result["machine"]
        for metric in (metric for metric in rounds[0][0] if metric in rounds[0][1]):
            memory = metric == "peak_memory"
            middle = {"peak_memory": max, "shortest_step": min}.get(metric, statistics.median)
            value, peer = (middle(figures[side][metric] for figures in rounds) for side in (0, 1))
            unit = "bytes" if memory else "s"
            rows.append({"case": f"{case} threads {arguments.threads}", "metric": metric,
                         "value": value, "unit": unit, "peer": peer_result["peer"],
                         "peer_value": peer, "ratio": peer / value})
            shown, factor = UNITS[unit]
            print(f"{case:32} {metric:22} {value * factor:8.2f} {shown:3} {peer * factor:8.2f} "
                  f"{shown:3} {peer / value:10.2f}", flush=True)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"benchmark": name, "machine": machine, "rows": rows}, file, indent=2)
            file.write("\n")


if __name__ == "__main__":
    main()
