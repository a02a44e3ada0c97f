#!/usr/bin/python3
"""A library of full-length songs: how long `mer predict` takes for it, and how often it is right.

    tests/benchmarks/library_speed.py --mer build/bin/mer --clips DIR --runs RUNS --work FOLDER [--songs 200] > rows.csv

Nobody here has full-length songs with labels, so they are made: of the test songs of each fold of `mer train` with
data.split.folds (RUNS/descriptors-cv and RUNS/embeddings-cv, same folds), eight clips of one class are joined to a song
of four minutes, an MP3 (ffmpeg copies its frames; clips of one rate and number of channels go together). A fold's models
have heard none of its songs. Eight clips of eight songs differ more than eight parts of one song, so a mean over them is
right more often than it would be: what counts is the difference between the rows. Every job is run fold by fold, the jobs
by turns; times are the processor's, of the whole process.
"""

import argparse
import csv
import json
import random
import resource
import subprocess
import sys
from pathlib import Path

CLIPS_A_SONG = 8
JOBS = {  # name -> systems, further words
    "default": (("descriptors", "embeddings"), []),
    "default, first 2 minutes": (("descriptors", "embeddings"), ["--max-seconds", "120"]),
    "default, first minute": (("descriptors", "embeddings"), ["--max-seconds", "60"]),
    "fast": (("descriptors",), []),
    "fast, first minute": (("descriptors",), ["--max-seconds", "60"]),
}


def kind_of(file):
    """What clips must share to be joined."""
    words = "-v error -select_streams a:0 -show_entries stream=sample_rate,channels -of csv=p=0".split()
    return subprocess.run(["ffprobe", *words, file], capture_output=True, text=True, check=True).stdout.strip()


def join(clips, song):
    listed = song.with_suffix(".txt")
    listed.write_text("".join(f"file '{clip}'\n" for clip in clips), encoding="utf-8")
    subprocess.run(["ffmpeg", *"-v error -y -f concat -safe 0 -i".split(), listed, "-c", "copy", song], check=True)


def make_songs(runs, clips, folder, count):
    """{fold: {song file: class}}"""
    folds = sorted((runs / "descriptors-cv").glob("fold-*"))
    songs = {}
    for fold in folds:
        pools = {}
        with open(fold / "split.csv", newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                clip = clips / Path(row["path"]).parent.name / Path(row["path"]).name
                if row["split"] == "test":
                    pools.setdefault((row["label"], kind_of(clip)), []).append(clip)
        pools = {key: pool for key, pool in pools.items() if len(pool) >= CLIPS_A_SONG}
        labels = sorted({label for label, kind in pools})
        draw = random.Random(fold.name)
        of_fold = songs[fold.name] = {}
        for number in range(count // len(folds)):
            label = labels[number % len(labels)]
            keys = sorted(key for key in pools if key[0] == label)
            key = draw.choices(keys, [len(pools[key]) for key in keys])[0]
            song = folder / f"{fold.name}-{number}.mp3"
            join(draw.sample(pools[key], CLIPS_A_SONG), song)
            of_fold[song] = label
    return songs


def predict(mer, models, words, songs):
    """Seconds of the processor, and how many songs are right."""
    command = [mer, "predict", *[word for model in models for word in ("-m", model)], *words, "--format", "json", "-q", *songs]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    results = json.loads(answer.stdout)["results"]
    return seconds, sum(result["emotion"] == label for result, label in zip(results, songs.values(), strict=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("mer", "clips", "runs", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--songs", type=int, default=200)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    songs = make_songs(args.runs, args.clips.resolve(), args.work, args.songs)
    count = sum(map(len, songs.values()))
    seconds = dict.fromkeys(JOBS, 0.0)
    right = dict.fromkeys(JOBS, 0)
    for fold, of_fold in songs.items():
        for job, (systems, words) in JOBS.items():
            models = [args.runs / f"{system}-cv" / fold for system in systems]
            of_job = predict(args.mer, models, words, of_fold)
            seconds[job] += of_job[0]
            right[job] += of_job[1]
            print(fold, job, *of_job, file=sys.stderr, flush=True)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["job", "songs", "cpu_s_a_song", "of_default", "accuracy"])
    for job in JOBS:
        part = seconds[job] / seconds["default"]
        writer.writerow([job, count, f"{seconds[job] / count:.3f}", f"{part:.3f}", f"{right[job] / count:.3f}"])


if __name__ == "__main__":
    main()
