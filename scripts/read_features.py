#!/usr/bin/env python3
"""Read mer's feature files with NumPy alone.

    python3 scripts/read_features.py song.safetensors      # what is in the file
    python3 scripts/read_features.py song.safetensors f0   # seconds, kept, and a feature's columns

or, from another program:

    from read_features import read_features
    song = read_features("song.safetensors")
    song.time_s          # [T]     center of each frame in the audio file, in seconds
    song.kept            # [T]     True where voice activity detection found music
    song.spectrogram     # [T, K]  log-mel bands in dB, unless the recipe says otherwise
    song.lld             # [T, D]  low-level descriptors; song.columns names the D columns
    song["mfcc"]         # [T, 20] the columns whose names begin with "mfcc_"
    song.metadata        # recipe, fingerprint, duration_s, warnings, mer_version, ...

`mer preprocess` and `mer features -o song.safetensors` write these files. A safetensors file is 8
bytes of little-endian length, a JSON header of that length, and the arrays one after another. The
arrays are mapped: nothing is read before it is used. A song.npz needs none of this:
`np.load("song.npz")` has the same arrays.
"""

import json
import os
import sys

import numpy as np

DTYPES = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "U8": "u1"}


class Features:
    """One song's features; see the top of this file."""

    def __init__(self, arrays, metadata):
        self.arrays = arrays
        self.metadata = metadata
        self.columns = metadata["lld_columns"]
        self.time_s = arrays["time_s"]
        self.kept = arrays["kept"].astype(bool)
        self.energy_db = arrays["energy_db"]
        self.spectrogram = arrays["spectrogram"]
        self.lld = arrays["lld"]

    def __getitem__(self, name):
        """The LLD column of that name, or all whose names begin with it and "_"."""
        if name in self.columns:
            return self.lld[:, self.columns.index(name)]
        chosen = [i for i, column in enumerate(self.columns) if column.startswith(name + "_")]
        if not chosen:
            raise KeyError(f"no column {name!r}; there are {', '.join(self.columns)}")
        return self.lld[:, chosen[0] : chosen[-1] + 1]


def read_safetensors(path):
    """All arrays of a safetensors file, mapped read-only, and its metadata (texts)."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        header_bytes = int.from_bytes(file.read(8), "little")
        if 8 + header_bytes > size:
            raise ValueError(f"{path}: not a whole safetensors file")
        header = json.loads(file.read(header_bytes))
    metadata = header.pop("__metadata__", {})
    arrays = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        if 8 + header_bytes + end > size:
            raise ValueError(f"{path}: array {name!r} reaches beyond the end of the file")
        dtype = np.dtype(DTYPES[entry["dtype"]])
        shape = tuple(entry["shape"])
        if 0 in shape:
            arrays[name] = np.empty(shape, dtype)
        else:
            arrays[name] = np.memmap(path, dtype, "r", 8 + header_bytes + begin, shape)
    return arrays, metadata


def read_features(path):
    """A song's Features. JSON inside the metadata is decoded."""
    arrays, metadata = read_safetensors(path)
    if "lld_columns" not in metadata:
        raise ValueError(f"{path}: not a feature file of mer")
    for key in ("recipe", "shared_recipe", "lld_columns", "duration_s", "warnings"):
        metadata[key] = json.loads(metadata[key])
    return Features(arrays, metadata)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: read_features.py FILE.safetensors [FEATURE]")
    try:
        song = read_features(sys.argv[1])
        if len(sys.argv) == 2:
            audio = song.metadata["recipe"]["audio"]
            print(f"recipe       {song.metadata['fingerprint']}, mer {song.metadata['mer_version']}")
            print(f"audio        {song.metadata['duration_s']:.3f} s at {audio['sample_rate_hz']} Hz")
            print(f"frames       {len(song.time_s)}, {np.count_nonzero(song.kept)} kept")
            print(f"spectrogram  {song.spectrogram.shape[1]} columns, {song.metadata['spectrogram']}")
            for name, values in zip(song.columns, song.lld[song.kept].T):
                print(f"{name:20} mean {np.mean(values, dtype=float):10.3f}  sd {np.std(values, dtype=float):10.3f}")
            return
        values = song[sys.argv[2]].reshape(len(song.time_s), -1)
        for time_s, kept, row in zip(song.time_s, song.kept, values):
            print(f"{time_s:.4f}", int(kept), *(f"{value:.6g}" for value in row), sep="\t")
    except BrokenPipeError:  # `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"error: {error.args[0] if isinstance(error, KeyError) else error}")


if __name__ == "__main__":
    main()
