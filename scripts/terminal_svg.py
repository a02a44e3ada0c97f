#!/usr/bin/env python3
"""Run commands and draw what a terminal would show as an SVG.

    scripts/terminal_svg.py -o docs/images/predict.svg 'mer predict a.ogg b.ogg' 'mer predict a.ogg --timeline'

Bars (▁ … █) become rectangles, so that they look the same in every font; the words of the four emotions have colors.
Needs nothing but Python; the programs are looked for on the PATH, then in build/bin.
"""

import argparse
import os
import re
import subprocess
from pathlib import Path
from xml.sax.saxutils import escape

SOURCE = Path(__file__).resolve().parent.parent
WIDTH, HEIGHT, MARGIN = 7.8, 19, 18  # of a character, in pixels
BARS = " ▁▂▃▄▅▆▇█"
COLORS = {"happy": "#e3b341", "anger": "#ff7b72", "sad": "#79c0ff", "relaxed": "#7ee787"}


def text(column, row, words, color):
    return (
        f'<text x="{MARGIN + column * WIDTH:.1f}" y="{MARGIN + (row + 0.75) * HEIGHT:.1f}" fill="{color}" '
        f'textLength="{len(words) * WIDTH:.1f}" lengthAdjust="spacingAndGlyphs">{escape(words)}</text>'
    )


def drawn(line, row):
    """The line's words as texts and its bars as rectangles. What stands for an emotion has that emotion's color."""
    named = re.match(r"\w (happy|anger|sad|relaxed)\b", line)
    ink = COLORS[named[1]] if named else "#8b949e"
    is_course = re.fullmatch(r"emotion +[hars·]+", line)  # a letter a moment
    for found in re.finditer(r"emotion|(\S)\1*" if is_course else r"[▁-█]|[^\s▁-█]+(?: [^\s▁-█]+)*", line):
        words, column = found[0], found.start()
        if words in BARS:
            height = BARS.index(words) / 8 * HEIGHT
            x, y = MARGIN + column * WIDTH, MARGIN + (row + 1) * HEIGHT - height
            yield f'<rect x="{x:.1f}" y="{y:.1f}" width="{WIDTH + 0.2:.1f}" height="{height:.1f}" fill="{ink}"/>'
        else:
            word = next((name for name in COLORS if is_course and name[0] == words[0]), words.split(" ")[-1])
            color = COLORS.get(word, "#c9d1d9")
            yield text(column, row, words, "#ffffff" if line.startswith("$ ") else color)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True, help="SVG to write")
    parser.add_argument("commands", nargs="+", metavar="COMMAND", help="what to run, by bash")
    args = parser.parse_args()
    environment = {**os.environ, "PATH": f"{os.environ['PATH']}:{SOURCE / 'build/bin'}"}
    lines = []
    for command in args.commands:
        output = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, env=environment)
        lines += [""] if lines else []
        lines += ["$ " + command, *output.stdout.rstrip("\n").split("\n")]
    width = 2 * MARGIN + max(map(len, lines)) * WIDTH
    height = 2 * MARGIN + len(lines) * HEIGHT
    shapes = [shape for row, line in enumerate(lines) for shape in drawn(line, row)]
    args.output.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="13">\n'
        f'<rect width="100%" height="100%" rx="8" fill="#0d1117"/>\n' + "\n".join(shapes) + "\n</svg>\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
