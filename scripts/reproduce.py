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

A sweep that takes longer than a day has a folder docs/results/cells/NAME, named like the sweep. Each cell that has finished
lies there as a small archive of what its figures follow from (no weights; songs and artists as numbers), and --run goes on
from those: cell after cell, each kept as soon as it is done, so that any of them may be the last. --cells N ends after N,
--only TEXT runs those with TEXT in their name.
"""

import argparse
import csv
import datetime
import fcntl
import hashlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
import tarfile
import textwrap
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
DATA = SOURCE / "docs/results/data"
PAGES = SOURCE / "docs/results"
CELLS = SOURCE / "docs/results/cells"
KEPT = ("config.yaml", "run.json", "split.csv", "metrics.csv", "eval/*/metrics.json", "eval/*/predictions.csv",
        "eval/*/segments.csv")  # fmt: skip
HERE = "@HERE@"  # stands for the working directory in kept files
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


def without_names(name, text):
    """A file of a run in which songs and artists are numbers, the same in every file."""
    if not name.endswith((".csv",)) or name == "metrics.csv":
        return text.replace(str(Path.cwd()), HERE)
    rows = list(csv.reader(io.StringIO(text)))
    columns = [rows[0].index(column) for column in ("id", "path", "group") if column in rows[0]]
    for row in rows[1:]:
        for column in columns:
            if row[column]:
                row[column] = hashlib.sha256(row[column].encode()).hexdigest()[:10]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def keep_cell(folder, archive):
    """What a finished cell's figures follow from, in one small file: the same bytes each time."""
    with tarfile.open(archive, "w:xz") as tar:
        for path in sorted({path for pattern in KEPT for path in folder.glob(pattern)}):
            name = str(path.relative_to(folder))
            data = without_names(name, path.read_text(encoding="utf-8")).encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def put_cell(archive, folder):
    with tarfile.open(archive) as tar:
        for member in tar:
            path = folder / member.name
            path.parent.mkdir(parents=True, exist_ok=True)
            text = tar.extractfile(member).read().decode()
            path.write_text(text.replace(HERE, str(Path.cwd())), encoding="utf-8")


def run_cells(command, sweep, some):
    """A sweep's cells one after another, those of the archives not again; then its summary.
    @param some  (how many at most, text in their names)"""
    most, only = some
    kept, runs = CELLS / sweep, Path("runs") / sweep
    lock = os.open(kept, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # until this process ends
    except BlockingIOError:
        sys.exit(f"error: {kept}: another reproduce.sh is at work there")
    for archive in sorted(kept.glob("*.tar.xz")):
        if not (runs / archive.name.removesuffix(".tar.xz")).exists():
            put_cell(archive, runs / archive.name.removesuffix(".tar.xz"))
    listed = subprocess.run(["bash", "-c", f"{command} --list"], check=True, capture_output=True, text=True, env=environment())
    cells = [line.rsplit("  # ", 1) for line in listed.stdout.splitlines()]
    to_do = [(line, name) for line, name in cells if not (kept / f"{name}.tar.xz").exists()]
    for line, name in [cell for cell in to_do if only in cell[1]][:most]:
        print(f"+ {line}", file=sys.stderr)
        subprocess.run(["bash", "-euo", "pipefail", "-c", line], check=True, env=environment())
        keep_cell(runs / name, kept / f"{name}.tar.xz")
        put_cell(kept / f"{name}.tar.xz", runs / name)  # songs are told apart by the same numbers in all cells
    left = [name for _, name in cells if not (kept / f"{name}.tar.xz").exists()]
    print(f"{sweep}: {len(cells) - len(left)} of {len(cells)} cells done", file=sys.stderr)
    subprocess.run(["bash", "-euo", "pipefail", "-c", f"{command} --summary"], check=True, stdout=subprocess.DEVNULL,
                   env=environment())  # fmt: skip


def environment():
    return {**os.environ, "PATH": f"{SOURCE / 'build/bin'}:{os.environ.get('PATH', '')}"}


def run(command, some):
    """Runs a command; a training run that has finished is skipped, one that was stopped goes on."""
    words = shlex.split(command)
    configs = Path("configs")
    if not configs.exists():
        configs.symlink_to(SOURCE / "configs")
    if words[:2] == ["mer", "sweep"] and "--name" in words:
        sweep = words[words.index("--name") + 1]
        if (CELLS / sweep).is_dir():
            run_cells(command, sweep, some)
            return
    if words[:2] == ["mer", "train"] and "--name" in words:
        folder = Path("runs") / words[words.index("--name") + 1]
        if (folder / "eval/test/metrics.json").exists():
            print(f"done already: {folder}", file=sys.stderr)
            return
        if folder.exists():
            command = f"mer train --resume {shlex.quote(str(folder))}"
    print(f"+ {command}", file=sys.stderr)
    subprocess.run(["bash", "-euo", "pipefail", "-c", command], check=True, env=environment())


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


def rerun(name, some):
    about = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    others = json.loads((DATA / f"{about['with']}.json").read_text(encoding="utf-8")) if "with" in about else about
    for command in others["commands"]:
        run(command, some)
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
    parser.add_argument("--cells", type=int, metavar="N", help="with --run: end after N cells of a long sweep")
    parser.add_argument("--only", default="", metavar="TEXT", help="with --run: only cells with TEXT in their name")
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
            rerun(name, (args.cells, args.only))
    stale = render_pages(names, args.check)
    for page in stale:
        what = "differs from its figures" if args.check else "rewritten"
        print(f"{page.relative_to(SOURCE)} {what}", file=sys.stderr)
    if args.check and stale:
        sys.exit(1)


if __name__ == "__main__":
    main()
