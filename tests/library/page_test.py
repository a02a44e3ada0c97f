#!/usr/bin/env python3
"""The page of `mer map` in headless Chromium: loads, filters, plays, chooses, exports; 20 000 invented songs.

    tests/library/page_test.py --mer build/bin/mer [--pictures FOLDER] [--figures FILE]

--figures writes how large the page is, how long it takes to load and how many frames a second it draws while it is
panned, as rows of docs/results/data/library_map.csv. Exit code 77: there is no Chromium here.
"""

import argparse
import base64
import contextlib
import json
import math
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

CLASSES = ("happy", "anger", "sad", "relaxed")
NUM_SONGS = 20000
WORDS = "River Night Golden Blue Summer Love Road Fire Silver Dream Shadow Light Ghost Paper Ocean City Heart Winter".split()
ARTISTS = ["Ólafur & Söhne", "坂本", "The </script><img src=x onerror=window.broken=1>", "Nina Q."]
ARTISTS += [f"{a} {b}" for a in WORDS for b in WORDS if a < b]


class Browser:
    """One page of Chromium, told what to do through a pipe (the DevTools protocol, a message ended by a zero byte)."""

    def __init__(self, program, profile, dark):
        to_browser, from_us = os.pipe()
        to_us, from_browser = os.pipe()

        def hand_over():
            os.dup2(to_browser, 13)
            os.dup2(from_browser, 14)
            os.dup2(13, 3)
            os.dup2(14, 4)

        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--mute-audio", "--no-first-run", "--remote-debugging-pipe",
                 "--autoplay-policy=no-user-gesture-required", "--window-size=1280,800", f"--user-data-dir={profile}"]  # fmt: skip
        if dark:
            flags.append("--blink-settings=preferredColorScheme=0")
        self.process = subprocess.Popen([program, *flags, "about:blank"], preexec_fn=hand_over, close_fds=False, start_new_session=True,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        os.close(to_browser)
        os.close(from_browser)
        self.out = os.fdopen(from_us, "wb", 0)
        self.into = os.fdopen(to_us, "rb", 0)
        self.next_id = 0
        self.session = None
        self.events = []
        self.rest = b""
        targets = self.send("Target.getTargets")["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")
        self.session = self.send("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def receive(self):
        while b"\0" not in self.rest:
            block = os.read(self.into.fileno(), 1 << 20)
            if not block:
                raise RuntimeError("the browser is gone")
            self.rest += block
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def send(self, method, **params):
        self.next_id += 1
        message = {"id": self.next_id, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        self.out.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") != self.next_id:
                self.events.append(answer)
            elif "error" in answer:
                raise RuntimeError(f"{method}: {answer['error']}")
            else:
                return answer["result"]

    def run(self, script):
        result = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"])[:600])
        return result["result"].get("value")

    def mouse(self, kind, x, y, buttons=0):
        self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, buttons=buttons,
                  button="left" if buttons or kind == "mouseReleased" else "none", clickCount=1)  # fmt: skip

    def picture(self, file):
        Path(file).write_bytes(base64.b64decode(self.send("Page.captureScreenshot")["data"]))

    def close(self):
        """Ends it in its own time: killed, its helpers would go on writing into the profile while it is removed."""
        try:
            self.session = None
            self.send("Browser.close")
            while os.read(self.into.fileno(), 1 << 20):
                pass
            self.process.wait(timeout=30)
        except (OSError, RuntimeError, subprocess.TimeoutExpired):
            pass
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.out.close()
        self.into.close()


def song_line(path, emotion, center, draw, line_of):
    x, y = draw.gauss(center[0], 0.55), draw.gauss(center[1], 0.5)
    sure = min(0.99, max(0.3, draw.gauss(0.7, 0.17)))
    others = (1 - sure) / 3
    line = {"path": path, "status": "ok", "error": None, "duration_s": draw.uniform(120, 400), "analysed_s": 100.0,
            "emotion": emotion if sure > 0.45 else None, "confidence": sure,
            "probabilities": {name: sure if name == emotion else others for name in CLASSES},
            "valence": max(-1, min(1, draw.gauss(0.6 if emotion in ("happy", "relaxed") else -0.6, 0.3))),
            "arousal": max(-1, min(1, draw.gauss(0.6 if emotion in ("happy", "anger") else -0.6, 0.3))),
            "segments": [], "warnings": [], "embedding": [round(v, 3) for v in (x, y, *(draw.gauss(0, 0.3) for _ in range(22)))]}  # fmt: skip
    line_of.append(json.dumps(line))


def invented_library(folder):
    """A list of 20 000 songs, of which the first one is there to be played."""
    draw = random.Random(7)
    centers = {"happy": (0.9, 0.5), "anger": (0.2, 1.3), "sad": (-1.1, -0.6), "relaxed": (0.1, -1.1)}
    lines = []
    song = folder / "music/Nina Q./first é #1.wav"
    song.parent.mkdir(parents=True)
    with wave.open(str(song), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"".join(struct.pack("<h", int(8000 * math.sin(i / 3))) for i in range(40000)))
    song_line(str(song), "happy", centers["happy"], draw, lines)
    for i in range(1, NUM_SONGS):
        artist = draw.choice(ARTISTS)
        title = " ".join(draw.sample(WORDS, draw.randint(1, 3)))
        emotion = draw.choices(CLASSES, (35, 20, 15, 30))[0]
        folder_name = f"/volume1/music/{artist.replace('/', '_')}/{draw.choice(WORDS)} ({1970 + i % 50})"
        song_line(f"{folder_name}/{i % 12 + 1:02} {title}.flac", emotion, centers[emotion], draw, lines)
    (folder / "moods.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def check(holds, what):
    if not holds:
        raise AssertionError(what)
    print(f"ok: {what}")


FRAMES = """new Promise((done) => { const times = []; const step = (t) => { times.push(t);
    if (times.length < 60) { const p = times.length; d3.select(canvas).call(zoom.translateBy, Math.sin(p / 5) * 8, Math.cos(p / 7) * 6);
    requestAnimationFrame(step); } else done(1000 * (times.length - 1) / (times[times.length - 1] - times[0])); };
    requestAnimationFrame(step); })"""


def try_page(browser, folder, page, figures):
    start = time.monotonic()
    browser.send("Page.navigate", url=page.as_uri())
    while browser.run("document.documentElement?.dataset.ready") != "true":
        check(time.monotonic() - start < 60, "the page is ready within a minute")
        time.sleep(0.02)
    figures["seconds until it can be used"] = time.monotonic() - start
    count = lambda: browser.run("element('count').value")  # noqa: E731
    check(count() == f"{NUM_SONGS} songs", f"all songs are there: {count()}")
    check(browser.run("window.broken") is None, "an artist's name is no code")
    figures["frames a second while panning"] = browser.run(FRAMES)
    browser.run("element('fit').click()")

    def type_into(name, text):
        browser.run(f"element('{name}').value = {json.dumps(text)}; element('{name}').dispatchEvent(new Event('input'))")
        return int(count().split()[0])

    found = type_into("search", "golden river")
    check(0 < found < NUM_SONGS / 20, f"a search finds some: {found}")
    type_into("search", "")
    check(0 < type_into("confidence", "0.9") < NUM_SONGS / 2, "so does a confidence")
    type_into("confidence", "0")
    folder_name = browser.run("data.folders[5]")
    of_folder = type_into("folder", folder_name)
    check(of_folder == browser.run("data.folder.filter((f) => f === 5).length"), f"a folder has its songs: {of_folder}")
    type_into("folder", "")
    browser.run("[...element('emotions').children].find((b) => b.textContent === 'sad').click()")
    check(int(count().split()[0]) == browser.run("data.emotion.filter((e) => data.emotions[e] !== 'sad').length"),
          "an emotion can be left out")  # fmt: skip
    browser.run("[...element('emotions').children].find((b) => b.textContent === 'sad').click()")

    # A click plays, from where the page stands.
    browser.run("type = (t) => { element('search').value = t; filter(); }; type('first é #1')")
    x, y = browser.run("(() => { const b = canvas.getBoundingClientRect(), p = PLANES[state.plane], i = state.shown[0]; return "
                       "[b.left + state.view.applyX(x(p.x(i))), b.top + state.view.applyY(y(p.y(i)))]; })()")  # fmt: skip
    for kind, buttons in (("mouseMoved", 0), ("mousePressed", 1), ("mouseReleased", 0)):
        browser.mouse(kind, x, y, buttons)
    check(browser.run("element('title').textContent") == "first é #1", "a click chooses the song")
    check(browser.run("element('player').src").endswith("music/Nina%20Q./first%20%C3%A9%20%231.wav"), "its link is right")
    for _ in range(100):
        if browser.run("element('player').currentTime > 0 && !element('player').paused"):
            break
        time.sleep(0.05)
    check(browser.run("element('player').currentTime > 0"), "it plays")
    check(browser.run("element('near').children.length") == 10, "songs like it are listed")
    nearest = browser.run("neighbors(0, 1)[0]")
    lines = (folder / "moods.jsonl").read_text(encoding="utf-8").splitlines()
    places = [json.loads(line)["embedding"] for line in lines]
    by_hand = min(range(1, NUM_SONGS), key=lambda j: math.dist(places[0], places[j]))
    check(nearest == by_hand, "and the first is the nearest")
    browser.run("type('')")

    # A lasso round the middle of the map, and the playlist of what is in it.
    box = browser.run("(() => { const b = canvas.getBoundingClientRect(); return [b.left, b.top, b.width, b.height]; })()")
    middle = box[0] + box[2] / 2, box[1] + box[3] / 2
    browser.run("element('lasso').click()")
    corners = [(-60, -60), (60, -60), (60, 60), (-60, 60), (-60, -60)]
    browser.mouse("mouseMoved", middle[0] - 60, middle[1] - 60)
    browser.mouse("mousePressed", middle[0] - 60, middle[1] - 60, 1)
    for dx, dy in corners[1:]:
        browser.mouse("mouseMoved", middle[0] + dx, middle[1] + dy, 1)
    browser.mouse("mouseReleased", middle[0] - 60, middle[1] - 60)
    inside = browser.run("state.shown.filter((i) => { const p = PLANES[state.plane], a = x(p.x(i)) - width / 2, b = y(p.y(i)) - height / 2;"
                         "return Math.abs(a) < 60 && Math.abs(b) < 60; }).length")  # fmt: skip
    chosen = int(count().split()[0])
    check(0 < chosen < NUM_SONGS and abs(chosen - inside) <= 2, f"the lasso chooses what is in it: {chosen}")
    browser.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    browser.run("element('save').click()")
    playlist = folder / "moods.m3u8"
    for _ in range(100):
        if playlist.exists():
            break
        time.sleep(0.05)
    listed = playlist.read_text(encoding="utf-8").splitlines()
    check(listed[0] == "#EXTM3U" and len(listed) == 2 * chosen + 1, "the playlist has them all")
    check(all(name.startswith(("/volume1/music/", str(folder))) for name in listed[2::2]), "by their paths")
    browser.run("filter()")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mer", type=Path, required=True)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--figures", type=Path)
    args = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program:
        print("no Chromium here: skipped", file=sys.stderr)
        return 77
    # Chromium's helpers may outlive it by a moment: a profile that can't be removed yet is no fault of the page.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch).resolve()
        invented_library(folder)
        page = folder / "map.html"
        start = time.monotonic()
        subprocess.run([args.mer.resolve(), "map", folder / "moods.jsonl", "-o", page], check=True)
        figures = {"seconds to make it": time.monotonic() - start, "megabytes": page.stat().st_size / 1e6}
        check(page.stat().st_size < 15e6, "20 000 songs have less than 15 MB")
        for dark in (False, True):
            browser = Browser(program, folder / f"profile-{dark}", dark)
            try:
                if not dark:
                    try_page(browser, folder, page, figures)
                    asked = {e["params"]["request"]["url"] for e in browser.events if e.get("method") == "Network.requestWillBeSent"}
                    outside = [url for url in asked if not url.startswith(("file://", "data:", "blob:", "about:"))]
                    check(not outside, f"no network: {outside}")
                    said = [e["params"] for e in browser.events if e.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded")]
                    check(not said, f"nothing to complain about: {said}")
                else:
                    browser.send("Page.navigate", url=page.as_uri())
                    time.sleep(3)
                    browser.run("play(17)")
                if args.pictures:
                    time.sleep(0.5)
                    browser.picture(args.pictures / ("map_dark.png" if dark else "map.png"))
            finally:
                browser.close()
    for name, value in figures.items():
        print(f"{name}: {value:.2f}")
    if args.figures:
        rows = [f"{name},{value:.2f}" for name, value in figures.items()]
        args.figures.write_text("\n".join(["figure,value", *rows]) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
