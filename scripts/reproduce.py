#!/usr/bin/env python3
"""Make the tables of docs/results again, or run their experiments again.

    scripts/reproduce.sh                  # every table, from the figures in docs/results/data
    scripts/reproduce.sh table2           # one
    scripts/reproduce.sh table2 --run     # its commands first: hours; finished runs are not repeated
    scripts/reproduce.sh --list           # names and commands
    scripts/reproduce.sh --check          # exit code 1 when a page differs from its figures

A table stands in a page of docs/results, or in README, between `<!-- table NAME -->` and `<!-- end -->`. Its figures are
data/NAME.csv, a line a row. data/NAME.json says the rest:

    commit, machine   where the figures are from; --run writes them anew
    commands          what makes the figures, in the working directory, e.g. beside 4qaed.csv
    with              another table whose commands make these figures, too
    columns           title -> text of a cell, with {column:FORMAT} for a figure: decimals, "%" for per cent, "+" for
                      a sign, "i" for the interval in column_low and column_high. Without it: the CSV as it is
    missing           a cell whose figure is empty
    summary           sweeps' summary.csv files: --run copies their columns into rows of the same cell, variant and keys
    cells, value      column -> [VARIANT/]CELL with {column} in it: that cell's `value` in the summary, for tables with
                      several cells a row
    of, rows          show these rows of another table instead: cell -> text of column `system`
    metrics           path of a metrics.json with {column} in it, and `values`: column -> key.key.index in that file
"""

import argparse
import csv
import datetime
import json
import os
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
DATA = SOURCE / "docs/results/data"
PAGES = SOURCE / "docs/results"
MARKED = re.compile(r"(<!-- table (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def read_rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_rows(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def figure(row, column, form):
    """A number as FORMAT says, e.g. "+%1i": +2.8 [+0.3, +5.3]."""
    sign, percent, decimals, interval = re.fullmatch(r"(\+?)(%?)(\d)(i?)", form).groups()

    def text(name):
        number = float(row[name]) * (100 if percent else 1)
        return f"{number:{sign}.{decimals}f}".replace("-", "−")

    has_interval = interval and row[column + "_low"]
    return text(column) + (f" [{text(column + '_low')}, {text(column + '_high')}]" if has_interval else "")


def cell(row, template, missing):
    fields = re.findall(r"{([^{}:]+)(?::([^{}]*))?}", template)
    if any(form and not row[column] for column, form in fields):
        return missing
    return re.sub(
        r"{([^{}:]+)(?::([^{}]*))?}",
        lambda m: figure(row, m[1], m[2]) if m[2] else row[m[1]],
        template,
    )


def wrapped(command):
    """A command in lines of at most 110 characters, broken before its options."""
    lines = [""]
    for word in re.split(r" (?=--?[a-z])", command):
        if lines[-1] and len(lines[-1]) + len(word) > 108:
            lines[-1] += " \\"
            lines.append("    " + word)
        else:
            lines[-1] += (" " if lines[-1] else "") + word
    return "\n".join(lines)


def rendered(name):
    about = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    rows = read_rows(DATA / f"{about.get('of', name)}.csv")
    if "rows" in about:
        rows = [{**row, "system": about["rows"][row["cell"]]} for row in rows if row["cell"] in about["rows"]]
    columns = about.get("columns") or {column: f"{{{column}}}" for column in rows[0]}
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for row in rows:
        cells = [cell(row, template, about.get("missing", "")) for template in columns.values()]
        lines.append("| " + " | ".join(cells) + " |")
    if "of" in about:
        return "\n".join(lines) + "\n"
    source = f"Commit {about['commit']}. {about['machine']}. Figures: [data/{name}.csv](data/{name}.csv)."
    lines += [""] + textwrap.wrap(source, 116, break_on_hyphens=False, break_long_words=False)
    if about["commands"]:
        lines += ["", "<!-- experiment -->", "```", *map(wrapped, about["commands"]), "```"]
    return "\n".join(lines) + "\n"


def render_pages(names, check):
    """Pages whose tables differ from their figures; writes them unless `check`."""
    stale, seen = [], set()
    for page in [SOURCE / "README.md", *sorted(PAGES.glob("*.md"))]:
        old = page.read_text(encoding="utf-8")
        seen.update(m[2] for m in MARKED.finditer(old))
        new = MARKED.sub(lambda m: m[1] + rendered(m[2]) + m[3] if m[2] in names else m[0], old)
        if new != old:
            stale.append(page)
            if not check:
                page.write_text(new, encoding="utf-8")
    if lost := set(names) - seen:
        sys.exit(f"error: no page has a table {', '.join(sorted(lost))}")
    return stale


def run(command):
    """Runs a command; a training run that has finished is skipped, one that was stopped goes on."""
    words = shlex.split(command)
    if words[:2] == ["mer", "train"] and "--name" in words:
        folder = Path("runs") / words[words.index("--name") + 1]
        if (folder / "eval/test/metrics.json").exists():
            print(f"done already: {folder}", file=sys.stderr)
            return
        if folder.exists():
            command = f"mer train --resume {shlex.quote(str(folder))}"
    print(f"+ {command}", file=sys.stderr)
    path = f"{SOURCE / 'build/bin'}:{os.environ.get('PATH', '')}"
    configs = Path("configs")
    if not configs.exists():
        configs.symlink_to(SOURCE / "configs")
    subprocess.run(["bash", "-euo", "pipefail", "-c", command], check=True, env={**os.environ, "PATH": path})


def collect(about, rows):
    """New figures for the rows; False when the experiment leaves no file that could be read."""
    if "summary" in about:
        measured = [line for file in about["summary"] for line in read_rows(file)]
        for row in rows if "cells" in about else []:
            for column, cell_name in about["cells"].items():
                *variant, name = cell_name.format(**row).split("/")
                found = [line for line in measured if line["cell"] == name and [line["variant"]] == (variant or [""])]
                if not found:
                    sys.exit(f"error: {', '.join(about['summary'])}: no {cell_name.format(**row)}")
                value = found[-1][about["value"]]
                row[column] = f"{float(value):.4g}" if value else ""
        for row in rows if "cells" not in about else []:
            keys = [key for key in row if key in ("cell", "variant") or "." in key]
            found = [line for line in measured if all(line.get(key) == row[key] for key in keys)]
            if not found:
                sys.exit(f"error: {', '.join(about['summary'])}: no {' '.join(row[key] for key in keys)}")
            row.update({key: found[-1][key] for key in row if key in found[-1]})
        return True
    if "metrics" in about:
        for row in rows:
            metrics = json.loads(Path(about["metrics"].format(**row)).read_text(encoding="utf-8"))
            for column, path in about["values"].items():
                value = metrics
                for key in path.split("."):
                    value = value[int(key) if isinstance(value, list) else key]
                row[column] = value
        return True
    return False


def rerun(name):
    about = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    others = json.loads((DATA / f"{about['with']}.json").read_text(encoding="utf-8")) if "with" in about else about
    for command in others["commands"]:
        run(command)
    if "of" in about:
        sys.exit(f"error: {name} shows rows of {about['of']}: run that")
    rows = read_rows(DATA / f"{name}.csv")
    if not collect(about, rows):
        print(f"figures of {name} stand in the output above; enter them in {DATA / name}.csv", file=sys.stderr)
        return
    write_rows(DATA / f"{name}.csv", rows)
    git = ["git", "-C", str(SOURCE), "describe", "--always", "--dirty"]
    commit = subprocess.run(git, check=False, capture_output=True, text=True).stdout.strip() or "unknown"
    about["commit"] = f"{commit}, {datetime.date.today()}"
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    about["machine"] = f"{os.cpu_count()} cores of {model[1] if model else 'an unknown processor'}"
    text = json.dumps(about, ensure_ascii=False, indent=1)
    (DATA / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of tables; all without")
    parser.add_argument("--run", action="store_true", help="run the tables' commands in the working directory first")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 when a page differs")
    parser.add_argument("--list", action="store_true", help="print the tables' names and commands")
    args = parser.parse_args()
    known = sorted(path.stem for path in DATA.glob("*.json"))
    if unknown := sorted(set(args.names) - set(known)):
        sys.exit(f"error: no table {', '.join(unknown)}; there are {', '.join(known)}")
    names = args.names or known
    if args.list:
        for name in names:
            print(name, *json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))["commands"], sep="\n  ")
        return
    if args.run:
        if not args.names:
            sys.exit("error: --run wants the names of tables: all of them would take days")
        for name in names:
            rerun(name)
    stale = render_pages(names, args.check)
    for page in stale:
        what = "differs from its figures" if args.check else "rewritten"
        print(f"{page.relative_to(SOURCE)} {what}", file=sys.stderr)
    if args.check and stale:
        sys.exit(1)


if __name__ == "__main__":
    main()
