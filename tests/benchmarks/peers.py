#!/usr/bin/env python3
"""Times `mer features` beside praat and aubio (those of them that are installed) on one WAV.

    python3 tests/benchmarks/peers.py build/bin/mer [song.wav] [--turns 5]

Whole processes, CPU time of each (user and system), medians of turns in which every program runs
once. Without a song: 180 s of notes with eight partials, 44.1 kHz, mono, 16 bit. Every peer makes
a part of what mer makes, so a ratio says how many times as long the peer takes for that part:

    mer      log-mel, MFCC, residual phase, F0, formants with bandwidths, contrast, chroma
    praat    pitch (autocorrelation), formants (Burg), MFCC, a value every 23 ms
    aubio    pitch (yinfft), MFCC, mel bands: three processes added up, window 2048, hop 1024

With --python, also the Python package beside librosa and openSMILE in one process of that
interpreter, by turns, on samples in memory, after a first turn that warms them up:

    librosa    log-mel, MFCC, contrast, chroma from one STFT, YIN
    openSMILE  the low-level descriptors of eGeMAPSv02 and of ComParE_2016, each every 10 ms
"""

import argparse
import array
import json
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


# Every library that the interpreter has, once a turn, on the same samples; the first turn warms them up.
IN_PROCESS = """
import json, sys, time, wave
import numpy as np
with wave.open(sys.argv[1]) as file:
    rate = file.getframerate()
    y = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768
calls = {}
try:
    import mer
    calls["mer"] = lambda: mer.features(y, rate)
except ImportError:
    pass
try:
    import librosa
    def with_librosa():
        magnitude = np.abs(librosa.stft(y, n_fft=2048, hop_length=1024))
        mel = librosa.power_to_db(librosa.feature.melspectrogram(S=magnitude**2, sr=rate, n_mels=128))
        librosa.feature.mfcc(S=mel, n_mfcc=20)
        librosa.feature.spectral_contrast(S=magnitude, sr=rate)
        librosa.feature.chroma_stft(S=magnitude**2, sr=rate, tuning=0)
        librosa.yin(y, fmin=55, fmax=2000, sr=rate, frame_length=2048, hop_length=1024)
    calls["librosa"] = with_librosa
except ImportError:
    pass
try:
    import opensmile
    for name in ("eGeMAPSv02", "ComParE_2016"):
        smile = opensmile.Smile(opensmile.FeatureSet[name], opensmile.FeatureLevel.LowLevelDescriptors)
        calls["openSMILE, " + name] = lambda smile=smile: smile.process_signal(y, rate)
except ImportError:
    pass
times = {name: [] for name in calls}
for turn in range(int(sys.argv[2]) + 1):
    for name, call in calls.items():
        start = time.process_time()
        call()
        times[name].append(time.process_time() - start)
print(json.dumps({name: seconds[1:] for name, seconds in times.items()}))
"""

WHAT_IN_PROCESS = {
    "mer": "log-mel, MFCC, residual phase, F0, formants, contrast, chroma; 43 frames a second",
    "librosa": "log-mel, MFCC, contrast, chroma of one STFT, YIN; 43 frames a second",
    "openSMILE, eGeMAPSv02": "25 low-level descriptors; 100 frames a second",
    "openSMILE, ComParE_2016": "65 low-level descriptors; 100 frames a second",
}


def in_process_times(python, song, turns):
    """CPU seconds of each turn; one thread, as mer's."""
    words = [python, "-W", "ignore", "-c", IN_PROCESS, song, str(turns)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout)


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


def print_table(what, times, audio_s):
    own = statistics.median(times["mer"])
    print("| program | what | seconds | × real time | time / mer's |\n|---|---|---|---|---|")
    for name, turns in times.items():
        median = statistics.median(turns)
        print(f"| {name} | {what[name]} | {median:.2f} | {audio_s / median:.0f} | {median / own:.1f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mer")
    parser.add_argument("song", nargs="?")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--python", help="an interpreter that has the package mer, and librosa, opensmile or both")
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
        in_process = in_process_times(args.python, song, args.turns) if args.python else {}
    print(f"{seconds:.0f} s of audio, CPU time of whole processes, medians of {args.turns} turns\n")
    print_table({name: what for name, what, _ in rows}, times, seconds)
    if "mer" in in_process:
        print("\nIn one Python process, the samples in memory\n")
        print_table(WHAT_IN_PROCESS, in_process, seconds)
    elif args.python:
        print(f"{args.python} does not have the package mer: PYTHONPATH=build/python", file=sys.stderr)
    if len(rows) == 1:
        print("no peer is installed: apt-get install praat aubio-tools", file=sys.stderr)


if __name__ == "__main__":
    main()
