#!/usr/bin/env python3
"""Write what the documentation has from the program itself.

    scripts/make_docs.py [--mer build/bin/mer] [--check]

docs/cli.md comes from `mer --help` and each `mer COMMAND --help`, docs/config.md from `mer train --print-config` of an
empty config. In every other page, the block after a line `<!-- output of: COMMAND -->` becomes what COMMAND prints.
--check writes nothing; its exit code is 1 when a page differs.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
NOTE = "<!-- Written by scripts/make_docs.py; change the program's own help instead. -->\n"
OUTPUT = re.compile(r"(<!-- output of: ([^\n]*) -->\n```\n).*?(```\n)", re.DOTALL)


def output_of(mer, command):
    environment = {**os.environ, "PATH": f"{mer.parent}:{os.environ['PATH']}", "COLUMNS": "100"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command], cwd=SOURCE, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"error: {command}: exit code {done.returncode}\n{done.stderr}")
    text = done.stdout.strip("\n").replace(f"{SOURCE}/", "")
    return "\n".join(line.rstrip() for line in text.split("\n")) + "\n"


def cli_page(mer):
    overview = output_of(mer, "mer --help")
    verbs = [name for name in re.findall(r"^  ([a-z]+)(?=  )", overview, re.MULTILINE)]
    text = "# The command line\n\n" + NOTE + "\n"
    text += "Exit codes are the same for every command: [formats](formats.md#exit-codes).\n\n"
    text += "```\n" + overview + "```\n"
    for verb in verbs:
        text += f"\n## mer {verb}\n\n```\n" + output_of(mer, f"mer {verb} --help") + "```\n"
    return text


def tables_of(mer, settings=()):
    """The rows of each section of an effective config, and the words that its choices allow."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as empty:
        sets = "".join(f" --set {setting}" for setting in settings)
        yaml = output_of(mer, f"mer train -c {empty.name}{sets} --print-config")
    path, tables, words = [], {}, {}
    for line in yaml.split("\n"):
        found = re.fullmatch(r"( *)(\w+):(?: (.*?))?(?:  +# (.*))?", line)
        if not found:
            continue
        depth, key, value, meaning = len(found[1]) // 2, found[2], found[3], found[4]
        path = path[:depth]
        if value is None and meaning is None:
            path.append(key)
            continue
        words[".".join([*path, key])] = (meaning or "").rsplit(": ", 1)[-1].split(" | ")
        meaning = (meaning or "").replace(" | ", ", ")
        shown = f"`{value}`" if value and value != chr(34) * 2 else "not given"
        tables.setdefault(".".join(path), {})[key] = f"| `{key}` | {shown} | {meaning} |\n"
    return tables, words


def config_page(mer):
    text = "# Every option of a config\n\n" + NOTE
    text += """
A config is a YAML file. What it does not name keeps its default. Precedence: defaults < file < `--set key=value`.
Unknown, duplicate, mistyped or out-of-range keys are errors with file, line and the nearest key. Paths in a config are
relative to the config; paths in `--set` to the working directory. `mer train -c FILE --print-config` prints the
effective config, in this order and with these comments.

A system and a loss have options of their own: those of another are errors. When `--set` or a sweep names another one
than the file does, what the file says of the options that this one lacks gives way.
"""

    def table(title, rows):
        head = "| key | default | meaning |\n|---|---|---|\n"
        return f"\n## {title}\n\n{head}{''.join(rows.values())}" if rows else ""

    tables, words = tables_of(mer)
    for section, rows in tables.items():
        if section not in ("model", "loss"):
            text += table(section or "The run", rows)
            continue
        text += table(section, {"name": rows.pop("name")})
        of_classic = {}
        for kind in words[f"{section}.name"]:
            own, _ = tables_of(mer, [f"{section}.name={kind}"])
            own[section].pop("name")
            text += table(f"{section} with `name: {kind}`", own[section])
            if section == "model":
                of_classic.update({key: rows for key, rows in own.items() if key.split(".")[0] == "classic"})
        text += "".join(table(name, rows) for name, rows in of_classic.items())
    return text


def pages(mer):
    yield SOURCE / "docs/cli.md", cli_page(mer)
    yield SOURCE / "docs/config.md", config_page(mer)
    for page in [SOURCE / "README.md", *sorted((SOURCE / "docs").rglob("*.md"))]:
        old = page.read_text(encoding="utf-8")
        if "<!-- output of: " in old:
            yield page, OUTPUT.sub(lambda m: m[1] + output_of(mer, m[2]) + m[3], old)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mer", type=Path, default=SOURCE / "build/bin/mer", help="the program")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 when a page differs")
    args = parser.parse_args()
    stale = False
    for page, text in pages(args.mer.resolve()):
        if page.exists() and page.read_text(encoding="utf-8") == text:
            continue
        stale = True
        if not args.check:
            page.write_text(text, encoding="utf-8")
        print(f"{page.relative_to(SOURCE)} {'is out of date' if args.check else 'written'}", file=sys.stderr)
    if args.check and stale:
        sys.exit("run scripts/make_docs.py")


if __name__ == "__main__":
    main()
