#!/usr/bin/python3
"""How well `unlike_training` tells other sounds from songs like the training songs.

    tests/benchmarks/unlike_songs.py --mer build/bin/mer --manifest songs.csv --folds RUN,RUN --model MODEL --work FOLDER \\
        [--corpus NAME=MANIFEST]…

Makes a test set: speech, ambience and music of games out of Debian packages (apt-get download; 30 s each), and noise. MODEL says how
unlike they and the songs of the corpora are; each fold of a cross-validation how unlike its own test songs are. Writes rows of
docs/results/data/unlike.csv: AUROC (kind against held-out songs), the false alarms among held-out songs at the threshold that finds
95 % of a kind, and the share of a kind above 0.99.
"""

import argparse
import csv
import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np

RATE_HZ = 22050
SECONDS = 30
MOST = 100
PACKAGES = {  # kind: (packages, a part of the path, files put together)
    "speech": (["fillets-ng-data-cs", "fillets-ng-data-nl"], "/sound/", 25),
    "game music": (["ufoai-music", "wesnoth-1.16-music", "warzone2100-music", "hyperrogue-music", "widelands-data", "nexuiz-music"], "", 1),
    "ambience": (["redeclipse-data", "btanks-data"], "ambien", 6),
}


def cut(files, target):
    listing = target.with_suffix(".txt")
    paths = [str(file.resolve()).replace("'", "'\\''") for file in files]
    listing.write_text("".join(f"file '{path}'\n" for path in paths))
    words = ["ffmpeg", "-v", "error", "-y", "-f", "concat", "-safe", "0", "-i", listing, "-t", SECONDS, "-ac", 1, "-ar", RATE_HZ, target]
    if subprocess.run(list(map(str, words)), check=False).returncode:  # nothing that ffmpeg can read
        target.unlink(missing_ok=True)
        return
    probe = "ffprobe -v error -show_entries format=duration -of csv=p=0".split()
    length_s = float(subprocess.run([*probe, target], capture_output=True, text=True, check=True).stdout)
    if length_s < SECONDS - 1:
        target.unlink()


def fetch(kind, work):
    packages, part, together = PACKAGES[kind]
    root = work / "packages"
    root.mkdir(exist_ok=True)
    for package in packages:
        folder = root / package
        if folder.exists():
            continue
        subprocess.run(["apt-get", "download", "-q", package], cwd=root, check=True, capture_output=True)
        archive = next(root.glob(f"{package}_*.deb"))
        subprocess.run(["dpkg-deb", "-x", archive, folder], check=True)
        archive.unlink()
    audio = (".ogg", ".opus", ".mp3")
    found = [file for package in packages for file in sorted((root / package).rglob("*")) if file.suffix in audio and part in str(file).lower()]
    by_folder = {}
    for file in found:
        by_folder.setdefault(file.parent, []).append(file)
    groups = [files[i : i + together] for files in by_folder.values() for i in range(0, len(files) - together + 1, together)]
    random.Random(1).shuffle(groups)
    return groups


def make_songs(work):
    """{kind: files}"""
    songs = {}
    for kind in PACKAGES:
        folder = work / kind
        if not folder.exists():
            folder.mkdir()
            for number, files in enumerate(fetch(kind, work)[: 3 * MOST]):
                if len(list(folder.glob("*.flac"))) == MOST:
                    break
                cut(files, folder / f"{number:03}.flac")
        songs[kind] = sorted(folder.glob("*.flac"))
    folder = work / "noise"
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(1)
    for number in range(40):  # of slopes from white to red, half of them swelling
        count = RATE_HZ * SECONDS
        spectrum = np.fft.rfft(rng.standard_normal(count))
        noise = np.fft.irfft(spectrum * np.arange(1, len(spectrum) + 1.0) ** -rng.uniform(0, 1.2), count)
        if number % 2:
            noise *= 1 + 0.8 * np.sin(2 * np.pi * rng.uniform(0.05, 4) * np.arange(count) / RATE_HZ)
        target = folder / f"{number:03}.flac"
        if not target.exists():
            samples = (noise / np.abs(noise).max() * 0.5).astype("<f4").tobytes()
            words = f"ffmpeg -v error -f f32le -ar {RATE_HZ} -ac 1 -i - {target}".split()
            subprocess.run(words, input=samples, check=True)
    songs["noise"] = sorted(folder.glob("*.flac"))
    return songs


def unlike(mer, models, files):
    words = [mer, "predict", "-", *(word for model in models for word in ("-m", model)), "--no-adapt", "--format", "json", "-q"]
    told = subprocess.run(words, input="\n".join(str(file.resolve()) for file in files), text=True, capture_output=True, check=False)
    results = json.loads(told.stdout)["results"]
    return [result["unlike_training"] for result in results if result.get("unlike_training") is not None]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("mer", "manifest", "work"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--folds", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--corpus", nargs="*", default=[])
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    with open(args.manifest, newline="", encoding="utf-8") as rows:
        songs = {row["id"]: args.manifest.parent / row["path"] for row in csv.DictReader(rows)}
    runs = [Path(name) for name in args.folds.split(",")]
    kinds = make_songs(args.work)
    held_out = []
    for fold in sorted(folder.name for folder in runs[0].glob("fold-*")):
        with open(runs[0] / fold / "split.csv", newline="", encoding="utf-8") as rows:
            test = [songs[row["id"]] for row in csv.DictReader(rows) if row["split"] == "test"]
        held_out += unlike(args.mer, [run / fold for run in runs], test)
    for corpus in args.corpus:
        name, manifest = corpus.split("=", 1)
        with open(manifest, newline="", encoding="utf-8") as rows:
            files = [Path(manifest).parent / row["path"] for row in csv.DictReader(rows)]
        kinds[name] = files[:: max(1, len(files) // MOST)]
    held_out = np.array(held_out)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["kind", "sounds", "auroc", "false_alarms_at_95", "noted"])
    writer.writerow(["held-out songs", len(held_out), "", "", f"{(held_out > 0.99).mean():.3f}"])
    for kind, files in kinds.items():
        values = np.array(unlike(args.mer, [args.model], files))
        above = (values[:, None] > held_out[None]).mean() + 0.5 * (values[:, None] == held_out[None]).mean()
        threshold = np.quantile(values, 0.05)
        writer.writerow([kind, len(values), f"{above:.3f}", f"{(held_out >= threshold).mean():.3f}", f"{(values > 0.99).mean():.3f}"])


if __name__ == "__main__":
    main()
