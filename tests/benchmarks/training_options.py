#!/usr/bin/python3
"""What each option of training is worth on validation songs: the shipped config with one switched.

    tests/benchmarks/training_options.py --manifest songs.csv --store mer-store [--seeds 0 1] \
        [--runs FOLDER]

Trains the config as it is and once for each option that follows, in cross-validation folds whose
validation songs (15 % of each fold's training groups) are scored after the last iteration; test
songs are not looked at. Prints, over all folds and seeds, the mean scores and the mean difference
to the config as it is, with its standard error. Runs that the folder has already are not repeated.
"""

import argparse
import csv
import json
import math
import pathlib
import statistics
import subprocess

VARIANTS = {
    "as it is": [],
    "no mixup": ["train.mixup_alpha=0"],
    "no masks (SpecAugment)": ["train.frequency_masks=0", "train.time_masks=0"],
    "no random crops": ["train.random_crops=false"],
    "no label smoothing": ["loss.label_smoothing=0"],
    "no cosine": ["train.schedule=constant"],
    "no warm-up": ["train.warmup_fraction=0"],
    "two parts a batch": ["train.gradient_accumulation_steps=2"],
}
SCORES = ("val_accuracy", "val_macro_f1", "val_loss")


def is_finished(run):
    status = run / "run.json"
    return status.exists() and json.loads(status.read_text())["status"] == "finished"


def train(args, variant, seed):
    """The run folder's folds."""
    run = pathlib.Path(args.runs) / f"{variant.replace(' ', '-')}-{seed}"
    folds = [run / f"fold-{number + 1}" for number in range(args.folds)]
    if not all(is_finished(fold) for fold in folds):
        settings = [f"data.manifest={args.manifest}", f"data.store={args.store}",
                    f"data.split.folds={args.folds}", "data.split.validation_fraction=0.15",
                    f"data.split.seed={seed}", f"seed={seed}"]  # fmt: skip
        command = [args.mer, "train", "-q", "-c", args.config, "--runs", args.runs, "--name", run.name]
        for setting in settings + args.set + VARIANTS[variant]:
            command += ["--set", setting]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folds


def last_scores(fold):
    with open(fold / "metrics.csv", newline="") as file:
        last = list(csv.DictReader(file))[-1]
    return {score: float(last[score]) for score in SCORES}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--mer", default="build/bin/mer")
    parser.add_argument("--config", default="configs/4qaed.yaml")
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--store", required=True)
    parser.add_argument("--runs", default="runs-options", help="folder of the runs")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--set", action="append", default=[], help="further settings of mer's")
    parser.add_argument("--only", nargs="+", choices=VARIANTS, help="besides the config as it is")
    args = parser.parse_args()

    variants = [name for name in VARIANTS if not args.only or name in args.only or not VARIANTS[name]]
    scores = {variant: [] for variant in variants}
    for seed in args.seeds:
        for variant in variants:
            scores[variant] += [last_scores(fold) for fold in train(args, variant, seed)]
    print(f"{'':24}" + "".join(f"{score:>32}" for score in SCORES))
    for variant in variants:
        cells = ""
        for score in SCORES:
            values = [fold[score] for fold in scores[variant]]
            change = [mine - first[score] for mine, first in zip(values, scores["as it is"])]
            error = statistics.stdev(change) / math.sqrt(len(change))
            cells += f"{statistics.mean(values):14.3f} ({statistics.mean(change):+.3f} ± {error:.3f})"
        print(f"{variant:24}{cells}")


if __name__ == "__main__":
    main()
