#!/usr/bin/env python3
"""Make data/pretrained/*.safetensors from the wheel that its authors published.

    python3 scripts/make_pretrained.py                  # writes data/pretrained/*.safetensors
    python3 scripts/make_pretrained.py --check          # compares with the files there; 1 if they differ
    python3 scripts/make_pretrained.py --wheels DIR     # takes the wheel from DIR, or keeps it there

Needs Python 3.11 and NumPy, and pip (with a package index) unless the wheel is in DIR.

The wheel holds TensorFlow checkpoints of two files each. `.data-00000-of-00001` is the tensors'
numbers, little-endian, one tensor after another. `.index` says where each tensor lies. It is a
table in LevelDB's format (LevelDB, doc/table_format.md):

    data blocks, index block, footer     a footer points to the index block, which points to the others
    block = entries, restarts            one byte (0: not compressed) and a checksum follow it
    entry = shared, new, value lengths   key = the first `shared` bytes of the key before + new bytes

The table's key "" holds a BundleHeaderProto, every other key is a tensor's name and holds a
BundleEntryProto (TensorFlow's tensor_bundle.proto). Checksums inside are not read: the wheel's SHA-256
covers them.
"""

import argparse
import ast
import hashlib
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile

import numpy as np

PACKAGE = "musicnn"
VERSION = "0.1.0"
WHEEL = f"{PACKAGE}-{VERSION}-py3-none-any.whl"
WHEEL_SHA256 = "f38a4890c648c1ddbb141c5d96d2b0a8cfcd36746002d896989f7b88beb65cfa"

PRETRAINED = pathlib.Path(__file__).resolve().parent.parent / "data" / "pretrained"

TABLE_MAGIC = 0xDB4775248B80FB57
FOOTER_BYTES = 48  # two block handles in 40 bytes, and the magic number
NOT_COMPRESSED = 0
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # the wire types of a protobuf field
DT_FLOAT = 1  # TensorFlow's number for float32


class FormatError(ValueError):
    """A file is not what its format says."""


def read_varint(data, at):
    """A number in groups of 7 bits, the lowest first, and the position after it."""
    value = 0
    for shift in range(0, 64, 7):
        if at >= len(data):
            break
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            return value, at
    raise FormatError("a number that does not end")


def read_block(table, offset, size):
    """The (key, value) pairs of the block at this place."""
    if size < 4 or offset + size + 5 > len(table):
        raise FormatError("a block that reaches beyond the end of the table")
    if table[offset + size] != NOT_COMPRESSED:
        raise FormatError("a compressed block")
    block = table[offset : offset + size]
    (num_restarts,) = struct.unpack_from("<I", block, size - 4)
    end = size - 4 * (num_restarts + 1)
    if end < 0:
        raise FormatError("more restarts than the block has room for")
    key, at = b"", 0
    while at < end:
        shared, at = read_varint(block, at)
        new, at = read_varint(block, at)
        value_size, at = read_varint(block, at)
        if shared > len(key) or at + new + value_size > end:
            raise FormatError("an entry that reaches beyond its block")
        key = key[:shared] + block[at : at + new]
        at += new
        yield key, block[at : at + value_size]
        at += value_size


def read_table(table):
    """All pairs of a table: {key: value}."""
    if len(table) < FOOTER_BYTES or struct.unpack_from("<Q", table, len(table) - 8)[0] != TABLE_MAGIC:
        raise FormatError("not a table of LevelDB's format")
    footer = table[-FOOTER_BYTES:]
    at = 0
    for _ in range(2):  # the handle of the metaindex, which TensorFlow leaves empty
        _, at = read_varint(footer, at)
    offset, at = read_varint(footer, at)
    size, at = read_varint(footer, at)
    pairs = {}
    for _, handle in read_block(table, offset, size):
        block_offset, at = read_varint(handle, 0)
        block_size, _ = read_varint(handle, at)
        pairs.update(read_block(table, block_offset, block_size))
    return pairs


def read_fields(message):
    """The (number, value) pairs of a protobuf message's fields; a value is an int or bytes."""
    at = 0
    while at < len(message):
        tag, at = read_varint(message, at)
        kind = tag & 7
        if kind == VARINT:
            value, at = read_varint(message, at)
        else:
            if kind == BYTES:
                size, at = read_varint(message, at)
            elif kind in (FIXED32, FIXED64):
                size = 4 if kind == FIXED32 else 8
            else:
                raise FormatError(f"a field of wire type {kind}")
            if at + size > len(message):
                raise FormatError("a field that reaches beyond its message")
            value = message[at : at + size]
            at += size
        yield tag >> 3, value


def read_checkpoint(index, data):
    """The float32 tensors of a checkpoint of one data file: {name: array}. Others are left out."""
    table = read_table(index)
    header = dict(read_fields(table.pop(b"", b"")))
    if header.get(1, 0) != 1 or header.get(2, 0) != 0:  # num_shards, endianness
        raise FormatError("not a checkpoint of one little-endian data file")
    tensors = {}
    for name, message in table.items():
        entry = dict(read_fields(message))  # 1 dtype, 2 shape, 4 offset, 5 size; 0 is not written
        if entry.get(1, 0) != DT_FLOAT:
            continue
        dims = [size for number, size in read_fields(entry.get(2, b"")) if number == 2]
        shape = [dict(read_fields(dim)).get(1, 0) for dim in dims]
        offset, size = entry.get(4, 0), entry.get(5, 0)
        if size != 4 * int(np.prod(shape)) or offset + size > len(data):
            raise FormatError(f"tensor {name.decode()}: its size and its shape do not agree with the data")
        tensors[name.decode()] = np.frombuffer(data, "<f4", size // 4, offset).reshape(shape)
    return tensors


def to_pytorch(tensor):
    """A tensor of TensorFlow's layout in PyTorch's."""
    if tensor.ndim == 4:  # [time, mel, in, out] → [out, in, time, mel]
        return tensor.transpose(3, 2, 0, 1)
    return tensor.T  # [in, out] → [out, in]; a vector stays


def numbered(name, number):
    """How TensorFlow names the n-th layer of a kind: conv2d, conv2d_1, conv2d_2 …"""
    return name if number == 0 else f"{name}_{number}"


def layer(ours, theirs):
    """What a convolution or a fully connected layer is called here and in the checkpoint."""
    return [(f"{ours}.weight", f"{theirs}/kernel"), (f"{ours}.bias", f"{theirs}/bias")]


def batch_norm(ours, number):
    theirs = numbered("batch_normalization", number)
    return [
        (f"{ours}.bn.weight", f"{theirs}/gamma"),
        (f"{ours}.bn.bias", f"{theirs}/beta"),
        (f"{ours}.bn.running_mean", f"{theirs}/moving_mean"),
        (f"{ours}.bn.running_var", f"{theirs}/moving_variance"),
    ]


def musicnn_names():
    """(our name, the checkpoint's name) of each tensor, in the order of our file."""
    names = batch_norm("input", 0)
    blocks = ["timbral_38", "timbral_67", "temporal_128", "temporal_64", "temporal_32", "mid_1", "mid_2", "mid_3"]
    for number, block in enumerate(blocks):
        names += layer(f"{block}.conv", numbered("conv2d", number)) + batch_norm(block, number + 1)
    return (
        names
        + batch_norm("pool", len(blocks) + 1)
        + layer("dense", "dense")
        + batch_norm("dense", len(blocks) + 2)
        + layer("tags", "dense_1")
    )


def vgg_names():
    """The same for the VGG."""
    names = batch_norm("input", 0)
    for number in range(1, 6):
        names += layer(f"conv_{number}.conv", f"{number}CNN") + batch_norm(f"conv_{number}", number)
    return names + layer("tags", "dense")


# File: (checkpoint in the wheel, `model` in the file's metadata, its tensors)
NETWORKS = {
    "musicnn.safetensors": ("MSD_musicnn", "musicnn", musicnn_names()),
    "vgg_tagger.safetensors": ("MSD_vgg", "vgg", vgg_names()),
}


def metadata_of(model, tags):
    return {
        "model": model,
        "trained_on": f"Million Song Dataset, {len(tags)} tags",
        "classes": ",".join(tags),
        "license": "ISC; Copyright (c) 2019 Music Technology Group, Universitat Pompeu Fabra (Jordi Pons); "
        "Keras conversion Copyright 2020 Elio Quinton",
        "bn_eps": "0.001",
    }


def safetensors_bytes(tensors, metadata):
    """A safetensors file: the header's length, a JSON header filled up to 8 bytes, and the numbers."""
    header, offset = {"__metadata__": metadata}, 0
    for name, tensor in tensors.items():
        end = offset + 4 * tensor.size
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    numbers = [np.ascontiguousarray(tensor, "<f4").tobytes() for tensor in tensors.values()]
    return struct.pack("<Q", len(text)) + text + b"".join(numbers)


def tags_of(configuration):
    """The list MSD_LABELS of the wheel's configuration.py."""
    for statement in ast.parse(configuration).body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id == "MSD_LABELS":
            return ast.literal_eval(statement.value)
    raise FormatError("configuration.py has no MSD_LABELS")


def convert(wheel):
    """What the files of data/pretrained hold: {file name: bytes}."""
    files = {}
    with zipfile.ZipFile(wheel) as archive:
        tags = tags_of(archive.read(f"{PACKAGE}/configuration.py"))
        for file, (checkpoint, model, names) in NETWORKS.items():
            parts = (archive.read(f"{PACKAGE}/{checkpoint}/{end}") for end in (".index", ".data-00000-of-00001"))
            theirs = read_checkpoint(*parts)
            ours = {name: to_pytorch(theirs[source]) for name, source in names}
            files[file] = safetensors_bytes(ours, metadata_of(model, tags))
    return files


def fetch_wheel(folder):
    """The wheel in this folder, brought by pip if it isn't there; its hash is compared."""
    wheel = folder / WHEEL
    if not wheel.exists():
        words = ["--quiet", "--no-deps", "--only-binary=:all:", f"--dest={folder}", f"{PACKAGE}=={VERSION}"]
        subprocess.run([sys.executable, "-m", "pip", "download", *words], check=True)
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != WHEEL_SHA256:
        raise FormatError(f"{wheel}: its SHA-256 is {found}, expected {WHEEL_SHA256}")
    return wheel


def main():
    parser = argparse.ArgumentParser(description="Make data/pretrained/*.safetensors from PyPI's wheel musicnn 0.1.0.")
    parser.add_argument("-o", "--output", type=pathlib.Path, default=PRETRAINED, metavar="DIR")
    parser.add_argument("--wheels", type=pathlib.Path, metavar="DIR", help="where the wheel is, or is to be kept")
    parser.add_argument("--check", action="store_true", help="compare with the files in the output folder, write nothing")
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            files = convert(fetch_wheel(arguments.wheels or pathlib.Path(scratch)))
        differing = 0
        for name, content in files.items():
            path = arguments.output / name
            if not arguments.check:
                path.write_bytes(content)
                print(f"{path}: {len(content)} bytes")
            elif path.exists() and path.read_bytes() == content:
                print(f"{path}: identical")
            else:
                differing += 1
                print(f"{path}: {'differs' if path.exists() else 'is missing'}")
        sys.exit(1 if differing else 0)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, subprocess.CalledProcessError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
