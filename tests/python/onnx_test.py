"""ONNX models say what their PyTorch modules say. Needs onnx, onnxscript and onnxruntime: scripts/check_python.sh."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy as np

import mer

try:
    import onnxruntime
    import onnxscript  # noqa: F401
    import torch

    import mer.torch
except ImportError as missing:
    raise unittest.SkipTest(f"{missing}")

# One of each network; of the largest, each way of pooling and each part.
NAMES = ("plain_last", "attention", "mean_std", "three_convolutions", "song_vector", "two_lld_branches", "crnn", "cnn",
         "light_cnn", "lld_bilstm", "drnn", "musicnn", "vgg_tagger", "all_tasks", "values_of_two_lld_branches")  # fmt: skip


@unittest.skipUnless(os.environ.get("MER_NETWORK_FILES"), "built without LibTorch")
class Onnx(unittest.TestCase):
    def test_says_the_same_of_padded_batches_of_any_size(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([os.environ["MER_NETWORK_FILES"], folder], check=True)
            for name in NAMES:
                with self.subTest(name):
                    file = Path(folder) / f"{name}.safetensors"
                    tensors, _ = mer.read_tensors(file)
                    network = mer.torch.load(file)
                    mer.torch.export_onnx(network, f"{folder}/{name}.onnx")
                    session = onnxruntime.InferenceSession(f"{folder}/{name}.onnx")
                    self.assertEqual([part.name for part in session.get_inputs()], list(network.parts))
                    for rows in (slice(None), slice(1)):
                        batch = {part: np.array(tensors[f"input.{part}"][rows]) for part in network.parts}
                        outputs = [output.name for output in session.get_outputs()]
                        self.assertIn("embedding", outputs)
                        for own, key in zip(session.run(outputs, batch), outputs):
                            np.testing.assert_allclose(own, tensors[f"expected.{key}"][rows], rtol=1e-4, atol=1e-5)


if __name__ == "__main__":
    unittest.main()
