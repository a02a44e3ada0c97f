"""Features of sounds as NumPy arrays: frames in their columns, songs as vectors."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from mer import _core
from mer.options import Options, options_of

if TYPE_CHECKING:
    import pandas

MAX_CHANNELS = 64

#: A file, or samples.
Sound = Union[str, "os.PathLike[str]", bytes, np.ndarray]


class Features(Mapping):
    """A song's features: frames are rows.

    As a mapping it holds each feature by its name, ``song["mfcc"]`` is [T, 20]; a single column by its own name,
    ``song["mfcc_0"]`` is [T].

    Attributes
    ----------
    time_s : ndarray [T]
        Center of each frame in the source, in seconds, silence included.
    kept : ndarray [T] of bool
        Where voice activity detection found music.
    energy_db : ndarray [T]
        Mean square of each frame in dBFS.
    spectrogram : ndarray [T, K]
        Log-mel bands in dB, unless the options say otherwise.
    spectrogram_hz : ndarray [K]
        Center of each band in Hz.
    lld : ndarray [T, D]
        Frame features beside each other.
    columns : list of str
        Name of each of the D columns.
    groups : list of dict
        name, first_column, num_columns, unit, source and description of each feature.
    metadata : dict
        recipe (all options), fingerprint, duration_s, warnings, mer_version.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray], layout: Mapping[str, Any], metadata: dict[str, Any]) -> None:
        self.time_s = arrays["time_s"]
        self.kept = np.asarray(arrays["kept"]).astype(bool)
        self.energy_db = arrays["energy_db"]
        self.spectrogram = arrays["spectrogram"]
        self.spectrogram_hz: np.ndarray = layout["spectrogram_hz"]
        self.lld = arrays["lld"]
        self.columns: list[str] = layout["columns"]
        self.groups: list[dict[str, Any]] = layout["groups"]
        self.metadata = metadata

    def __getitem__(self, name: str) -> np.ndarray:
        for group in self.groups:
            if group["name"] == name:
                first, count = group["first_column"], group["num_columns"]
                return self.lld[:, first] if count == 1 else self.lld[:, first : first + count]
        if name in self.columns:
            return self.lld[:, self.columns.index(name)]
        raise KeyError(f"{name!r}: there are {', '.join([*self, *self.columns])}")

    def __iter__(self) -> Iterator[str]:
        return (group["name"] for group in self.groups)

    def __len__(self) -> int:
        return len(self.groups)

    def __repr__(self) -> str:
        return f"<Features: {len(self.time_s)} frames, {np.count_nonzero(self.kept)} kept: {', '.join(self)}>"

    def to_frame(self) -> pandas.DataFrame:
        """A row a frame: kept, energy_db, bands and frame features, indexed by time_s (needs pandas)."""
        import pandas

        name = self.metadata.get("spectrogram", "spectrogram")
        bands = [f"{name}_{i}" for i in range(self.spectrogram.shape[1])]
        frame = pandas.DataFrame(np.hstack([self.spectrogram, self.lld]), columns=[*bands, *self.columns])
        frame.insert(0, "energy_db", self.energy_db)
        frame.insert(0, "kept", self.kept)
        frame.index = pandas.Index(self.time_s, name="time_s")
        return frame


def to_samples(sound: np.ndarray) -> np.ndarray:
    """Contiguous float [frames, channels] of whatever array holds a sound.

    Whole numbers are divided by their full scale, as files of that kind are. Of two axes the shorter one is channels:
    soundfile's [n, 2] and librosa's [2, n] are both understood.
    """
    samples = np.asarray(sound)
    if samples.dtype.kind == "u" and samples.dtype.itemsize == 1:
        samples = (samples.astype(np.float32) - 128) / 128
    elif samples.dtype.kind == "i":
        samples = samples.astype(np.float64) / -float(np.iinfo(samples.dtype).min)
    elif samples.dtype.kind != "f":
        raise TypeError(f"samples of type {samples.dtype}: floats, signed integers and uint8 are sound")
    if samples.ndim == 1:
        samples = samples[:, np.newaxis]
    if samples.ndim != 2 or samples.size == 0:
        raise ValueError(
            f"samples of shape {np.shape(sound)}: a sound is [n], [n, channels] or [channels, n], not empty"
        )
    if samples.shape[0] < samples.shape[1]:
        samples = samples.T
    if samples.shape[1] > MAX_CHANNELS:
        raise ValueError(f"samples of shape {np.shape(sound)}: {samples.shape[1]} channels, allowed: {MAX_CHANNELS}")
    return np.ascontiguousarray(samples, np.float32)


def to_sound(sound: Sound, rate: int | None) -> Any:
    """What the extension takes: a path, or (samples, rate)."""
    if isinstance(sound, (str, bytes, os.PathLike)):
        if rate is not None:
            raise ValueError("a file says its rate itself")
        return os.fspath(sound)
    if rate is None:
        raise ValueError("samples need their rate in Hz")
    if rate != int(rate) or rate <= 0:
        raise ValueError(f"a rate of {rate} Hz: allowed are whole numbers above 0")
    return to_samples(sound), int(rate)


def features(
    sound: Sound, rate: int | None = None, options: Options | Mapping[str, Any] | None = None, **more: Any
) -> Features:
    """Compute the features of a sound.

    An array takes the way of a file: its channels become one, a constant offset goes, it is resampled to
    `audio.sample_rate_hz`. Both give the same numbers. Other Python threads run meanwhile.

    Parameters
    ----------
    sound : path or ndarray
        A file, or samples: [n], [n, channels] or [channels, n] of any float or signed integer type, or uint8.
    rate : int
        Rate of the samples in Hz; not of a file, which says it itself.
    options : Options or Mapping, optional
        What to compute.
    **more
        Options over these, e.g. ``hop_samples=512, lld=["mfcc"]``; see `Options`.

    Returns
    -------
    Features

    Raises
    ------
    InputError
        For a sound that can't be read, is shorter than a frame, silent, or has NaN.
    UsageError
        For options that aren't known or don't fit.
    """
    chosen = options_of(options, more)
    made = _core.extract(chosen._settings, to_sound(sound, rate))
    metadata = {
        "recipe": chosen.to_dict(),
        "spectrogram": made["layout"]["spectrogram_group"]["name"],
        **made["metadata"],
    }
    del metadata["recipe"]["descriptors"]
    return Features(made, made["layout"], metadata)


def descriptors(
    sound: Sound | Features,
    rate: int | None = None,
    options: Options | Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, float]:
    """Sum up a sound in numbers: onsets, tempo, dynamics, texture, tonality, melody …

    Parameters
    ----------
    sound : path, ndarray or Features
        As of `features()`, or what that gave: then `options` say which descriptors.

    Returns
    -------
    dict
        Name to number, in order; `descriptor_table()` has families and units.
    """
    if isinstance(sound, Features):
        of_frames = sound.metadata["recipe"]
        chosen = Options(of_frames, options or {}, more)
        if any(chosen.to_dict()[section] != of_frames[section] for section in of_frames):
            raise ValueError("features are made already: options can only say which descriptors")
    else:
        chosen = options_of(options, more)
        sound = features(sound, rate, chosen)
    numbers = _core.describe(chosen._settings, sound.spectrogram, sound.lld, sound.energy_db, sound.kept)
    names = [row["name"] for row in _core.descriptor_table(chosen._settings)]
    return dict(zip(names, numbers.tolist()))


def descriptor_table(options: Options | Mapping[str, Any] | None = None, **more: Any) -> list[dict[str, str]]:
    """Name, family, unit and source of each descriptor."""
    return _core.descriptor_table(options_of(options, more)._settings)
