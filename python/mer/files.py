"""Readers of what `mer` writes: feature files, run folders, prediction lists."""

from __future__ import annotations

import base64
import csv
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Union

import numpy as np

from mer import _core
from mer.errors import UsageError
from mer.extract import Features
from mer.options import Options

#: One line of a table: column to value.
Record = dict[str, Any]
StrPath = Union[str, "os.PathLike[str]"]

_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "u1", "BOOL": "?"}
_HOW_TO_MAKE = "mer features song.mp3 -o song.npz"
_TEXTS = {
    "id",
    "path",
    "path_bytes",
    "label",
    "labels",
    "group",
    "split",
    "truth",
    "predicted",
    "emotion",
    "status",
    "error",
}


def read_tensors(path: StrPath) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """All arrays of a safetensors file, mapped and read-only, and its metadata as it stands.

    Raises
    ------
    UsageError
        When it is no whole safetensors file.
    """
    path = Path(path)
    size = path.stat().st_size
    with path.open("rb") as file:
        header_end = 8 + int.from_bytes(file.read(8), "little")
        try:
            header = json.loads(file.read(header_end - 8)) if 8 < header_end <= size else None
            metadata = header.pop("__metadata__", {})
            arrays = {}
            for name, entry in header.items():
                begin, end = entry["data_offsets"]
                dtype, shape = np.dtype(_DTYPES[entry["dtype"]]), tuple(entry["shape"])
                if header_end + end > size or end - begin != dtype.itemsize * int(np.prod(shape)):
                    raise ValueError(name)
                if begin == end:
                    arrays[name] = np.empty(shape, dtype)
                else:
                    arrays[name] = np.memmap(path, dtype, "r", header_end + begin, shape)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise UsageError(f"{path}: not a whole safetensors file") from error
    return arrays, metadata


def read_features(path: StrPath) -> Features:
    """A song's features from a file of `mer features` or of a feature store: .safetensors, .npz or .csv.

    A .csv is read with the .csv.json beside it. Arrays of a .safetensors file are mapped: nothing is read before it
    is used.
    """
    path = Path(path)
    if not path.is_file():
        raise UsageError(f"{path}: no such file", "check the path")
    kind = path.suffix.lower()
    if kind == ".npz":
        with np.load(path) as npz:
            arrays = {name: npz[name] for name in npz.files}
        if "lld_columns" not in arrays:
            raise UsageError(f"{path}: not a feature file of mer", _HOW_TO_MAKE)
        metadata = json.loads(str(arrays["metadata"]))
    elif kind == ".csv":
        about = path.with_name(path.name + ".json")
        if not about.is_file():
            raise UsageError(f"{path}: what belongs to it, {about}, isn't there", "keep the two files together")
        metadata = json.loads(about.read_text(encoding="utf-8"))
        with path.open(encoding="utf-8", newline="") as file:
            columns = next(csv.reader(file))
            table = np.loadtxt(file, delimiter=",", ndmin=2)
        arrays = {name: table[:, columns.index(name)] for name in ("time_s", "kept", "energy_db")}
        num_bands = next(group["num_columns"] for group in metadata["features"] if group["matrix"] == "spectrogram")
        values = table[:, len(arrays) :].astype(np.float32)
        arrays |= {"spectrogram": values[:, :num_bands], "lld": values[:, num_bands:]}
        arrays["energy_db"] = arrays["energy_db"].astype(np.float32)
    else:
        arrays, texts = read_tensors(path)
        if "lld_columns" not in texts:
            raise UsageError(f"{path}: not a feature file of mer", _HOW_TO_MAKE)
        decoded = ("recipe", "shared_recipe", "lld_columns", "duration_s", "warnings")
        metadata = {key: json.loads(text) if key in decoded else text for key, text in texts.items()}
    return Features(arrays, _core.layout(Options(metadata["recipe"])._settings), metadata)


def _value(column: str, text: str | None) -> Any:
    if column in _TEXTS or text is None:
        return text or None
    if text == "":
        return None
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        return text


def read_table(path: StrPath) -> list[Record]:
    """The rows of a CSV that `mer` wrote; numbers are numbers, empty cells None."""
    path = Path(path)
    if not path.is_file():
        raise UsageError(f"{path}: no such file", "check the path")
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        return [{column: _value(column, text) for column, text in row.items()} for row in csv.DictReader(file)]


def flat_record(result: Mapping[str, Any]) -> Record:
    """An answer with columns p_<class> and tag_<tag> for `probabilities` and `tags`, in its segments, too."""
    record: Record = {}
    for key, value in result.items():
        if key in ("probabilities", "tags"):
            prefix = "p_" if key == "probabilities" else "tag_"
            record.update({prefix + name: p for name, p in (value or {}).items()})
        elif key == "segments" and isinstance(value, list):
            record[key] = [flat_record(segment) for segment in value]
        else:
            record[key] = value
    if isinstance(record.get("labels"), str):  # of a CSV
        record["labels"] = record["labels"].split(";")
    if record.get("path_bytes"):
        record["path"] = os.fsdecode(base64.b64decode(record.pop("path_bytes")))
    return record


def read_predictions(path: StrPath) -> list[Record]:
    """The answers in a list that `mer predict` wrote as json, jsonl or csv: what `predict()` returns.

    A path that is not UTF-8 comes as Python has such paths, with surrogate escapes: it opens the file.
    """
    path = Path(path)
    if path.suffix.lower() == ".csv":
        return [flat_record(row) for row in read_table(path)]
    if not path.is_file():
        raise UsageError(f"{path}: no such file", "check the path")
    text = path.read_text(encoding="utf-8")
    try:
        if path.suffix.lower() == ".json":
            results = json.loads(text)["results"]
        else:
            results = [json.loads(line) for line in text.splitlines() if line]
        return [flat_record(result) for result in results]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UsageError(
            f"{path}: not a list of predictions", "mer predict songs --format jsonl -o list.jsonl"
        ) from error


class Run:
    """A run folder, to read. Nothing is kept: each call reads what the folder holds then.

    Parameters
    ----------
    path : path
        Of the folder that `mer train` made, or of a cross-validation's, which holds `folds`.

    Examples
    --------
    >>> run = mer.Run("runs/mine")                          # doctest: +SKIP
    >>> pandas.DataFrame(run.metrics()).plot("iteration")   # doctest: +SKIP
    """

    def __init__(self, path: StrPath) -> None:
        self.path = Path(path)
        if not (self.path / "config.yaml").is_file():
            raise UsageError(f"{path}: is no folder with a run in it", "a run folder holds config.yaml")

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    def __fspath__(self) -> str:
        return str(self.path)

    @property
    def config(self) -> dict[str, Any]:
        """Every option, in nested sections."""
        return json.loads(_core.run_config(self.path / "config.yaml"))

    @property
    def status(self) -> dict[str, Any]:
        """run.json: status, command, version, seeds, songs."""
        return json.loads((self.path / "run.json").read_text(encoding="utf-8"))

    @property
    def folds(self) -> list[Run]:
        """Of a cross-validation; empty for any other run."""
        folds = sorted(self.path.glob("fold-*/config.yaml"), key=lambda file: int(file.parent.name[5:]))
        return [Run(file.parent) for file in folds]

    @property
    def splits(self) -> list[str]:
        """Parts of the corpus that have been scored."""
        return sorted(file.parent.name for file in self.path.glob("eval/*/metrics.json"))

    def metrics(self) -> list[Record]:
        """metrics.csv: a row an evaluation during training."""
        return read_table(self.path / "metrics.csv")

    def split(self) -> list[Record]:
        """split.csv: which song is in which part."""
        return read_table(self.path / "split.csv")

    def _evaluated(self, split: str, name: str) -> Path:
        file = self.path / "eval" / split / name
        if not file.is_file():
            raise UsageError(
                f"{file}: no such file; the run has not been scored there", f"mer eval {self.path} --split {split}"
            )
        return file

    def evaluation(self, split: str = "test") -> dict[str, Any]:
        """metrics.json of a part: scores with intervals."""
        return json.loads(self._evaluated(split, "metrics.json").read_text(encoding="utf-8"))

    def predictions(self, split: str = "test") -> list[Record]:
        """predictions.csv of a part: a row a song."""
        return read_table(self._evaluated(split, "predictions.csv"))

    def segments(self, split: str = "test") -> list[Record]:
        """segments.csv of a part: a row a segment."""
        return read_table(self._evaluated(split, "segments.csv"))

    def confusion(self, split: str = "test") -> tuple[list[str], np.ndarray]:
        """Classes, and counts [truth, predicted]."""
        rows = read_table(self._evaluated(split, "confusion.csv"))
        classes = [name for name in rows[0] if name != "truth"]
        return classes, np.array([[row[name] for name in classes] for row in rows], np.int64)

    def embeddings(self, split: str = "test") -> tuple[list[str], np.ndarray]:
        """Ids, and what a network has before its last layer [songs, size], mean over segments."""
        arrays, metadata = read_tensors(self._evaluated(split, "embeddings.safetensors"))
        return json.loads(metadata["ids"]), arrays["embeddings"]
