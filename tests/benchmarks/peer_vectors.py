#!/usr/bin/env python3
"""What other tools say of songs, as vectors for `embed.files`, so that mer trains the same SVM on the same folds.

    pip install vibenet==0.1.0 opensmile==2.6.0 librosa==0.11.0
    tests/benchmarks/peer_vectors.py PEER songs.csv FOLDER        # PEER: vibenet, egemaps or librosa

A .npy a song, named as the song's file. The first 30 s count, decoded by librosa (mono).

vibenet   its seven numbers (EfficientNet student of a Transformer)
egemaps   openSMILE's functionals eGeMAPSv02, 88 numbers
librosa   mean and deviation of 20 MFCC and their deltas, chroma, octave contrast, tonnetz, centroid, bandwidth, rolloff,
          flatness, zero crossings, RMS, and the tempo
"""

import csv
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import librosa
import numpy as np

SECONDS = 30


def vibenet(file, _cache=[]):  # noqa: B006  one model a process
    if not _cache:
        from vibenet import load_model

        _cache.append(load_model())
    samples, rate_hz = librosa.load(file, sr=16000, duration=SECONDS)
    return list(_cache[0].predict(samples, rate_hz)[0].to_dict().values())


def egemaps(file, _cache=[]):  # noqa: B006
    import opensmile

    if not _cache:
        _cache.append(opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals))
    samples, rate_hz = librosa.load(file, sr=None, duration=SECONDS)
    return _cache[0].process_signal(samples, rate_hz).to_numpy()[0]


def statistics(file):
    samples, rate_hz = librosa.load(file, sr=22050, duration=SECONDS)
    magnitude = np.abs(librosa.stft(samples))
    mfcc = librosa.feature.mfcc(y=samples, sr=rate_hz, n_mfcc=20)
    chroma = librosa.feature.chroma_stft(S=magnitude**2, sr=rate_hz)
    frames = [
        mfcc,
        librosa.feature.delta(mfcc),
        chroma,
        librosa.feature.spectral_contrast(S=magnitude, sr=rate_hz),
        librosa.feature.tonnetz(chroma=chroma, sr=rate_hz),
        librosa.feature.spectral_centroid(S=magnitude, sr=rate_hz),
        librosa.feature.spectral_bandwidth(S=magnitude, sr=rate_hz),
        librosa.feature.spectral_rolloff(S=magnitude, sr=rate_hz),
        librosa.feature.spectral_flatness(S=magnitude),
        librosa.feature.zero_crossing_rate(samples),
        librosa.feature.rms(S=magnitude),
    ]
    tempo = np.atleast_1d(librosa.feature.tempo(y=samples, sr=rate_hz))[:1]
    return np.concatenate([*(block.mean(1) for block in frames), *(block.std(1) for block in frames), tempo])


PEERS = {"vibenet": vibenet, "egemaps": egemaps, "librosa": statistics}


def make(job):
    peer, song, target = job
    if not target.exists():
        np.save(target, np.nan_to_num(np.asarray(PEERS[peer](song), dtype=np.float32)))


def main():
    peer, manifest, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    with open(manifest, newline="", encoding="utf-8") as rows:
        songs = [manifest.parent / row["path"] for row in csv.DictReader(rows)]
    with ProcessPoolExecutor(2) as workers:
        list(workers.map(make, [(peer, song, folder / f"{song.stem}.npy") for song in songs]))


if __name__ == "__main__":
    main()
