#!/usr/bin/python3
"""Peak memory and start-up time of training over the size of the corpus.

    tests/benchmarks/memory_over_corpus.py --mer build/bin/mer --config configs/4qaed.yaml \
        --manifest songs.csv --store mer-store [--songs 100 1000 10000]

Each corpus consists of the manifest's songs again and again under new names: symbolic links to the
same audio, hard links to the same features, so that every song has a file and a mapping of its
own. Prints, for a training run of some iterations with one validation at the end: the seconds up to
the first iteration, the largest resident memory, and of it the largest anonymous part (the rest is
mapped files, which the system may drop); sampled from /proc every 10 ms.
"""

import argparse
import csv
import os
import pathlib
import re
import subprocess
import tempfile
import time


def make_corpus(folder, songs, store, num_songs):
    """A manifest of num_songs rows and a store with a hard link for each."""
    audio = folder / "audio"
    audio.mkdir(parents=True)
    recipes = {}
    for recipe in pathlib.Path(store).iterdir():
        if recipe.is_dir():
            files = {}
            for file in recipe.glob("*.safetensors"):
                files[file.stem.rsplit("-", 1)[0]] = file
            recipes[recipe.name] = files
            (folder / "store" / recipe.name).mkdir(parents=True)
    with open(folder / "songs.csv", "w", newline="") as out:
        writer = csv.DictWriter(out, ["path", "label", "id"])
        writer.writeheader()
        for number in range(num_songs):
            song = songs[number % len(songs)]
            source = pathlib.Path(song["path"])
            name = f"{number:07d}{source.suffix}"
            (audio / name).symlink_to(source)
            writer.writerow({"path": f"audio/{name}", "label": song["label"], "id": f"{number:07d}"})
            for recipe, files in recipes.items():
                features = files.get(re.sub(r"[^A-Za-z0-9._-]", "_", song["id"])[:120])
                if features is not None:
                    content_hash = features.stem.rsplit("-", 1)[1]
                    os.link(features, folder / "store" / recipe / f"{number:07d}-{content_hash}.safetensors")


def watch(process, log):
    """Largest VmRSS and RssAnon in MB, and seconds until the log has its first line."""
    peaks = {"VmHWM": 0, "VmRSS": 0, "RssAnon": 0, "RssFile": 0}
    begin, start_s = time.perf_counter(), None
    while process.poll() is None:
        try:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            break
        for name in peaks:
            found = re.search(rf"^{name}:\s+(\d+) kB", status, re.M)
            if found:
                peaks[name] = max(peaks[name], int(found[1]) / 1e3)
        if start_s is None and log.exists() and log.stat().st_size > 0:
            start_s = time.perf_counter() - begin
        time.sleep(0.01)
    return peaks, start_s


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--mer", default="build/bin/mer")
    parser.add_argument("--config", default="configs/4qaed.yaml")
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--store", required=True, help="filled; links are made on its file system")
    parser.add_argument("--songs", type=int, nargs="+", default=[100, 1000, 10000])
    parser.add_argument("--iterations", type=int, default=200)
    parser.add_argument("--set", action="append", default=[], help="further settings of mer's")
    args = parser.parse_args()

    manifest = pathlib.Path(args.manifest).resolve()
    with open(manifest, newline="") as file:
        songs = list(csv.DictReader(file))
    by_label = {}
    for song in songs:
        song["path"] = str(manifest.parent / song["path"])
        song.setdefault("id", pathlib.Path(song["path"]).stem)
        by_label.setdefault(song["label"], []).append(song)
    # All classes in turn, so that the smallest corpus has each.
    songs = [song for group in zip(*by_label.values()) for song in group]

    print("songs    start s    peak MB    anonymous MB    mapped files MB")
    for num_songs in args.songs:
        with tempfile.TemporaryDirectory(dir=pathlib.Path(args.store).resolve().parent) as name:
            folder = pathlib.Path(name)
            make_corpus(folder, songs, args.store, num_songs)
            settings = [f"data.manifest={folder}/songs.csv", f"data.store={folder}/store",
                        "data.split.group_by=none", "train.epochs=0",
                        f"train.iterations={args.iterations}",
                        f"train.evaluate_every={args.iterations}"]  # fmt: skip
            command = [args.mer, "train", "-q", "-c", args.config, "--runs", str(folder), "--name", "run"]
            for setting in settings + args.set:
                command += ["--set", setting]
            process = subprocess.Popen(command)
            peaks, start_s = watch(process, folder / "run" / "log.txt")
            if process.wait() != 0:
                raise SystemExit(f"mer failed with {num_songs} songs")
            print(f"{num_songs:5d} {start_s:10.2f} {peaks['VmHWM']:10.0f} {peaks['RssAnon']:15.0f} "
                  f"{peaks['RssFile']:18.0f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
