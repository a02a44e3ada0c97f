"""A manifest of any corpus that mirdata loads and whose tracks have emotion labels."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Union

from mer.errors import UsageError

#: A track's attribute, or what makes the value of a track.
Source = Union[str, Callable[[Any], Any], None]

#: What tracks call these things, the first that is there.
KNOWN = {
    "label": ("emotion", "mood", "quadrant"),
    "labels": ("emotions", "moods"),
    "valence": ("valence",),
    "arousal": ("arousal",),
    "group": ("artist_id", "artist", "artist_name"),
}
_SPLITS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
}


def _value_of(track: Any, source: Source) -> Any:
    return source(track) if callable(source) else getattr(track, source, None)


def _text(column: str, value: Any) -> str:
    if value is None:
        return ""
    if column == "labels":
        words = [value] if isinstance(value, str) else list(value)
        return ";".join(str(word).strip() for word in words)
    return repr(float(value)) if column in ("valence", "arousal") else str(value).strip()


def _split_of_tracks(dataset: Any, split: Mapping[str, list[str]] | None) -> dict[str, str]:
    if split is None:
        try:
            split = dataset.get_track_splits()
        except (AttributeError, NotImplementedError):  # it has none
            return {}
    names = {str(name).lower(): ids for name, ids in split.items()}
    unknown = [name for name in names if name not in _SPLITS]
    if unknown:
        raise UsageError(
            f"the corpus' split has a part '{unknown[0]}', allowed: train, validation, test",
            "give split={'train': [ids], 'validation': [ids], 'test': [ids]}, or split={} for none",
        )
    return {track_id: _SPLITS[name] for name, ids in names.items() for track_id in ids}


def from_mirdata(
    dataset: Any,
    path: str | os.PathLike[str],
    *,
    label: Source = None,
    labels: Source = None,
    valence: Source = None,
    arousal: Source = None,
    group: Source = None,
    split: Mapping[str, list[str]] | None = None,
) -> dict[str, int]:
    """Write the manifest of a mirdata corpus.

    Parameters
    ----------
    dataset : mirdata.core.Dataset
        What ``mirdata.initialize(…)`` gives, downloaded.
    path : path
        The manifest to write; paths in it are relative to its folder.
    label, labels, valence, arousal, group : str or callable, optional
        A track's attribute, or a function of a track: one class, several labels, ratings in −1…1, and what must not
        cross a split. Default: what tracks are known to have (`KNOWN`; `tags` of a corpus
        that has moods or emotions in its name).
    split : Mapping, optional
        Part to track ids; default: the corpus' own split, if it has one. ``{}`` is none.

    Returns
    -------
    dict
        `songs` written, and how many were left out: `without_audio`, `without_labels`.

    Raises
    ------
    UsageError
        When tracks have nothing that is known as an emotion label, or no audio is there.
    """
    tracks = dataset.load_tracks()
    if not tracks:
        raise UsageError(f"{dataset.name}: has no tracks")
    first = next(iter(tracks.values()))
    given = {"label": label, "labels": labels, "valence": valence, "arousal": arousal, "group": group}
    is_chosen = any(source is not None for name, source in given.items() if name != "group")
    known = dict(KNOWN)
    if any(word in dataset.name for word in ("mood", "emotion")):  # elsewhere tags are of any kind
        known["labels"] += ("tags",)
    sources: dict[str, Source] = {}
    for column, source in given.items():
        if source is None and (column == "group" or not is_chosen):
            source = next((name for name in known[column] if name in dir(first)), None)
        if source is not None:
            sources[column] = source
    targets = [column for column in sources if column != "group"]
    if not targets:
        names = [name for name in dir(first) if not name.startswith("_")]
        raise UsageError(
            f"{dataset.name}: its tracks have no emotion label that is known; they have {', '.join(names)}",
            "name the attribute: from_mirdata(dataset, path, label='…')",
        )
    parts = _split_of_tracks(dataset, split)
    columns = ["path", *sources, *(["split"] if parts else []), "id"]
    folder = Path(path).resolve().parent
    rows, without_audio, without_labels = [], 0, 0
    for track_id, track in tracks.items():
        audio = getattr(track, "audio_path", None)
        if not audio or not os.path.isfile(audio):
            without_audio += 1
            continue
        row = {column: _text(column, _value_of(track, source)) for column, source in sources.items()}
        if not any(row[column] for column in targets) or (parts and track_id not in parts):
            without_labels += 1
            continue
        row |= {"path": os.path.relpath(audio, folder), "split": parts.get(track_id, ""), "id": str(track_id)}
        rows.append([row[column] for column in columns])
    if not rows:
        raise UsageError(
            f"{dataset.name}: none of its {len(tracks)} tracks has both audio and labels", "dataset.download()"
        )
    temporary = Path(f"{os.fspath(path)}.part")
    with temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *rows])
    temporary.replace(path)
    return {"songs": len(rows), "without_audio": without_audio, "without_labels": without_labels}
