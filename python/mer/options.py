"""Options of features: every key that `mer features` knows, with its meaning, checked when it is set."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mer import _core
from mer.errors import UsageError
from mer.find_program import program_folder

#: Every dotted key with its meaning, its range or the words that it allows.
HELP: dict[str, str] = dict(_core.Settings.help())

#: The outer ones.
SECTIONS = {key.partition(".")[0] for key in HELP}


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays, tuples and paths as JSON has them."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"an option can't be {type(value).__name__}")


def _leaves(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{key}.")
        else:
            yield above + key, value


def _full_key(name: str) -> str:
    """The one key that is `name` or ends in it; a dotted name where there is none, for the reader to refuse."""
    if name in HELP:
        return name
    ends = [key for key in HELP if key.endswith("." + name)]
    if len(ends) > 1:
        raise UsageError(f"'{name}' may be {', '.join(ends)}", "write more of the key")
    if not ends and "." not in name and name not in SECTIONS:
        near = difflib.get_close_matches(name, (key.rpartition(".")[2] for key in HELP), 1)
        raise UsageError(
            f"unknown option '{name}'", f"did you mean '{near[0]}'?" if near else "Options.help() has them all"
        )
    return ends[0] if ends else name


class Options(Mapping):
    """What features are made of: audio, vad, features, descriptors.

    Keys are those of a config, dotted (`docs/config.md`). Each may be written by as much of its end as tells it from
    the others, and sections may be given as dictionaries. Whatever isn't given keeps its default; `audio.duration_s`
    is 0, the whole sound.

    Parameters
    ----------
    *given : Mapping
        Dictionaries of keys, later ones over earlier ones.
    **options
        The same as keyword arguments.

    Raises
    ------
    UsageError
        For a key that isn't known, naming the nearest one, and for a value that isn't allowed.

    Examples
    --------
    >>> options = Options(hop_samples=512, features={"lld": ["mfcc", "chroma"]})
    >>> options["features.frame.hop_samples"], options["max_bpm"]
    (512, 240.0)
    >>> print(options.help("pitch.min_hz"))
    features.pitch.min_hz: lowest pitch in Hz; in 20…1000
    """

    def __init__(self, *given: Mapping[str, Any], **options: Any) -> None:
        tree: dict[str, Any] = {}
        for key, value in (leaf for mapping in (*given, options) for leaf in _leaves(mapping)):
            *sections, last = _full_key(key).split(".")
            place = tree
            for section in sections:
                place = place.setdefault(section, {})
            place[last] = value
        self._set(_core.Settings(json.dumps(tree, default=_plain)))

    def _set(self, settings: _core.Settings) -> None:
        self._settings = settings
        self._tree: dict[str, Any] = json.loads(settings.json())
        self._values = dict(_leaves(self._tree))

    @classmethod
    def of_config(cls, config: str | os.PathLike) -> Options:
        """Those of a YAML file, or of an installed config's name such as ``"4qaed"``.

        Other sections of the config are checked and left aside.
        """
        options = cls.__new__(cls)
        options._set(_core.Settings.of_config(config, program_folder()))
        return options

    def __getitem__(self, key: str) -> Any:
        return self._values[_full_key(key)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        default = Options() if self else self
        changed = {key: value for key, value in self.items() if value != default[key]}
        return f"Options({changed or ''})"

    def to_dict(self) -> dict[str, Any]:
        """All keys in nested sections, as in a YAML file."""
        return json.loads(json.dumps(self._tree))

    @staticmethod
    def help(key: str = "") -> str:
        """Meaning, range or words of every key that is, begins with, or ends in `key`."""
        chosen = [k for k in HELP if not key or k == key or k.startswith(key + ".") or k.endswith("." + key)]
        if not chosen:
            raise UsageError(f"unknown key '{key}'", "Options.help() prints them all")
        return "\n".join(f"{k}: {HELP[k]}" for k in chosen)


def options_of(options: Options | Mapping[str, Any] | None, more: Mapping[str, Any]) -> Options:
    """`options`, with `more` over them."""
    if isinstance(options, Options) and not more:
        return options
    return Options(options or {}, more)
