#!/usr/bin/env python3
"""Times `mer features` beside praat and aubio (those of them that are installed) on one WAV.

    python3 tests/benchmarks/peers.py build/bin/mer [song.wav] [--turns 5]

Whole processes, CPU time of each (user and system), medians of turns in which every program runs
once. Without a song: 180 s of notes with eight partials, 44.1 kHz, mono, 16 bit. Every peer makes
a part of what mer makes, so a ratio says how many times as long the peer takes for that part:

    mer      log-mel, MFCC, residual phase, F0, formants with bandwidths, contrast, chroma
    praat    pitch (autocorrelation), formants (Burg), MFCC, a value every 23 ms
    aubio    pitch (yinfft), MFCC, mel bands: three processes added up, window 2048, hop 1024
    librosa  log-mel, MFCC, contrast, chroma from one STFT, YIN: with --python, an interpreter that
             has it; in the process, after a first turn that warms it up, so without its start
"""

import argparse
import array
import math
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import wave

RATE = 44100
HOP = 1024

PRAAT = """
form Song
    sentence File
endform
Read from file: file$
sound = selected ("Sound")
noprogress To Pitch: 0.02322, 55, 2000
selectObject: sound
noprogress To Formant (burg): 0.02322, 5, 5500, 0.025, 50
selectObject: sound
noprogress To MFCC: 20, 0.0464, 0.02322, 100, 100, 0
"""


LIBROSA = """
import sys, time, numpy as np, librosa
y, rate = librosa.load(sys.argv[1], sr=None)
for turn in range(2):
    start = time.process_time()
    magnitude = np.abs(librosa.stft(y, n_fft=2048, hop_length=1024))
    mel = librosa.power_to_db(librosa.feature.melspectrogram(S=magnitude**2, sr=rate, n_mels=128))
    librosa.feature.mfcc(S=mel, n_mfcc=20)
    librosa.feature.spectral_contrast(S=magnitude, sr=rate)
    librosa.feature.chroma_stft(S=magnitude**2, sr=rate, tuning=0)
    librosa.yin(y, fmin=55, fmax=2000, sr=rate, frame_length=2048, hop_length=1024)
print(time.process_time() - start)
"""


def librosa_seconds(python, song):
    """CPU seconds of the second turn; one thread, as mer's."""
    return float(subprocess.run([python, "-c", LIBROSA, song], check=True, stdout=subprocess.PIPE, text=True,
                                env={**os.environ, "OMP_NUM_THREADS": "1"}).stdout)  # fmt: skip


def write_music(path, seconds=180):
    """One second after the other a note, so that one second's samples need computing per note."""
    notes = []
    for step in range(12):
        hz = 110.0 * 2.0 ** (step * 5 % 12 / 12.0)
        samples = array.array("h")
        for n in range(RATE):
            t = n / RATE
            value = sum(math.sin(2.0 * math.pi * hz * k * t) / k for k in range(1, 9))
            samples.append(int(6000.0 * math.exp(-2.0 * t) * value))
        notes.append(samples.tobytes())
    with wave.open(path, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        for second in range(seconds):
            out.writeframes(notes[second % len(notes)])


def cpu_seconds(command, folder):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def programs(mer, song, script):
    """Name, what it makes, the commands to add up; only of programs that are here."""
    here = [("mer", "the complete set", [[mer, "features", song, "-o", "song.safetensors", "-q"]])]
    if shutil.which("praat"):
        here.append(("praat", "pitch, formants, MFCC", [["praat", "--run", script, song]]))
    if shutil.which("aubio"):
        frames = ["-B", "2048", "-H", str(HOP)]
        here.append(("aubio", "pitch, MFCC, mel bands",
                     [["aubio", "pitch", "-m", "yinfft", *frames, song],
                      ["aubio", "mfcc", *frames, song], ["aubio", "melbands", *frames, song]]))
    return here


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mer")
    parser.add_argument("song", nargs="?")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--python", help="an interpreter that has librosa")
    args = parser.parse_args()
    mer = os.path.abspath(args.mer)
    with tempfile.TemporaryDirectory() as folder:
        song = os.path.abspath(args.song) if args.song else os.path.join(folder, "music.wav")
        if not args.song:
            write_music(song)
        with wave.open(song, "rb") as file:
            seconds = file.getnframes() / file.getframerate()
        script = os.path.join(folder, "song.praat")
        with open(script, "w", encoding="utf-8") as file:
            file.write(PRAAT)
        rows = programs(mer, song, script)
        times = {name: [] for name, _, _ in rows}
        for _ in range(args.turns):
            for name, _, commands in rows:
                times[name].append(sum(cpu_seconds(command, folder) for command in commands))
            if args.python:
                times.setdefault("librosa", []).append(librosa_seconds(args.python, song))
        if args.python:
            rows.append(("librosa", "log-mel, MFCC, contrast, chroma, YIN", []))
    own = statistics.median(times["mer"])
    print(f"{seconds:.0f} s of audio, CPU time of whole processes, medians of {args.turns} turns\n")
    print("| program | what | seconds | × real time | time / mer's |\n|---|---|---|---|---|")
    for name, what, _ in rows:
        median = statistics.median(times[name])
        print(f"| {name} | {what} | {median:.2f} | {seconds / median:.0f} | {median / own:.1f} |")
    if len(rows) == 1:
        print("no peer is installed: apt-get install praat aubio-tools", file=sys.stderr)


if __name__ == "__main__":
    main()
