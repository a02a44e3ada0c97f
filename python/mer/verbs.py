"""What the `mer` program does: train, score, predict. Results come as records, for ``pandas.DataFrame(…)``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Union

import numpy as np

from mer.errors import Error, InputError, UsageError
from mer.files import Record, Run, StrPath, flat_record
from mer.find_program import program
from mer.options import _leaves, _plain

Model = Union[str, "os.PathLike[str]"]
_SOME_FAILED, _INTERRUPTED = 3, 130


def _fail(code: int, lines: list[str]) -> None:
    """Raises what the program said at its end."""
    message, hint = f"mer ended with exit code {code}", ""
    for line in lines:
        if line.startswith("error: "):
            message, hint = line[len("error: ") :], ""
        elif line.startswith("  hint: "):
            hint = line[len("  hint: ") :]
    raise {2: UsageError, _SOME_FAILED: InputError}.get(code, Error)(message, hint)


def call(
    arguments: Sequence[str], stdin: bytes = b"", verbose: bool = False, allowed: Iterable[int] = (0,)
) -> tuple[str, str]:
    """Run `mer` with arguments.

    Parameters
    ----------
    verbose : bool
        Pass on what it says to ``sys.stderr`` as it comes.
    allowed : iterable of int
        Exit codes that are no error.

    Returns
    -------
    tuple of str
        What it wrote on stdout, and what it said.
    """
    process = subprocess.Popen(
        [str(program()), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    lines: list[str] = []

    def listen() -> None:
        for raw in process.stderr:
            lines.append(raw.decode("utf-8", "replace").rstrip("\n"))
            if verbose:
                print(lines[-1], file=sys.stderr, flush=True)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        with process.stdin as pipe:
            pipe.write(stdin)
    except BrokenPipeError:
        pass  # it has ended, and says why
    try:
        data = process.stdout.read()
        code = process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)  # a notebook interrupts its own process alone
        process.wait()
        raise
    finally:
        listener.join()
        process.stdout.close()
        process.stderr.close()
    if code == _INTERRUPTED:
        raise KeyboardInterrupt
    if code not in allowed:
        _fail(code, lines)
    return data.decode("utf-8"), "\n".join(lines)


def _models(model: Model | Sequence[Model] | None) -> list[str]:
    if model is None:
        return []
    return [os.fspath(one) for one in ([model] if isinstance(model, (str, os.PathLike)) else model)]


def _settings(settings: Mapping[str, Any]) -> list[str]:
    return [
        word for key, value in _leaves(settings) for word in ("--set", f"{key}={json.dumps(value, default=_plain)}")
    ]


def _paths(songs: StrPath | Iterable[StrPath]) -> bytes:
    many = [songs] if isinstance(songs, (str, os.PathLike)) else list(songs)
    if not many:
        raise UsageError("there are no songs")
    return b"".join(os.fsencode(song) + b"\0" for song in many)


def predict(
    songs: StrPath | Iterable[StrPath],
    model: Model | Sequence[Model] | None = None,
    *,
    max_seconds: float = 0,
    min_confidence: float = 0,
    adapt: bool | None = None,
    jobs: int = 0,
    verbose: bool = False,
) -> list[Record]:
    """Tell which emotion songs carry.

    Parameters
    ----------
    songs : path or iterable of paths
        Files, and folders, which are searched for audio.
    model : path, name or sequence of them, optional
        A run, a model file or a bundled model; several answer together. Default: the bundled `default`.
    max_seconds : float
        Analyse this much from the start; 0 is all.
    min_confidence : float
        Below it `emotion` is None.
    adapt : bool, optional
        Whether answers are set against the songs given, where they are another kind of music than the model learned
        from; default: of 100 songs or more.
    jobs : int
        Songs at once; 0 is one a core.
    verbose : bool
        Show what the program says.

    Returns
    -------
    list of dict
        A record a song, in order: path, status ("ok" or "error"), error, hint, and what the model answers: emotion,
        confidence, p_<class> …, valence and arousal, labels and tag_<tag> …; `segments` is a list of such records.
        A song that fails is no exception.
    """
    words = ["predict", "-", "--format", "json", "-j", str(jobs)]
    words += ["--max-seconds", str(max_seconds), "--min-confidence", str(min_confidence)]
    words += [word for one in _models(model) for word in ("-m", one)]
    if adapt is not None:
        words.append("--adapt" if adapt else "--no-adapt")
    data, _ = call(words, _paths(songs), verbose, allowed=(0, _SOME_FAILED))
    return [flat_record(result) for result in json.loads(data)["results"]]


class Embeddings(NamedTuple):
    """What a network has before its last layer, a row a patch, segment or song."""

    path: list[str]
    """Of each row's song."""
    start_s: np.ndarray
    """Seconds in the source file, [rows]."""
    end_s: np.ndarray
    valid: np.ndarray
    """Whether a row has any music, [rows]."""
    vectors: np.ndarray
    """[rows, numbers], float32."""
    columns: list[str]
    """Names of the numbers."""


def embed(
    songs: StrPath | Iterable[StrPath],
    model: Model = "musicnn",
    *,
    per: str = "",
    settings: Mapping[str, Any] | None = None,
    jobs: int = 0,
    verbose: bool = False,
) -> Embeddings:
    """What a network has before its last layer.

    Parameters
    ----------
    songs : path or iterable of paths
        Files, and folders, which are searched for audio. Songs that fail are left out.
    model : path or name
        `musicnn`, `vgg_tagger`, an exported network's file (NAME.pt), a run or a model file.
    per : {"", "patch", "segment", "song"}
        A row a patch (pre-trained and exported networks), a segment (runs, models), or a song, which is the mean.
        Default: patch or segment.
    settings : Mapping, optional
        Config keys, e.g. ``{"embed.hop_s": 1}``.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "embeddings.npz")
        words = ["features", "-", "--embeddings", os.fspath(model), "-o", file, "-j", str(jobs)]
        words += (["--per", per] if per else []) + _settings(settings or {})
        call(words, _paths(songs), verbose, allowed=(0, _SOME_FAILED))
        with np.load(file) as npz:
            return Embeddings(
                npz["path"].tolist(),
                npz["start_s"],
                npz["end_s"],
                npz["valid"],
                npz["embeddings"],
                npz["names"].tolist(),
            )


def train(
    config: StrPath | None = None,
    settings: Mapping[str, Any] | None = None,
    *,
    name: str = "",
    runs: StrPath = "runs",
    resume: StrPath | None = None,
    verbose: bool = False,
) -> Run:
    """Train a network or a classical system into a new run folder.

    Parameters
    ----------
    config : path or name
        A YAML file, or an installed config.
    settings : Mapping, optional
        Keys over it, dotted or in sections; paths in it are relative to the working directory.
    name : str
        Of the run; default: the config's stem.
    runs : path
        Folder of the run folders.
    resume : path, optional
        Continue this run instead.

    Returns
    -------
    Run
        Songs that could not be read are in ``run.status``, and no exception.
    """
    if resume is not None:
        if config is not None or settings or name:
            raise UsageError("a run that is continued has its config and its name", "leave them out")
        call(["train", "--resume", os.fspath(resume)], b"", verbose, allowed=(0, _SOME_FAILED))
        return Run(resume)
    if config is None:
        raise UsageError("there is no config", "name a YAML file or an installed config, e.g. 'descriptors'")
    words = ["train", "-c", os.fspath(config), "--runs", os.fspath(runs), *_settings(settings or {})]
    _, said = call(words + (["--name", name] if name else []), b"", verbose, allowed=(0, _SOME_FAILED))
    mark = "run       "
    folders = [line[len(mark) :] for line in said.splitlines() if line.startswith(mark)]
    if not folders:
        raise Error("mer did not say where the run is", f"it said: {said[-500:]}")
    return Run(folders[0])


def evaluate(
    model: Model | Sequence[Model],
    *,
    manifest: StrPath | None = None,
    split: str = "",
    weights: str = "",
    settings: Mapping[str, Any] | None = None,
    folder: StrPath | None = None,
    jobs: int = 0,
    verbose: bool = False,
) -> dict[str, Any]:
    """Score trained systems on labelled songs.

    Parameters
    ----------
    model : path, name, Run or sequence of them
        Several answer together.
    manifest : path, optional
        Score these songs instead of the run's.
    split : str
        train, validation or test; default: test of a run, all of a manifest.
    weights : str
        best or last; default: what the run's config says.
    folder : path, optional
        Write metrics.json and its tables there; a run's are in the run.

    Returns
    -------
    dict
        metrics.json (`docs/formats.md`).
    """
    words = ["eval", "--format", "json", "-j", str(jobs)]
    for flag, value in (("--manifest", manifest), ("--split", split), ("--weights", weights), ("-o", folder)):
        if value:
            words += [flag, os.fspath(value)]
    words += [*_settings(settings or {}), "--", *_models(model)]
    data, _ = call(words, b"", verbose, allowed=(0, _SOME_FAILED))
    return json.loads(data)
