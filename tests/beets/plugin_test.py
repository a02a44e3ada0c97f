#!/usr/bin/python3
"""The plugin in contrib/beets with Debian's beets. Exit code 77: there is no beets here."""

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]


def write_wav(file):
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16000))


def answer(path, emotion, confidence, valence, arousal):
    rest = (1 - confidence) / 3
    line = {"path": os.fsdecode(path).encode("utf-8", "replace").decode(), "status": "ok", "emotion": emotion,
            "confidence": confidence, "valence": valence, "arousal": arousal, "labels": ["rock", "sad"],
            "probabilities": {name: confidence if name == emotion else rest for name in ("happy", "anger", "sad", "relaxed")}}  # fmt: skip
    if b"\xe9" in path:
        line["path_bytes"] = base64.b64encode(path).decode()
    return json.dumps(line)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mer", type=Path)
    args = parser.parse_args()
    try:
        subprocess.run(["beet", "version"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        print("no beets here: skipped", file=sys.stderr)
        return 77
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch).resolve()
        music = folder / "music"
        music.mkdir()
        paths = [os.fsencode(music / name) for name in ("one.wav", "two.wav", "unsure.wav")] + [os.fsencode(music) + b"/caf\xe9.wav"]
        for path in paths:
            write_wav(os.fsdecode(path))
        away = [path.replace(os.fsencode(music), b"/volume1/music") for path in paths]
        lines = [answer(away[0], "anger", 0.9, -0.8, 0.6), answer(away[1], "sad", 0.75, -0.5, -0.5),
                 answer(away[2], "happy", 0.4, 0.2, 0.2), answer(away[3], "relaxed", 0.6, 0.5, -0.5)]  # fmt: skip
        (folder / "moods.jsonl").write_text("\n".join(lines) + "\n")
        config = {"directory": str(music), "library": str(folder / "library.db"), "plugins": ["mer"],
                  "pluginpath": [str(SOURCE / "contrib/beets/beetsplug")], "import": {"copy": False, "write": False, "autotag": False},
                  "mer": {"list": str(folder / "moods.jsonl"), "map_path": {"/volume1/music": str(music)},
                          "words": {"anger": "Aggressive"}, "program": str(args.mer or "mer")}}  # fmt: skip
        (folder / "config.yaml").write_text(json.dumps(config))
        environment = dict(os.environ, BEETSDIR=str(folder), HOME=str(folder), LC_ALL="C.UTF-8")

        def beet(*words, code=0):
            done = subprocess.run(["beet", *words], capture_output=True, env=environment, stdin=subprocess.DEVNULL)
            assert done.returncode == code, (words, done)
            return done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")

        def fields(query, form):
            return beet("ls", "-f", form, query).strip()

        beet("import", "-q", "-A", str(music))
        assert "Aggressive" in beet("mer", "-p"), "shown"
        assert fields("path:" + str(music / "one.wav"), "$mood") == "$mood", "and not stored"
        beet("modify", "-y", "-W", "-M", "path:" + str(music / "two.wav"), "mood=Chill")
        assert "4 songs, 4 changed" in beet("mer"), "stored"
        one = "path:" + str(music / "one.wav")
        assert fields(one, "$mood|$mer_emotion|$mer_confidence|$mer_valence|$mer_arousal|$mer_anger|$mer_tags") == \
            "Aggressive|anger|0.9|0.1|0.8|0.9|rock; sad", fields(one, "$mood|$mer_emotion|$mer_confidence|$mer_valence|$mer_arousal|$mer_anger|$mer_tags")  # fmt: skip
        assert fields("path:" + str(music / "two.wav"), "$mood|$mer_emotion") == "Chill|sad", "a mood that is there stays"
        assert fields("path:" + str(music / "unsure.wav"), "$mood|$mer_emotion") == "$mood|happy", "below the confidence there is none"
        assert fields("mer_emotion:relaxed", "$mer_valence") == "0.8", "a name that is no UTF-8 is found"
        assert "0 changed" in beet("mer"), "nothing to do"
        assert fields("mer_arousal:0.7..", "$mer_emotion") == "anger", "numbers can be asked for"
        ordered = beet("ls", "-f", "$mer_arousal", "mer_arousal+").split()
        assert ordered == ["0.2", "0.2", "0.6", "0.8"] or ordered == ["0.25", "0.25", "0.6", "0.8"], ordered
        assert "1 changed" in beet("mer", "-f"), "replaced by force"
        assert fields("path:" + str(music / "two.wav"), "$mood") == "sad"
        lines[0] = answer(away[0], "anger", 0.4, -0.8, 0.6)
        (folder / "moods.jsonl").write_text("\n".join(lines) + "\n")
        beet("mer")
        assert fields(one, "$mood|$mer_confidence") == "$mood|0.4", "a mood of mer's that it is no longer sure of goes"
        (folder / "bad.jsonl").write_text("no list\n")
        assert "bad.jsonl:1: is no line of mer predict" in beet("mer", "-l", str(folder / "bad.jsonl"), code=1)
        assert "none.jsonl" in beet("mer", "-l", str(folder / "none.jsonl"), code=1)
    print("the plugin does what its README says")
    return 0


if __name__ == "__main__":
    sys.exit(main())
