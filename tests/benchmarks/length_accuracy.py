#!/usr/bin/python3
"""Accuracy and calibration of cross-validated runs on whole songs and on parts of them.

    tests/benchmarks/length_accuracy.py --mer build/bin/mer --manifest songs.csv --work FOLDER NAME=RUN,RUN[:RUN,RUN]…

Cuts a part of each song at a random place (ffmpeg; WAV at the song's own rate) and lets each fold answer for its own test songs,
whole and cut. RUN,RUN answer together; what ':' divides are further splits, over which songs are averaged. Intervals: 95 %, from
resampling the manifest's groups. Writes rows of docs/results/data/length.csv.
"""

import argparse
import csv
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

LENGTHS_S = (10, 6)
BINS = 15
RESAMPLES = 1000


def read(file):
    with open(file, newline="", encoding="utf-8") as rows:
        return list(csv.DictReader(rows))


def cut(song, song_id, folder):
    probe = "ffprobe -v error -show_entries format=duration -of csv=p=0".split()
    duration_s = float(subprocess.run([*probe, song], capture_output=True, text=True, check=True).stdout)
    for length_s in LENGTHS_S:
        part = folder / str(length_s) / f"{song_id}.wav"
        start_s = random.Random(f"{song_id} {length_s}").uniform(0, max(0, duration_s - length_s - 0.1))
        words = f"-v error -y -ss {start_s} -t {length_s}".split()
        if not part.exists():
            subprocess.run(["ffmpeg", "-i", song, *words, part], check=True)


def calibration_error(answers):
    """Of (confidence, right) pairs."""
    error = 0.0
    for number in range(BINS):
        members = [one for one in answers if number / BINS < one[0] <= (number + 1) / BINS]
        error += abs(sum(c for c, right in members) - sum(right for c, right in members)) / len(answers)
    return error


def intervals(values, groups):
    """Mean of a number a song, with its interval."""
    of_group = {}
    for song, value in values.items():
        of_group.setdefault(groups[song], []).append(value)
    sums = [(sum(members), len(members)) for members in of_group.values()]
    rng = random.Random(1)
    means = []
    for _ in range(RESAMPLES):
        drawn = rng.choices(sums, k=len(sums))
        means.append(sum(total for total, _ in drawn) / sum(count for _, count in drawn))
    means.sort()
    low, high = means[RESAMPLES * 25 // 1000], means[RESAMPLES * 975 // 1000 - 1]
    return f"{sum(values.values()) / len(values):.3f} [{low:.3f}, {high:.3f}]"


def answers_of(args, songs, job):
    """{song: (confidence, right)} of a fold's test songs at one length."""
    models, length = job
    test = [row["id"] for row in read(models[0] / "split.csv") if row["split"] == "test"]
    name = "-".join([*models[0].parts[-2:], str(length)])
    manifest = args.work / f"{name}.csv"
    with open(manifest, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["path", "label", "group", "id"])
        for song in test:
            path = songs[song]["path"] if length == "whole" else (args.work / str(length) / f"{song}.wav").resolve()
            writer.writerow([path, songs[song]["label"], songs[song]["group"], song])
    words = ["--manifest", manifest, "--set", f"data.store={args.work / str(length)}-store", "-o", args.work / name, "-j", "1"]
    subprocess.run([args.mer, "eval", *models, *words], capture_output=True, check=True)
    return {row["id"]: (float(row["confidence"]), row["predicted"] == row["label"]) for row in read(args.work / name / "predictions.csv")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("mer", "manifest", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("runs", nargs="+")
    args = parser.parse_args()
    songs = {row["id"]: {**row, "path": (args.manifest.parent / row["path"]).resolve()} for row in read(args.manifest)}
    groups = {song: row["group"] for song, row in songs.items()}
    for length_s in LENGTHS_S:
        (args.work / str(length_s)).mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(2) as workers:
        list(workers.map(lambda item: cut(item[1]["path"], item[0], args.work), songs.items()))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    lengths = ("whole", *LENGTHS_S)
    lost = [f"less_at_{n}" for n in LENGTHS_S]
    writer.writerow(["runs", "splits", "whole", *(f"cut_{n}" for n in LENGTHS_S), *lost, "ece_whole", *(f"ece_{n}" for n in LENGTHS_S)])
    for spec in args.runs:
        label, _, splits = spec.partition("=")
        told = {length: [] for length in lengths}  # a split each
        for split in splits.split(":"):
            runs = [Path(name) for name in split.split(",")]
            folds = sorted(folder.name for folder in runs[0].glob("fold-*"))
            jobs = [([run / fold for run in runs], length) for fold in folds for length in lengths]
            with ThreadPoolExecutor(2) as workers:
                results = list(workers.map(lambda job: answers_of(args, songs, job), jobs))
            for length in lengths:
                told[length].append({song: one for job, fold in zip(jobs, results, strict=True) if job[1] == length for song, one in fold.items()})
        count = len(told["whole"])
        right = {n: {song: sum(split[song][1] for split in told[n]) / count for song in songs} for n in lengths}
        less = [{song: right[n][song] - right["whole"][song] for song in songs} for n in LENGTHS_S]
        errors = [sum(calibration_error(list(split.values())) for split in told[n]) / count for n in lengths]
        accuracies = [intervals(values, groups) for values in (*right.values(), *less)]
        writer.writerow([label, count, *accuracies, *(f"{value:.3f}" for value in errors)])
        sys.stdout.flush()


if __name__ == "__main__":
    main()
