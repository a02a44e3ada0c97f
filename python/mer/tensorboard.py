"""Show a run in TensorBoard: ``python -m mer.tensorboard RUN [--follow]``.

metrics.csv becomes event files in RUN/tensorboard/train and RUN/tensorboard/validation, so that a curve of the training
songs and that of the validation songs of one name stand in one chart. Needs the package tensorboard, and no other.
"""

from __future__ import annotations

import argparse
import datetime
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mer.errors import Error, UsageError
from mer.files import Record, Run, StrPath

_SUFFIX = ".mer"  # of the event files that are written here, and may be replaced


def _scalars(row: Record) -> Iterator[tuple[str, str, float]]:
    """(part, name, value) of each number in a row."""
    for column, value in row.items():
        if column in ("iteration", "seconds") or not isinstance(value, (int, float)):
            continue
        part, _, name = column.partition("_")
        if part == "val":
            yield "validation", name, value
        else:
            yield "train", name if part == "train" else column, value


class _Events:
    """Event files of one run."""

    def __init__(self, run: Run, folder: Path) -> None:
        try:
            from tensorboard.compat.proto import event_pb2, summary_pb2
            from tensorboard.summary.writer.event_file_writer import EventFileWriter
        except ImportError as error:
            raise UsageError("the package tensorboard isn't installed", "pip install tensorboard") from error
        self._event, self._summary, self._writer = event_pb2.Event, summary_pb2.Summary, EventFileWriter
        self._run, self._folder = run, folder
        self._writers: dict[str, Any] = {}
        self._num_rows = 0

    def _start_over(self) -> None:
        self.close()
        self._num_rows = 0
        for file in self._folder.glob(f"*/events.out.tfevents.*{_SUFFIX}"):
            file.unlink()

    def update(self) -> int:
        """Add the rows that have come; returns how many there are."""
        rows = self._run.metrics() if (self._run.path / "metrics.csv").is_file() else []
        if len(rows) < self._num_rows or not self._writers:
            self._start_over()  # the run went back to an older state
        started = datetime.datetime.fromisoformat(self._run.status["started"].replace("Z", "+00:00")).timestamp()
        for row in rows[self._num_rows :]:
            for part, name, value in _scalars(row):
                if part not in self._writers:
                    self._writers[part] = self._writer(str(self._folder / part), filename_suffix=_SUFFIX)
                summary = self._summary(value=[self._summary.Value(tag=name, simple_value=value)])
                when = started + (row.get("seconds") or 0.0)
                self._writers[part].add_event(self._event(wall_time=when, step=row["iteration"], summary=summary))
        self._num_rows = len(rows)
        for writer in self._writers.values():
            writer.flush()
        return len(rows)

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers = {}


def write_events(
    run: Run | StrPath, folder: StrPath | None = None, *, follow: bool = False, interval_s: float = 5
) -> Path:
    """Turn a run's metrics.csv into event files; files that were made here before are replaced.

    Parameters
    ----------
    run : Run or path
        A run, or a cross-validation: then each fold has a folder of its own.
    folder : path, optional
        Default: `tensorboard` in the run.
    follow : bool
        Go on while the run is running.
    interval_s : float
        How long to wait between two looks.

    Returns
    -------
    Path
        What to give to ``tensorboard --logdir``.
    """
    run = run if isinstance(run, Run) else Run(run)
    top = Path(folder) if folder is not None else run.path / "tensorboard"
    events = [_Events(one, top / one.path.name if run.folds else top) for one in run.folds or [run]]
    try:
        while True:
            is_running = any(one.status["status"] == "running" for one in run.folds or [run])
            num_rows = sum([one.update() for one in events])
            if not follow or not is_running:
                break
            time.sleep(interval_s)
    finally:
        for one in events:
            one.close()
    if num_rows == 0:
        raise UsageError(f"{run.path}: metrics.csv has no rows yet", "--follow waits for them")
    return top


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m mer.tensorboard", description=__doc__.splitlines()[0])
    parser.add_argument("run", metavar="RUN", help="run folder, or a cross-validation's")
    parser.add_argument("-o", "--output", metavar="DIR", help="default: RUN/tensorboard")
    parser.add_argument("--follow", action="store_true", help="go on while the run is running")
    parser.add_argument(
        "--every", type=float, default=5, metavar="SECONDS", help="look again after so long (default: 5)"
    )
    args = parser.parse_args(arguments)
    try:
        folder = write_events(args.run, args.output, follow=args.follow, interval_s=args.every)
    except KeyboardInterrupt:
        return 130
    except Error as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    print(f"tensorboard --logdir {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
