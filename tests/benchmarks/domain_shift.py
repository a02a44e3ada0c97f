#!/usr/bin/python3
"""What `--adapt` does to libraries like the training songs, and to other corpora.

    tests/benchmarks/domain_shift.py --mer build/bin/mer --manifest songs.csv --work FOLDER --folds RUN[,RUN…]… \\
        --model MODEL… --corpus NAME=MANIFEST… --leave-one-out CONFIG…

--folds: cross-validations of one manifest, RUN,RUN answer together. Each fold answers for its own test songs as libraries: all
of them, those of one class, of two classes, ten at random, and those of one genre (a column `genre` of the manifest, genres
separated by ';'); without and with --adapt. --model answers for other corpora. Accuracies are over songs, those of libraries of a
kind put together. --leave-one-out trains a run of each config on all corpora but one (NAME (rendering) is a corpus NAME, trained in
its first rendering), which they answer together. Writes rows of docs/results/data/domain.csv.
"""

import argparse
import csv
import itertools
import json
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TEN = 10
TEN_LIBRARIES = 6  # a fold
FEWEST = 10  # songs, that --adapt wants


def read(file):
    with open(file, newline="", encoding="utf-8") as rows:
        return list(csv.DictReader(rows))


def libraries_of(fold_songs, rng):
    """(kind, songs) of a fold's test songs."""
    classes = sorted({song["label"] for song in fold_songs})
    yield "all", fold_songs
    for label in classes:
        yield "one class", [song for song in fold_songs if song["label"] == label]
    for pair in itertools.combinations(classes, 2):
        yield "two classes", [song for song in fold_songs if song["label"] in pair]
    for _ in range(TEN_LIBRARIES):
        yield "ten songs", rng.sample(fold_songs, TEN)
    for genre in sorted({name for song in fold_songs for name in song.get("genre", "").split(";") if name}):
        yield f"one genre: {genre}", [song for song in fold_songs if genre in song["genre"].split(";")]


def name_of(corpus):
    return corpus.split("=", 1)[0].split(" (")[0]


def train_without(args, left_out):
    """Runs of the configs that have learned all corpora but one."""
    manifest = args.work / f"without-{left_out}.csv"
    learned = {}
    for corpus in args.corpus:
        if name_of(corpus) != left_out:
            learned.setdefault(name_of(corpus), Path(corpus.split("=", 1)[1]))
    with open(manifest, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["path", "label", "group", "id"])
        for name, songs in learned.items():
            for song in read(songs):
                path = (songs.parent / song["path"]).resolve()
                writer.writerow([path, song["label"], f"{name} {song['group']}", f"{name} {song['id']}"])
    runs = []
    for config in args.leave_one_out:
        name = f"without-{left_out}-{Path(config).stem}"
        runs.append(Path("runs") / name)
        if runs[-1].exists():
            continue
        words = ["-c", config, "--name", name, "--set", f"data.manifest={manifest}", "--set", "data.split.ratios=[1, 0, 0]"]
        subprocess.run([args.mer, "train", *words, "--set", f"data.store={args.store}", "-q"], check=True)
    return runs


class Scorer:
    def __init__(self, args):
        self.args = args

    def right(self, models, manifest, adapt):
        words = [*models, "--manifest", manifest, "--format", "json", "-j", "1", "--keep-overlaps"]
        words += ["--set", f"data.store={self.args.store}"]
        told = subprocess.run([self.args.mer, "eval", *words, *(["--adapt"] if adapt else [])], text=True,
                              capture_output=True, check=False)  # fmt: skip
        if told.returncode:
            raise SystemExit(told.stderr)
        scores = json.loads(told.stdout)
        strength = told.stderr.partition("strength ")[2].split()
        return scores, float(strength[0]) if strength else 0.0

    def library(self, job):
        number, (kind, models, songs) = job
        manifest = self.args.work / f"library-{number}.csv"
        with open(manifest, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["path", "label", "group", "id"])
            writer.writerows([song["path"], song["label"], song["group"], song["id"]] for song in songs)
        scores = [self.right(models, manifest, adapt) for adapt in (False, True)]
        manifest.unlink()
        return kind, len(songs), [score["songs"]["accuracy"] for score, _ in scores], scores[1][1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("mer", "manifest", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--folds", nargs="*", default=[])
    parser.add_argument("--store", default="mer-store", help="data.store of all songs")
    parser.add_argument("--model", nargs="*", default=[])
    parser.add_argument("--corpus", nargs="*", default=[])
    parser.add_argument("--leave-one-out", nargs="*", default=[])
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    scorer = Scorer(args)
    songs = {row["id"]: {**row, "path": str((args.manifest.parent / row["path"]).resolve())} for row in read(args.manifest)}
    rng = random.Random(1)
    jobs = []
    for spec in args.folds:
        runs = [Path(name) for name in spec.split(",")]
        for fold in sorted(folder.name for folder in runs[0].glob("fold-*")):
            test = [songs[row["id"]] for row in read(runs[0] / fold / "split.csv") if row["split"] == "test"]
            jobs += [(kind, [run / fold for run in runs], some) for kind, some in libraries_of(test, rng) if len(some) >= FEWEST]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["model", "library", "libraries", "songs", "accuracy", "accuracy_adapted", "macro_f1", "macro_f1_adapted", "strength"])
    results = {}
    with ThreadPoolExecutor(2) as workers:
        for kind, count, accuracies, strength in workers.map(scorer.library, enumerate(jobs)):
            results.setdefault(kind, []).append((count, *accuracies, strength))
    for kind, rows in results.items():
        total = sum(row[0] for row in rows)
        accuracies = [sum(row[0] * row[i] for row in rows) / total for i in (1, 2)]
        strength = sum(row[3] for row in rows) / len(rows)
        writer.writerow(["folds", kind, len(rows), total, *(f"{value:.3f}" for value in accuracies), "", "", f"{strength:.2f}"])
    def tell(title, models, corpus):
        name, manifest = corpus.split("=", 1)
        (plain, _), (adapted, strength) = (scorer.right(models, manifest, adapt) for adapt in (False, True))
        texts = [f"{one['songs'][key]:.3f}" for key in ("accuracy", "macro_f1") for one in (plain, adapted)]
        writer.writerow([title, name, 1, plain["songs"]["count"], *texts, f"{strength:.2f}"])
        sys.stdout.flush()

    for model, corpus in itertools.product(args.model, args.corpus):
        tell(Path(model).stem, [model], corpus)
    if args.leave_one_out:
        for left_out in sorted({name_of(corpus) for corpus in args.corpus}):
            models = train_without(args, left_out)
            for corpus in args.corpus:
                if name_of(corpus) == left_out:
                    tell("trained on the other corpora", models, corpus)


if __name__ == "__main__":
    main()
