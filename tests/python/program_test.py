"""Training, scoring and predicting through the program, and readers of what it writes."""

import csv
import json
import os
import subprocess
import tempfile
import types
import unittest
from pathlib import Path

import numpy as np

import mer

SOURCE = Path(__file__).resolve().parents[2]
CLASSES = ["happy", "anger", "sad", "relaxed"]


def has_engine():
    return bool(os.environ.get("MER_NETWORK_FILES"))  # both are built with LibTorch


def run(*words, cwd=None):
    subprocess.run([str(mer.program()), *map(str, words)], check=True, cwd=cwd, capture_output=True)


class World(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = Path(temporary.name)
        before = Path.cwd()
        os.chdir(cls.folder)
        cls.addClassCleanup(os.chdir, before)
        run("synth", "-o", "songs", "--songs", 16, "--seconds", 4, "-q")
        run("import", "folder", "songs", "-o", "songs.csv")


@unittest.skipUnless(has_engine(), "built without LibTorch")
class Verbs(World):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_ = mer.train("descriptors", {"data": {"manifest": "songs.csv"}, "train.seed": np.int64(3)}, name="mine")
        cls.scores = mer.evaluate(cls.run_)

    def test_embed_gives_a_row_a_patch_or_a_song(self):
        with self.assertRaisesRegex(mer.UsageError, "neither a path"):
            mer.embed("songs", "nothing")
        rows = mer.embed("songs/sad", "vgg_tagger")
        self.assertEqual(rows.vectors.shape, (4, 256))
        self.assertEqual(rows.columns[0], "vgg_tagger_0")
        self.assertAlmostEqual(rows.end_s[0], 2.992)  # 187 frames of 256 samples at 16 kHz
        self.assertTrue(rows.path[0].endswith(".flac"))
        songs = mer.embed(rows.path, "vgg_tagger", per="song", settings={"embed.hop_s": 1})
        self.assertEqual((len(songs.path), songs.vectors.dtype), (4, np.float32))

    def test_train_gives_the_run(self):
        self.assertEqual(self.run_.path, Path("runs/mine"))
        self.assertEqual(self.run_.config["model"]["name"], "svm")
        self.assertEqual(self.run_.config["train"]["seed"], 3)
        self.assertEqual(self.run_.status["status"], "finished")
        rows = self.run_.metrics()
        self.assertEqual(rows[0]["iteration"], 1)
        self.assertIsNone(rows[0]["train_loss"])
        self.assertIsInstance(rows[0]["val_accuracy"], (int, float))
        self.assertEqual({row["split"] for row in self.run_.split()}, {"train", "validation", "test"})
        self.assertEqual(self.run_.folds, [])

    def test_train_without_a_name_takes_the_configs(self):
        made = mer.train("descriptors", {"data.manifest": "songs.csv"}, runs="others")
        self.assertEqual(made.path, Path("others/descriptors"))

    def test_evaluate_gives_the_scores_and_the_run_keeps_them(self):
        self.assertEqual(self.scores["classes"], CLASSES)
        self.assertEqual(self.run_.splits, ["test"])
        self.assertEqual(self.run_.evaluation(), self.scores)
        rows = self.run_.predictions()
        self.assertEqual(len(rows), self.scores["songs"]["count"])
        self.assertAlmostEqual(sum(rows[0][f"p_{name}"] for name in CLASSES), 1, places=5)
        self.assertEqual(self.run_.segments()[0]["start_s"], 0)
        classes, counts = self.run_.confusion()
        self.assertEqual(classes, CLASSES)
        self.assertEqual(counts.tolist(), self.scores["songs"]["confusion"])
        with self.assertRaisesRegex(
            mer.UsageError, "has not been scored there\n  hint: mer eval runs/mine --split train"
        ):
            self.run_.evaluation("train")

    def test_evaluate_a_manifest(self):
        scores = mer.evaluate([self.run_, self.run_.path], manifest="songs.csv", folder="scores", jobs=1)
        self.assertEqual(scores["songs"]["count"], 16)
        self.assertTrue(Path("scores/metrics.json").is_file())

    def test_predict_gives_records(self):
        songs = sorted(Path("songs").rglob("*.flac"))[:2]
        records = mer.predict([*songs, "gone.flac"], self.run_)
        self.assertEqual([r["status"] for r in records], ["ok", "ok", "error"])
        self.assertEqual(records[0]["path"], str(songs[0]))
        self.assertAlmostEqual(sum(records[0][f"p_{name}"] for name in CLASSES), 1, places=5)
        self.assertEqual(records[0]["confidence"], max(records[0][f"p_{name}"] for name in CLASSES))
        self.assertIn("p_sad", records[0]["segments"][0])
        self.assertEqual((records[2]["emotion"], records[2]["error"]), (None, "gone.flac: no such file"))
        self.assertEqual(len(mer.predict("songs", self.run_)), 16)
        self.assertEqual(mer.predict(songs[0], self.run_, min_confidence=1)[0]["emotion"], None)

    def test_predict_takes_names_that_are_not_utf8(self):
        name = os.fsdecode(b"odd \xff\n.flac")
        Path(name).write_bytes(next(Path("songs").rglob("*.flac")).read_bytes())
        self.assertEqual(mer.predict(name, self.run_)[0]["path"], name)
        for kind in ("jsonl", "csv", "json"):
            subprocess.run([str(mer.program()), "predict", "-", "-m", "runs/mine", "--format", kind, "-o", f"odd.{kind}", "-q"],
                           input=os.fsencode(name) + b"\0", check=True)  # fmt: skip
            record = mer.read_predictions(f"odd.{kind}")[0]
            self.assertTrue(Path(record["path"]).is_file(), kind)
            self.assertGreater(record["p_happy"], 0)

    def test_lists_are_what_predict_gives(self):
        for kind in ("json", "jsonl", "csv"):
            run("predict", "songs", "-m", "runs/mine", "--format", kind, "-o", f"list.{kind}", "-q")
        answers = mer.predict("songs", self.run_)
        self.assertEqual(mer.read_predictions("list.json"), answers)
        for kind in ("jsonl", "csv"):
            for one, other in zip(mer.read_predictions(f"list.{kind}"), answers):
                self.assertEqual(one["emotion"], other["emotion"])
                self.assertAlmostEqual(one["p_sad"], other["p_sad"], places=6)

    def test_errors_are_the_programs(self):
        with self.assertRaises(mer.UsageError) as caught:
            mer.predict("songs", "smal")
        self.assertEqual(caught.exception.message, "model 'smal' is neither a path nor a bundled model")
        self.assertEqual(caught.exception.hint, "did you mean 'small'?")
        with self.assertRaisesRegex(mer.UsageError, "unknown key 'train.sed'"):
            mer.train("descriptors", {"train.sed": 1})
        with self.assertRaisesRegex(mer.UsageError, "there are no songs"):
            mer.predict([])
        with self.assertRaisesRegex(mer.UsageError, "there is no config"):
            mer.train()
        with self.assertRaisesRegex(mer.UsageError, "leave them out"):
            mer.train("descriptors", resume="runs/mine")


class Program(unittest.TestCase):
    def test_is_found_by_the_environment(self):
        before = os.environ["MER"]
        self.addCleanup(os.environ.__setitem__, "MER", before)
        self.assertEqual(mer.program(), Path(before))
        os.environ["MER"] = "/nowhere/mer"
        with self.assertRaisesRegex(mer.UsageError, "MER names /nowhere/mer, which is no program"):
            mer.program()


class Files(World):
    def test_features_of_every_format_are_those_of_the_process(self):
        song = next(Path("songs").rglob("*.flac"))
        made = mer.features(song)
        for kind in ("safetensors", "npz", "csv"):
            run("features", song, "-o", f"song.{kind}", "-q")
            read = mer.read_features(f"song.{kind}")
            self.assertEqual(read.columns, made.columns)
            self.assertEqual(list(read), list(made))
            for name in ("time_s", "kept", "energy_db", "spectrogram", "lld"):
                np.testing.assert_array_equal(getattr(read, name), getattr(made, name), err_msg=f"{name} of {kind}")
            np.testing.assert_array_equal(read["formants"], made["formants"])
            self.assertEqual(read.metadata["fingerprint"], made.metadata["fingerprint"])
            self.assertEqual(read.metadata["recipe"], made.metadata["recipe"])
            self.assertEqual(mer.descriptors(read), mer.descriptors(made))
        self.assertEqual(read.groups, made.groups)
        np.testing.assert_array_equal(read.spectrogram_hz, made.spectrogram_hz)

    def test_descriptors_are_those_of_the_process(self):
        songs = sorted(Path("songs").rglob("*.flac"))[:2]
        run("features", *songs, "--descriptors", "-o", "songs.descriptors.csv", "-q")
        rows = mer.read_table("songs.descriptors.csv")
        for song, row in zip(songs, rows):
            numbers = mer.descriptors(song)
            self.assertEqual(row.pop("path"), str(song))
            self.assertEqual(list(row), list(numbers))
            np.testing.assert_allclose(list(row.values()), list(numbers.values()), rtol=1e-6)

    def test_what_is_no_such_file_is_refused(self):
        Path("a.safetensors").write_bytes(b"\x20\0\0\0\0\0\0\0{}")
        Path("a.csv").write_text("a,b\n1,2\n")
        np.savez("a.npz", a=np.zeros(3))
        Path("a.jsonl").write_text("[1]\n")
        for reader, name, text in (
            (mer.read_features, "a.safetensors", "not a whole safetensors file"),
            (mer.read_features, "a.csv", "what belongs to it, a.csv.json, isn't there"),
            (mer.read_features, "a.npz", "not a feature file of mer"),
            (mer.read_features, "gone.npz", "gone.npz: no such file"),
            (mer.read_predictions, "a.jsonl", "a.jsonl: not a list of predictions"),
            (mer.read_predictions, "gone.csv", "gone.csv: no such file"),
            (mer.Run, "songs", "songs: is no folder with a run in it"),
        ):
            with self.subTest(name), self.assertRaisesRegex(mer.UsageError, text):
                reader(name)


class Dataset:
    """What from_mirdata() needs of mirdata.core.Dataset."""

    def __init__(self, tracks, splits=None, name="toy"):
        self.name = name
        self.tracks = tracks
        if splits is not None:
            self.get_track_splits = lambda: splits

    def load_tracks(self):
        return self.tracks

    def get_track_splits(self):
        raise NotImplementedError


class FromMirdata(World):
    def setUp(self):
        songs = sorted(Path("songs").resolve().rglob("*.flac"))
        self.tracks = {
            f"0{i}": types.SimpleNamespace(
                audio_path=str(song), emotion=song.parent.name, artist=f"artist {i % 4}", key="C", duration=4.0
            )
            for i, song in enumerate(songs)
        }

    def rows(self, **options):
        dataset = Dataset(self.tracks, options.pop("splits", None), options.pop("name", "toy"))
        mer.from_mirdata(dataset, "toy.csv", **options)
        with open("toy.csv", newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def test_labels_groups_and_ids(self):
        self.tracks["00"].audio_path = None
        self.tracks["01"].emotion = None
        report = mer.from_mirdata(Dataset(self.tracks), "toy.csv")
        self.assertEqual(report, {"songs": 14, "without_audio": 1, "without_labels": 1})
        rows = self.rows()
        self.assertEqual(list(rows[0]), ["path", "label", "group", "id"])
        self.assertEqual(rows[0]["id"], "02")
        self.assertEqual(rows[0]["group"], "artist 2")
        self.assertEqual(Path(rows[0]["path"]).parent.name, rows[0]["label"])
        self.assertFalse(Path(rows[0]["path"]).is_absolute())

    def test_the_corpus_own_split(self):
        ids = list(self.tracks)
        rows = self.rows(splits={"train": ids[:8], "valid": ids[8:12], "Test": ids[12:15]})
        self.assertEqual([row["split"] for row in rows], ["train"] * 8 + ["validation"] * 4 + ["test"] * 3)
        self.assertNotIn("split", self.rows(split={})[0])
        with self.assertRaisesRegex(mer.UsageError, "a part 'fold 1', allowed: train, validation, test"):
            self.rows(splits={"fold 1": ids})

    def test_several_labels_and_ratings(self):
        for i, track in enumerate(self.tracks.values()):
            del track.emotion
            track.tags = ["happy", "film"] if i % 2 else []
            track.valence, track.arousal = np.float32(0.5), -0.25
        self.assertNotIn("labels", self.rows()[0])  # tags of any kind
        rows = self.rows(name="toy_moods")
        self.assertEqual(rows[1]["labels"], "happy;film")
        self.assertEqual((rows[0]["labels"], rows[0]["valence"], rows[0]["arousal"]), ("", "0.5", "-0.25"))
        rows = self.rows(label=lambda track: "major" if track.key == "C" else "minor")
        self.assertEqual((list(rows[0]), rows[0]["label"]), (["path", "label", "group", "id"], "major"))

    def test_a_corpus_without_emotions_is_refused(self):
        for track in self.tracks.values():
            del track.emotion
        with self.assertRaisesRegex(
            mer.UsageError, "no emotion label that is known; they have artist, audio_path, dur"
        ):
            self.rows()
        self.assertEqual(self.rows(label="key")[0]["label"], "C")
        for track in self.tracks.values():
            track.audio_path = "gone.wav"
        with self.assertRaisesRegex(mer.UsageError, "none of its 16 tracks has both audio and labels"):
            self.rows(label="key")

    @unittest.skipUnless(has_engine(), "built without LibTorch")
    def test_the_manifest_can_be_trained_on(self):
        self.rows(
            splits={
                "train": list(self.tracks)[::2],
                "validation": list(self.tracks)[1::4],
                "test": list(self.tracks)[3::4],
            }
        )
        made = mer.train("descriptors", {"data.manifest": "toy.csv"}, name="toy")
        self.assertEqual(made.status["dataset"]["training_songs"], 8)


class Metadata(unittest.TestCase):
    def test_version_is_the_projects(self):
        self.assertIn(f'version = "{mer.__version__}"', (SOURCE / "python/pyproject.toml").read_text(encoding="utf-8"))
        said = subprocess.run([str(mer.program()), "--version"], capture_output=True, text=True, check=True).stdout
        self.assertIn(mer.__version__, said)
        self.assertEqual(sorted(mer.__all__, key=str.lower), sorted(mer.__all__, key=str.lower))
        self.assertTrue(all(getattr(mer, name).__doc__ for name in mer.__all__))
        self.assertTrue(json.loads(json.dumps(mer.Options().to_dict())))


if __name__ == "__main__":
    unittest.main()
