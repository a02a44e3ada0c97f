#!/usr/bin/env python3
"""What each room costs to compile: seconds of CPU, from nothing, without a compiler cache.

Usage: scripts/compile_cost.py [TARGET]…   (mer without: what scripts/quickstart.sh builds)
Builds in build/cost with this script as the compiler's launcher and prints a table a room.
"""

import collections
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "cost"
LOG = BUILD / "cost.txt"


def launch(command):
    """Runs the compiler and appends what it used."""
    code = subprocess.call(command)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    output = command[command.index("-o") + 1] if "-o" in command else "?"
    with open(LOG, "a") as log:
        log.write(f"{used.ru_utime + used.ru_stime:.2f} {output}\n")
    return code


def room_of(output):
    if "cmake_pch" in output:
        return "<torch/torch.h>, precompiled"
    match = re.match(r"(?:src/(\w+)|(apps/mer|tests/\w+))/", output)
    return (match[1] or match[2]) if match else "the rest"


def main():
    targets = sys.argv[1:] or ["mer"]
    shutil.rmtree(BUILD, ignore_errors=True)
    subprocess.check_call(
        ["cmake", "--preset", "release", "-B", BUILD,
         f"-DCMAKE_CXX_COMPILER_LAUNCHER={sys.executable};{__file__};--launch"],
        cwd=ROOT, stdout=subprocess.DEVNULL)
    subprocess.check_call(["cmake", "--build", BUILD, "--target", *targets],
                          stdout=subprocess.DEVNULL, env=dict(os.environ, CCACHE_DISABLE="1"))
    seconds, files = collections.Counter(), collections.Counter()
    for line in LOG.read_text().splitlines():
        cost, output = line.split(" ", 1)
        seconds[room_of(output)] += float(cost)
        files[room_of(output)] += 1
    print("| room | compiler runs | CPU (s) |\n|---|---|---|")
    for room, cost in seconds.most_common():
        print(f"| {room} | {files[room]} | {cost:.0f} |")
    print(f"| **all** | {sum(files.values())} | **{sum(seconds.values()):.0f}** |")


if __name__ == "__main__":
    sys.exit(launch(sys.argv[2:]) if sys.argv[1:2] == ["--launch"] else main())
