"""The walls of the house: docs/architecture.md says what CMake says, and CMake's include paths hold.

Usage: walls_test.py SOURCE_DIR BUILD_DIR ROOMS_FILE
"""

import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

SOURCE, BUILD, ROOMS = (pathlib.Path(argument) for argument in sys.argv[1:4])


def rooms_of_cmake():
    """room -> (rooms that its headers include, rooms that only its .cpp files include)"""
    rooms = {}
    for line in ROOMS.read_text().splitlines():
        room, uses = line.split(":")
        rooms[room] = tuple(set(part.split()) for part in uses.split("|"))
    return rooms


def rooms_of_page():
    rooms = {}
    for line in (SOURCE / "docs/architecture.md").read_text().splitlines():
        row = re.match(r"\| `(\w+)` \|[^|]*\|([^|]*)\|([^|]*)\|", line)
        if row:
            words = [set(re.findall(r"\w+", cell)) for cell in row.groups()[1:]]
            rooms[row[1]] = tuple(words)
    return rooms


def seen_by(room, rooms):
    """The rooms whose headers a file of `room` may include."""
    seen = {room}
    waiting = list(rooms[room][0] | rooms[room][1])
    while waiting:
        other = waiting.pop()
        if other not in seen:
            seen.add(other)
            waiting += rooms[other][0]
    return seen


def compile_commands():
    """room -> the command line of one of its files"""
    commands = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        room = re.search(r"(?:^| )-o src/(\w+)/", entry["command"])
        if room:
            commands.setdefault(room[1], shlex.split(entry["command"]))
    return commands


def include_flags(command):
    return [word for word in command if word.startswith("-I")]


class Walls(unittest.TestCase):
    def test_the_page_has_the_rooms_of_cmake(self):
        page, cmake = rooms_of_page(), rooms_of_cmake()
        for room in cmake:  # without LibTorch some rooms are not built
            self.assertEqual(page.get(room), cmake[room], room)

    def test_every_folder_is_a_room(self):
        folders = {path.name for path in (SOURCE / "include/mer").iterdir() if path.is_dir()}
        self.assertEqual(folders, set(rooms_of_page()))

    def test_no_circles(self):
        rooms = rooms_of_page()
        done = set()
        while len(done) < len(rooms):
            ready = {r for r in rooms if r not in done and rooms[r][0] | rooms[r][1] <= done}
            self.assertTrue(ready, f"a circle among {set(rooms) - done}")
            done |= ready

    def test_include_paths_hold_the_rooms_used_and_no_others(self):
        rooms, commands = rooms_of_cmake(), compile_commands()
        for room in rooms:
            staged = set(re.findall(r"staged/(\w+)", " ".join(include_flags(commands[room]))))
            self.assertEqual(staged, seen_by(room, rooms), room)

    def test_a_forbidden_include_does_not_compile(self):
        command = compile_commands()["features"]
        flags = include_flags(command)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "file.cpp"
            for header, compiles in (("core/error.hpp", True), ("runs/model_card.hpp", False)):
                file.write_text(f'#include "mer/{header}"\n')
                compiler = next(word for word in command if word.endswith(("++", "++-12", "g++")))
                result = subprocess.run(
                    [compiler, "-std=c++20", "-fsyntax-only", *flags, file],
                    cwd=BUILD, capture_output=True, text=True)
                self.assertEqual(result.returncode == 0, compiles, result.stderr)
                if not compiles:
                    self.assertIn("No such file", result.stderr)

    def test_no_room_reaches_into_the_private_headers_of_another(self):
        for path in (SOURCE / "src").rglob("*.[ch]pp"):
            room = path.relative_to(SOURCE / "src").parts[0]
            for name in re.findall(r'#include "(\.\.[^"]+)"', path.read_text()):
                target = (path.parent / name).resolve().relative_to(SOURCE.resolve() / "src")
                self.assertEqual(target.parts[0], room, f"{path} includes {name}")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
