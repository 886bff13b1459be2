#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a benchmark (train_step, kernels) and its peers in turn, several rounds, and compares medians
(of a shortest step: minima of minima).

One after the other within seconds: on a shared machine all see the same neighbours. Each figure is
the median of the rounds' medians; the memory of a step, the most that one process had resident. All
are pinned to the same processors, as many as threads, on cores of their own as far as there are.

usage: compare.py --binary build/release/benchmarks/train_step
           [--python PYTHON] [--peer COMMAND]... [--rounds N] [--seconds S] [--threads N]
           [--only TEXT] [--json FILE]

The first peer is the benchmark's namesake in PyTorch (NAME_pytorch.py), run by PYTHON, which
setup_pytorch.sh makes; it is left out where only --peer is given. A further peer is a script with
another Python (Debian's, "python3 benchmarks/train_step_pytorch.py") or an argument of its own
("... --compile"), or a benchmark of the same cases (kernels_onednn). Of what a peer cannot run, our
figures stand alone.
"""

import argparse
import collections
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile

UNITS = {"s": ("ms", 1e3), "bytes": ("MiB", 2**-20), "1/s": ("G/s", 1e-9), "bytes/s": ("GB/s", 1e-9),
         "1": ("", 1)}


def core_of(processor):
    """What tells a core from others; a processor whose core the system does not tell is one itself."""
    folder = f"/sys/devices/system/cpu/cpu{processor}/topology"
    try:
        parts = []
        for name in ("physical_package_id", "core_id"):
            with open(f"{folder}/{name}", encoding="ascii") as file:
                parts.append(file.read())
        return tuple(parts)
    except OSError:
        return processor


def processors(count):
    """So many of those that this process may use: of each core one, then of each a second."""
    seen = collections.Counter()
    ranked = []
    for processor in sorted(os.sched_getaffinity(0)):
        core = core_of(processor)
        ranked.append((seen[core], processor))
        seen[core] += 1
    return {processor for _, processor in sorted(ranked)[:count]}


class Program:
    """Ours or a peer: a command line that understands --list, --only, --seconds, --threads, --json."""

    def __init__(self, command, arguments):
        self.command = command
        self.arguments = arguments
        self.name = None  # a peer's, of its first result
        self.machine = {}
        listed = subprocess.run(command + ["--list", "--only", arguments.only],
                                stdout=subprocess.PIPE, text=True, check=False)
        self.cases = listed.stdout.splitlines()
        if listed.returncode != 0:
            self.complain("does not run and is left out")

    def complain(self, what):
        print(f"compare.py: {shlex.join(self.command)} {what}", file=sys.stderr)

    def figures(self, case):
        """Value and unit by metric, of the case and of the machine; {} where it does not run."""
        arguments = self.arguments
        cpus = processors(arguments.threads)
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            process = subprocess.Popen(
                self.command + ["--json", file.name, "--threads", str(arguments.threads),
                                "--seconds", str(arguments.seconds), "--only", case],
                stdout=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, cpus),
                env=os.environ | {"OMP_PROC_BIND": "true", "OMP_NUM_THREADS": str(len(cpus))})
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                self.complain(f"fails at {case}, which is left out")
                self.cases.remove(case)
                return {}, {}
            with open(file.name, encoding="utf-8") as text:
                result = json.load(text)
        self.name = result.get("peer")
        self.machine = result.get("machine", {})
        by_case = collections.defaultdict(dict)
        for row in result["rows"]:
            by_case[row["case"]][row["metric"]] = (row["value"], row["unit"])
        of_case = by_case[f"{case} threads {arguments.threads}"]
        if "step_time" in of_case:
            of_case["peak_memory"] = (usage.ru_maxrss * 1024, "bytes")
        return of_case, by_case[f"roofline threads {arguments.threads}"]


def middle(metric, rounds):
    """One value of those of all rounds, and its unit; None where a round lacks it."""
    if not rounds or any(metric not in figures for figures in rounds):
        return None
    choose = {"peak_memory": max, "shortest_step": min}.get(metric, statistics.median)
    return choose(figures[metric][0] for figures in rounds), rounds[0][metric][1]


def show(case, metric, value, unit, peer=None):
    shown, factor = UNITS[unit]
    line = f"{case:32} {metric:24} {value * factor:9.2f} {shown:4}"
    if peer:
        line += f" {peer['peer_value'] * factor:9.2f} {shown:4} {peer['ratio']:7.2f}  {peer['peer']}"
    print(line.rstrip(), flush=True)


def rows_of(case, shown, ours, peers):
    """The rows of a case; `peers` are names and the figures of their rounds."""
    for metric in ours[0]:
        value, unit = middle(metric, ours)
        row = {"case": shown, "metric": metric, "value": value, "unit": unit}
        beside = [(name, middle(metric, rounds)) for name, rounds in peers]
        beside = [{"peer": name, "peer_value": theirs[0], "ratio": theirs[0] / value}
                  for name, theirs in beside if theirs]
        for peer in beside or [None]:
            show(case, metric, value, unit, peer)
            yield row | (peer or {})


def parsed():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--python")
    parser.add_argument("--peer", action="append", default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", default="")
    parser.add_argument("--json")
    return parser.parse_args()


def main():
    arguments = parsed()
    name = os.path.basename(arguments.binary)
    commands = [shlex.split(peer) for peer in arguments.peer]
    if arguments.python or not commands:
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}_pytorch.py")
        commands.insert(0, [arguments.python or sys.executable, script])
    own = Program([arguments.binary], arguments)
    peers = [Program(command, arguments) for command in commands]
    rows = []
    machine_rounds = []
    print(f"{'':57} {'asyndgan':>14} {'peer':>14} {'ratio':>7}")
    for case in list(own.cases):
        rounds = collections.defaultdict(list)
        for _ in range(arguments.rounds):
            for program in [own] + peers:
                if case in program.cases:
                    of_case, of_machine = program.figures(case)
                    rounds[program].append(of_case)
                    if program is own:
                        machine_rounds.append(of_machine)
        if case in own.cases:
            rows += rows_of(case, f"{case} threads {arguments.threads}", rounds[own],
                            [(peer.name, rounds[peer]) for peer in peers if case in peer.cases])
    machine_rounds = [figures for figures in machine_rounds if figures]
    if machine_rounds:
        rows += rows_of("roofline", f"roofline threads {arguments.threads}", machine_rounds, [])
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"benchmark": name, "machine": own.machine, "rows": rows}, file, indent=2)
            file.write("\n")
    return 0 if rows else 1


if __name__ == "__main__":
    sys.exit(main())
