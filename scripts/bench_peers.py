"""Reads the output of one pair of runs of scripts/bench-peers and prints rates and ratios; of all with `median`."""

import json
import pathlib
import re
import statistics
import sys

WORK = ["transfer", "finetune", "eval"]


def rate_in(log, task):
    """Images per second from a line such as `Scoring: 1125 in 10.2 s (110.3/s)`."""
    lines = re.findall(rf"{task}[^:]*: (\d+) in ([\d.]+) s", log)
    return sum(int(n) for n, _ in lines), sum(float(s) for _, s in lines)


def pair(work, number):
    peer = json.loads((work / "peer.json").read_text())
    log = (work / "transfer.log").read_text()
    # The features of the training images; those of the validation images have a line of their own after it.
    images, seconds = next(
        (int(n), float(s)) for n, s in re.findall(r"features of the base: (\d+) in ([\d.]+) s", log)
    )
    head = sum(epoch["seconds"] for epoch in json.loads((work / "transfer.json").read_text())["epochs"])
    training = json.loads((work / "finetune.json").read_text())["epochs"][0]["seconds"]
    scored, scoring = rate_in((work / "eval.log").read_text(), "Scoring")
    ours = {"transfer": 10 * images / (seconds + head), "finetune": images / training, "eval": scored / scoring}
    for name in WORK:
        theirs = peer[f"{name}_images_per_s"]
        print(f"{number} {name:9} ours {ours[name]:8.1f}  peer {theirs:6.1f}  ratio {ours[name] / theirs:6.2f}")


def median(work):
    rows = [line.split() for line in (work / "pairs.txt").read_text().splitlines()]
    for name in WORK:
        mine = [row for row in rows if row[1] == name]
        ours, theirs, ratio = (statistics.median(float(row[at]) for row in mine) for at in (3, 5, 7))
        print(f"median {name:9} ours {ours:8.1f}  peer {theirs:6.1f}  ratio {ratio:6.2f}  of {len(mine)} pairs")


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    median(folder) if sys.argv[2] == "median" else pair(folder, sys.argv[2])
