"""Networks in PyTorch say what the program's own say."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy as np

import mer

try:
    import torch

    import mer.torch
except ImportError as missing:
    raise unittest.SkipTest(f"no PyTorch: {missing}")

SOURCE = Path(__file__).resolve().parents[2]
SONG = SOURCE / "tests/fixtures/sample_song.flac"
torch.set_num_threads(1)


def probabilities(record):
    return {key: value for key, value in record.items() if key.startswith("p_")}


class EveryNetwork(unittest.TestCase):
    """Of the table of networks, each with every switch of its options; a padded batch and what C++ says of it."""

    @classmethod
    def setUpClass(cls):
        program = os.environ.get("MER_NETWORK_FILES")
        if not program:
            raise unittest.SkipTest("built without LibTorch")
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        subprocess.run([program, cls.folder.name], check=True)
        cls.files = sorted(Path(cls.folder.name).glob("*.safetensors"))

    def read(self, file):
        tensors, _ = mer.read_tensors(file)
        network = mer.torch.load(file)
        batch = {name: torch.from_numpy(tensors[f"input.{name}"].copy()) for name in network.parts}
        return network, batch, tensors

    def test_all_are_here(self):
        names = {mer.torch.load(file).card["model"]["name"] for file in self.files}
        self.assertEqual(names, set(mer.torch.NETWORKS))

    def test_says_the_same_of_padded_batches(self):
        for file in self.files:
            with self.subTest(file.stem), torch.no_grad():
                network, batch, tensors = self.read(file)
                output = network(**batch)._asdict()
                said = {name for name, one in output.items() if one is not None}
                self.assertEqual(
                    {f"expected.{name}" for name in said}, {n for n in tensors if n.startswith("expected")}
                )
                for name in said:
                    expected, one = torch.from_numpy(tensors[f"expected.{name}"].copy()), output[name]
                    np.testing.assert_allclose(one, expected, rtol=1e-4, atol=1e-5)
                    if name == "logits":
                        self.assertLess((one.softmax(1) - expected.softmax(1)).abs().max().item(), 1e-5)

    def test_rows_without_padding_need_no_mask(self):
        for file in self.files:
            with self.subTest(file.stem), torch.no_grad():
                network, batch, tensors = self.read(file)
                whole = {name: part[:1] for name, part in batch.items() if not name.endswith("_valid")}
                embedding = network(**whole).embedding
                np.testing.assert_allclose(embedding, tensors["expected.embedding"][:1], rtol=1e-4, atol=1e-5)

    def test_trains(self):
        for file in self.files:
            with self.subTest(file.stem):
                network, batch, _ = self.read(file)
                torch.manual_seed(1)
                is_large = file.stem.startswith(("musicnn", "vgg_tagger"))
                optimizer = torch.optim.Adam(network.train().parameters(), 0.0003 if is_large else 0.003)
                labels = torch.tensor([0, 1, 2])
                losses = []
                for _ in range(4):
                    optimizer.zero_grad()
                    output = network(**batch)
                    heads = [one for one in (output.values, output.tag_logits) if one is not None]
                    loss = sum((one - 0.5).square().mean() for one in heads)
                    if output.logits is not None:
                        loss = loss + torch.nn.functional.cross_entropy(output.logits, labels)
                    loss.backward()
                    optimizer.step()
                    losses.append(loss.item())
                if "dropout" not in file.stem:  # which makes losses noisy
                    self.assertLess(losses[-1], losses[0])
                for name, parameter in network.named_parameters():
                    self.assertIsNotNone(parameter.grad, name)

    def test_padding_changes_no_statistics_in_training(self):
        for file in self.files:
            if "dropout" in file.stem or file.stem.startswith(
                ("musicnn", "vgg_tagger")
            ):  # theirs count padding as silence
                continue
            with self.subTest(file.stem), torch.no_grad():
                network, batch, _ = self.read(file)
                steps = {"spectrogram": 6, "lld": 4}
                padded = {name: part.clone() for name, part in batch.items()}
                short = {}
                for name, part in padded.items():
                    count = steps.get(name.split("_")[0])
                    if name.endswith("_valid"):
                        part[:] = 0
                        part[:, :count] = 1
                    axis = {"spectrogram": 2, "lld": part.dim() - 2}.get(name, 1)
                    short[name] = part if name == "song_vector" else part.narrow(axis, 0, count)
                embedding = network.train()(**padded).embedding
                other = mer.torch.load(file).train()
                np.testing.assert_allclose(embedding, other(**short).embedding, rtol=1e-3, atol=1e-4)
                for (name, one), two in zip(network.named_buffers(), other.buffers()):
                    np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5, err_msg=name)


class PretrainedTaggers(unittest.TestCase):
    def test_give_the_values_of_their_authors(self):
        tensors, _ = mer.read_tensors(SOURCE / "tests/fixtures/taggers.safetensors")
        patch = torch.from_numpy(tensors["logmel"].copy()).t()[None]
        for name, short in (("musicnn", "musicnn"), ("vgg_tagger", "vgg")):
            network = mer.torch.load(SOURCE / f"data/pretrained/{name}.safetensors")
            with torch.no_grad():
                output = network(patch)
            np.testing.assert_allclose(output.embedding[0], tensors[f"{short}_embedding"], atol=1e-4)
            np.testing.assert_allclose(output.logits[0].sigmoid(), tensors[f"{short}_tags"], atol=1e-4)
            self.assertIn("happy", network.classes)

    def test_do_not_say_how_a_song_is_cut(self):
        network = mer.torch.load(SOURCE / "data/pretrained/musicnn.safetensors")
        with self.assertRaisesRegex(mer.UsageError, "don't say how a song is cut"):
            mer.torch.inputs(network, SONG)


@unittest.skipUnless(os.environ.get("MER_NETWORK_FILES"), "built without LibTorch")
class WholeSongs(unittest.TestCase):
    def test_get_the_answers_of_the_program(self):
        rate, samples = 44100, mer_samples()
        with tempfile.TemporaryDirectory() as folder:
            songs = []
            for seconds in (3, 12, 31):  # shorter than a segment, longer, several of them
                songs.append(Path(folder) / f"{seconds}.wav")
                write_wav(songs[-1], samples[: rate * seconds], rate)
            for model in ("small", "paper"):
                network = mer.torch.load(model)
                for song, theirs in zip(songs, mer.predict(songs, model)):
                    own = mer.torch.predict(network, song)
                    self.assertEqual(len(own["segments"]), len(theirs["segments"]))
                    for one, other in zip([own, *own["segments"]], [theirs, *theirs["segments"]]):
                        self.assertEqual(one["emotion"], other["emotion"])
                        for key, p in probabilities(one).items():
                            self.assertAlmostEqual(p, other[key], delta=1e-5)

    def test_arrays_are_songs_too(self):
        network = mer.torch.load("small")
        samples = mer_samples()[: 44100 * 4]
        parts = mer.torch.inputs(network, samples, 44100)
        self.assertEqual(tuple(parts["spectrogram"].shape), (1, 64, 108))
        self.assertLess(parts["spectrogram_valid"].sum(), 108)

    def test_a_classical_system_is_no_network(self):
        with self.assertRaises(mer.UsageError) as caught:
            mer.torch.load("default")
        self.assertIn("a classical system, not a network", caught.exception.message)
        with self.assertRaisesRegex(mer.UsageError, "did you mean 'small'"):
            mer.torch.load("smal")
        with self.assertRaisesRegex(mer.UsageError, "there is no member 2"):
            mer.torch.load("default", member=2)


def mer_samples():
    """31 s of notes, louder and softer."""
    t = np.arange(31 * 44100) / 44100
    hz = 220 * 2 ** ((t // 0.25 * 5 % 13) / 12)
    phase = 2 * np.pi * np.cumsum(hz) / 44100
    return (0.3 * np.sin(phase) + 0.1 * np.sin(3 * phase)) * (0.6 + 0.4 * np.sin(t))


def write_wav(path, samples, rate):
    import wave

    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    unittest.main()
