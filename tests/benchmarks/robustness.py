#!/usr/bin/python3
"""How much an answer depends on how a song is stored: codec, level, channels, rate, a small cut.

    tests/benchmarks/robustness.py --mer build/bin/mer --songs songs.csv [--count 50] [-m MODEL]…
    tests/benchmarks/robustness.py --mer build/bin/mer --split runs/mine/fold-1/split.csv -m runs/mine/fold-1

Takes songs evenly spaced over a manifest, or over the test songs of a run's split.csv, which its model
has not seen; decodes each to a 44.1 kHz stereo WAV and makes copies of that with ffmpeg. Prints for each
kind of copy how many songs get another class than from the WAV, and how far the probabilities move (the
largest of a song's classes: median and 95th percentile over songs). Needs ffmpeg.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

# What is done to the WAV: ffmpeg's arguments and the copy's ending.
COPIES = {
    "FLAC": ([], "flac"),
    "MP3, 320 kbit/s": (["-b:a", "320k"], "mp3"),
    "MP3, 128 kbit/s": (["-b:a", "128k"], "mp3"),
    "MP3, 64 kbit/s": (["-b:a", "64k"], "mp3"),
    "Ogg Vorbis, quality 3": (["-c:a", "libvorbis", "-q:a", "3"], "ogg"),
    "12 dB softer": (["-af", "volume=-12dB", "-c:a", "pcm_s24le"], "wav"),
    "30 dB softer": (["-af", "volume=-30dB", "-c:a", "pcm_s24le"], "wav"),
    "mono": (["-ac", "1"], "wav"),
    "22.05 kHz": (["-ar", "22050"], "wav"),
    "48 kHz": (["-ar", "48000"], "wav"),
    "first 0.1 s cut off": (["-ss", "0.1"], "wav"),
}


def convert(source, target, arguments):
    command = ["ffmpeg", "-v", "error", "-y", "-i", source, "-map", "0:a:0", "-map_metadata", "-1"]
    subprocess.run([str(word) for word in [*command, *arguments, target]], check=True)


def read_songs(args):
    if args.split:
        rows = [row for row in csv.DictReader(open(args.split)) if row["split"] == "test"]
        root = args.root or pathlib.Path()
    else:
        rows = list(csv.DictReader(open(args.songs)))
        root = args.root or pathlib.Path(args.songs).parent
    count = min(args.count, len(rows))
    return [root / rows[i * len(rows) // count]["path"] for i in range(count)]


def predict(args, files):
    models = [word for model in args.model for word in ("-m", model)]
    listing = "\n".join(str(file) for file in files)
    done = subprocess.run([args.mer, "predict", "-", "-q", "--format", "json", "-j", "2", *models],
                          input=listing, capture_output=True, text=True)  # fmt: skip
    if done.returncode != 0:
        sys.exit(done.stderr)
    return [result["probabilities"] for result in json.loads(done.stdout)["results"]]


def quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mer", default="build/bin/mer")
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--songs", help="a manifest")
    given.add_argument("--split", help="a run's split.csv, whose test songs count")
    parser.add_argument("--root", type=pathlib.Path, help="folder of relative paths")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("-m", "--model", action="append", default=[])
    args = parser.parse_args()

    songs = read_songs(args)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        waves = [folder / f"{number}.wav" for number in range(len(songs))]
        for song, wave in zip(songs, waves):
            convert(song, wave, ["-ar", "44100", "-ac", "2"])
        expected = predict(args, waves)
        print(f"{len(songs)} songs")
        print("| copy | other class | largest change of a probability: median | 95th percentile |")
        print("|---|---|---|---|")
        for name, (arguments, ending) in COPIES.items():
            copies = [folder / f"{number}-copy.{ending}" for number in range(len(songs))]
            for wave, copy in zip(waves, copies):
                convert(wave, copy, arguments)
            found = predict(args, copies)
            changed = 0
            moves = []
            for before, after in zip(expected, found):
                changed += max(before, key=before.get) != max(after, key=after.get)
                moves.append(max(abs(before[c] - after[c]) for c in before))
            print(f"| {name} | {changed} ({100 * changed / len(songs):.0f} %) | "
                  f"{quantile(moves, 0.5):.3f} | {quantile(moves, 0.95):.3f} |", flush=True)  # fmt: skip
            for copy in copies:
                copy.unlink()


if __name__ == "__main__":
    main()
