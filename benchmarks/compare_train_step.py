#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs train_step and train_step_pytorch.py in turn, several rounds, and compares medians.

One after the other within seconds: on a shared machine both see the same neighbours. Each case's
figure is the median of the rounds' medians, its memory the most that one process had resident.

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


def run(command, arguments, case):
    """The seconds of a step, the bytes that the process had resident at most, and its JSON."""
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
    row = next(row for row in result["rows"] if row["metric"] == "step_time")
    return row["value"], usage.ru_maxrss * 1024, result


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
    print(f"{'':28} {'asyndgan':>21} {'PyTorch':>21} {'ratios':>13}")
    for case in listed.stdout.splitlines():
        times, bytes_, peer_times, peer_bytes = [], [], [], []
        for _ in range(arguments.rounds):
            seconds, resident, result = run([arguments.binary], arguments, case)
            times.append(seconds)
            bytes_.append(resident)
            seconds, resident, peer_result = run(peer_command, arguments, case)
            peer_times.append(seconds)
            peer_bytes.append(resident)
        machine = result["machine"]
        figures = [("step_time", "s", statistics.median(times), statistics.median(peer_times)),
                   ("peak_memory", "bytes", max(bytes_), max(peer_bytes))]
        for metric, unit, value, peer_value in figures:
            rows.append({"case": f"{case} threads {arguments.threads}", "metric": metric,
                         "value": value, "unit": unit, "peer": peer_result["peer"],
                         "peer_value": peer_value, "ratio": peer_value / value})
        (_, _, ours, theirs), (_, _, our_bytes, their_bytes) = figures
        print(f"{case:28} {ours * 1e3:8.1f} ms {our_bytes / 2**20:5.0f} MiB "
              f"{theirs * 1e3:8.1f} ms {their_bytes / 2**20:5.0f} MiB "
              f"{theirs / ours:6.2f} {their_bytes / our_bytes:6.2f}", flush=True)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"benchmark": "train_step", "machine": machine, "rows": rows}, file, indent=2)
            file.write("\n")


if __name__ == "__main__":
    main()
