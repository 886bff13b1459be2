# SPDX-License-Identifier: Apache-2.0
"""What the runs of slow_site.sh came to: of one seed, or of all of them.

  slow_site.py FOLDER [SEED]
"""
import json
import pathlib
import sys
from datetime import datetime

FAST = ("site-a", "site-b")
SLOW = "site-c"


def gradients(run, site):
    """When each left, by the site's ledger, to the second."""
    lines = map(json.loads, open(run / site / "ledger.jsonl"))
    return [datetime.fromisoformat(line["time"].replace("Z", "+00:00"))
            for line in lines if line.get("message") == "gradient"]


def rate(run):
    """Gradients a second of the fast sites together."""
    total = 0.0
    for site in FAST:
        times = gradients(run, site)
        if len(times) < 2 or times[-1] == times[0]:
            sys.exit(f"{run}: {site} sent too few gradients for a rate")
        total += (len(times) - 1) / (times[-1] - times[0]).total_seconds()
    return total


def dice(run, trained_on):
    for row in json.load(open(run / "report.json"))["rows"]:
        if row["case"] == trained_on and row["metric"] == "dice":
            return row["value"]
    sys.exit(f"{run}: no Dice of a segmenter trained on {trained_on}")


def figures(seed):
    """Name and value."""
    alike, slow = rate(seed / "alike"), rate(seed / "slow")
    return {
        "gradients/s of the fast sites, all alike": alike,
        "gradients/s of the fast sites beside a slow one": slow,
        "of their rate": slow / alike,
        "gradients of the slow site": len(gradients(seed / "slow", SLOW)),
        "Dice beside a slow site": dice(seed / "segmenter", "pooled-real"),
        "Dice in lockstep": dice(seed / "lockstep", "synthetic"),
    }


def main():
    folder = pathlib.Path(sys.argv[1])
    if len(sys.argv) > 2:
        for name, value in figures(folder / f"seed-{sys.argv[2]}").items():
            print(f"seed {sys.argv[2]}: {name}: {value:.4g}", flush=True)
        return
    seeds = [figures(seed) for seed in sorted(folder.glob("seed-*"))]
    for name in seeds[0]:
        values = [seed[name] for seed in seeds]
        print(f"{len(values)} seeds: {name}: {sum(values) / len(values):.4g}, "
              f"{min(values):.4g} to {max(values):.4g}")


if __name__ == "__main__":
    main()
