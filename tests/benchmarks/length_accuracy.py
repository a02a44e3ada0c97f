#!/usr/bin/python3
"""Accuracy and calibration of cross-validated runs on whole songs and on parts of them.

    tests/benchmarks/length_accuracy.py --mer build/bin/mer --manifest songs.csv --work FOLDER RUN[,RUN…]…

Cuts a part of each song at a random place (ffmpeg; WAV at the song's own rate) and lets each fold of RUN answer for its own
test songs, whole and cut; RUN,RUN are answered together. Writes rows of docs/results/data/length.csv.
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("mer", "manifest", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("runs", nargs="+")
    args = parser.parse_args()
    songs = {row["id"]: (args.manifest.parent / row["path"]).resolve() for row in read(args.manifest)}
    for length_s in LENGTHS_S:
        (args.work / str(length_s)).mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(2) as workers:
        list(workers.map(lambda item: cut(item[1], item[0], args.work), songs.items()))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["runs", "whole", *(f"cut_{n}" for n in LENGTHS_S), "ece_whole", *(f"ece_{n}" for n in LENGTHS_S)])
    for spec in args.runs:
        runs = [Path(name) for name in spec.split(",")]
        answers = {length: [] for length in ("whole", *LENGTHS_S)}
        for fold in sorted(folder.name for folder in runs[0].glob("fold-*")):
            models = [word for run in runs for word in ("-m", run / fold)]
            test = [row for row in read(runs[0] / fold / "split.csv") if row["split"] == "test"]
            for length, told in answers.items():
                files = [songs[row["id"]] if length == "whole" else args.work / str(length) / f"{row['id']}.wav" for row in test]
                answer = subprocess.run([args.mer, "predict", "-", *models, "--format", "csv", "-q"], text=True,
                                        input="\n".join(map(str, files)), capture_output=True, check=True)  # fmt: skip
                for row, song in zip(csv.DictReader(answer.stdout.splitlines()), test, strict=True):
                    told.append((float(row["confidence"]), row["emotion"] == song["label"]))
        accuracies = [sum(right for c, right in told) / len(told) for told in answers.values()]
        errors = [calibration_error(told) for told in answers.values()]
        writer.writerow([spec, *(f"{value:.3f}" for value in accuracies + errors)])
        sys.stdout.flush()


if __name__ == "__main__":
    main()
