"""Options, features and descriptors in the process."""

import _thread
import pickle
import tempfile
import threading
import time
import unittest
import wave
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import mer

SOURCE = Path(__file__).resolve().parents[2]
SONG = SOURCE / "tests/fixtures/sample_song.flac"
RATE = 44100


def tone(seconds=2.0, hz=440.0, rate=RATE):
    t = np.arange(int(seconds * rate)) / rate
    return 0.3 * np.sin(2 * np.pi * hz * t) + 0.1 * np.sin(4 * np.pi * hz * t)


class Options(unittest.TestCase):
    def test_have_every_key_of_the_structs_with_help(self):
        options = mer.Options()
        self.assertEqual(list(options), [key for key in mer.options.HELP])
        self.assertEqual({key.split(".")[0] for key in options}, {"audio", "vad", "features", "descriptors"})
        self.assertTrue(all(mer.options.HELP.values()))
        self.assertIn("in 1…128", mer.Options.help("num_coefficients"))
        self.assertIn("slaney | htk", mer.Options.help("features.mel.scale"))

    def test_take_keys_by_their_ends_and_in_sections(self):
        options = mer.Options({"frame": {"hop_samples": np.int64(512)}}, lld=("mfcc",), vad={"enabled": False})
        self.assertEqual(options["features.frame.hop_samples"], 512)
        self.assertEqual(options["lld"], ["mfcc"])
        self.assertEqual(options.to_dict()["vad"]["enabled"], False)
        self.assertEqual(options["audio.duration_s"], 0)
        self.assertIn("'vad.enabled': False", repr(options))
        self.assertEqual(mer.Options(options, hop_samples=256)["lld"], ["mfcc"])

    def test_of_a_config(self):
        self.assertEqual(mer.Options.of_config("4qaed")["audio.duration_s"], 30)
        with self.assertRaisesRegex(mer.UsageError, "no such file|cannot be read|can't be read"):
            mer.Options.of_config("nowhere.yaml")

    def test_errors_say_what_the_library_says(self):
        with self.assertRaises(mer.UsageError) as caught:
            mer.Options({"features.frame.hop_sample": 512})
        self.assertEqual(caught.exception.message, "options:1: unknown key 'features.frame.hop_sample'")
        self.assertIn("hop_samples", caught.exception.hint)
        self.assertEqual(str(caught.exception), f"{caught.exception.message}\n  hint: {caught.exception.hint}")
        with self.assertRaisesRegex(mer.UsageError, "hop_samples' is '-1', allowed: a whole number in 1…"):
            mer.Options(hop_samples=-1)
        with self.assertRaisesRegex(mer.UsageError, "unknown option 'hop_sample'\n  hint: did you mean 'hop_samples'"):
            mer.Options(hop_sample=512)
        with self.assertRaisesRegex(mer.UsageError, "'window_samples' may be features.frame.window_samples, features"):
            mer.Options(window_samples=4096)
        with self.assertRaises(TypeError):
            mer.Options(hop_samples=object())

    def test_errors_can_be_pickled(self):
        error = pickle.loads(pickle.dumps(mer.UsageError("what", "do this")))
        self.assertEqual((error.message, error.hint), ("what", "do this"))
        self.assertTrue(issubclass(mer.UsageError, mer.Error) and issubclass(mer.InputError, mer.Error))


class Features(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.song = mer.features(SONG)

    def test_have_names_times_and_shapes(self):
        song = self.song
        frames = len(song.time_s)
        self.assertEqual(song.spectrogram.shape, (frames, 128))
        self.assertEqual(song.spectrogram_hz.shape, (128,))
        self.assertEqual(song.lld.shape, (frames, len(song.columns)))
        self.assertEqual(list(song), ["mfcc", "residual_phase", "f0", "voicing", "formants", "contrast", "chroma"])
        self.assertEqual(song["mfcc"].shape, (frames, 20))
        self.assertEqual(song["f0"].shape, (frames,))
        np.testing.assert_array_equal(song["mfcc_3"], song["mfcc"][:, 3])
        self.assertEqual(song.groups[2]["unit"], "semitones above 55 Hz")
        self.assertAlmostEqual(song.time_s[0], 1024 / RATE)
        self.assertAlmostEqual(song.time_s[1] - song.time_s[0], 1024 / RATE)
        self.assertEqual(song.kept.dtype, bool)
        self.assertEqual(song.metadata["duration_s"], 12.0)
        with self.assertRaisesRegex(KeyError, "there are mfcc, "):
            song["mfc"]

    def test_hear_what_sounds(self):
        made = mer.features(tone(hz=440.0), RATE)
        np.testing.assert_allclose(made["f0"], 36.0, atol=0.02)  # three octaves above 55 Hz
        self.assertEqual(made.spectrogram.mean(0).argmax(), np.abs(made.spectrogram_hz - 440).argmin())
        self.assertEqual(
            set(made["chroma"].argmax(1)), {made.columns.index("chroma_A") - made.columns.index("chroma_C")}
        )

    def test_of_an_array_are_those_of_the_file(self):
        stereo = np.stack([tone(), 0.4 * tone(hz=550.0)], 1)
        steps = (stereo * 32767).astype("<i2")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.wav"
            with wave.open(str(path), "wb") as file:
                file.setparams((2, 2, RATE, 0, "NONE", ""))
                file.writeframes(steps.tobytes())
            of_file = mer.features(path)
        exact = steps.astype(np.float32) / 32768
        for array in (steps, steps.T, exact, exact.astype(np.float64).T, np.asfortranarray(exact), steps[::-1][::-1],
                      steps.astype(np.int32) << 16):  # fmt: skip
            of_array = mer.features(array, RATE)
            np.testing.assert_array_equal(of_array.lld, of_file.lld)
            np.testing.assert_array_equal(of_array.spectrogram, of_file.spectrogram)

    def test_take_uint8_and_half_floats(self):
        eight = np.round(tone() * 128 + 128).astype(np.uint8)
        self.assertAlmostEqual(np.median(mer.features(eight, RATE)["f0"]), 36.0, delta=0.05)
        self.assertAlmostEqual(np.median(mer.features(tone().astype(np.float16), RATE)["f0"]), 36.0, delta=0.05)

    def test_of_another_rate_are_resampled(self):
        made = mer.features(tone(rate=22050), 22050)
        np.testing.assert_allclose(made["f0"], 36.0, atol=0.05)
        own = mer.features(tone(rate=22050), 22050, audio={"sample_rate_hz": 22050})
        self.assertAlmostEqual(own.time_s[0], 1024 / 22050)
        low = mer.features(tone(rate=8000), 8000)
        self.assertIn("recorded at 8000 Hz", low.metadata["warnings"][0])

    def test_refuse_what_is_no_sound(self):
        for array, error, text in (
            (np.zeros(RATE), mer.InputError, "the array: nothing but silence"),
            (np.full(RATE, np.nan), mer.InputError, "the sample at 0.000 s is not a number"),
            (tone()[:100], mer.InputError, r"100 samples \(0.0023 s\), less than one frame"),
            (np.zeros(0), ValueError, r"samples of shape \(0,\)"),
            (np.zeros((2, 3, 4)), ValueError, r"samples of shape \(2, 3, 4\)"),
            (np.zeros((100, 200)), ValueError, "100 channels, allowed: 64"),
            (tone() * 1j, TypeError, "samples of type complex128"),
            (np.array(["a"]), TypeError, "samples of type <U1"),
        ):
            with self.assertRaisesRegex(error, text):
                mer.features(array, RATE)
        with self.assertRaisesRegex(ValueError, "samples need their rate"):
            mer.features(tone())
        with self.assertRaisesRegex(ValueError, "a rate of 44100.5 Hz"):
            mer.features(tone(), 44100.5)
        with self.assertRaisesRegex(ValueError, "a file says its rate itself"):
            mer.features(SONG, RATE)
        with self.assertRaises(mer.InputError) as caught:
            mer.features("nowhere.wav")
        self.assertEqual(
            (caught.exception.message, caught.exception.hint), ("nowhere.wav: no such file", "check the path")
        )
        with self.assertRaisesRegex(mer.UsageError, "mel"):
            mer.features(tone(), RATE, mel={"max_hz": 30000})

    def test_take_paths_of_any_kind(self):
        with tempfile.TemporaryDirectory() as folder:
            odd = folder.encode() + b"/not \xff utf-8.flac"
            Path(odd.decode(errors="surrogateescape")).write_bytes(SONG.read_bytes())
            for path in (odd, Path(odd.decode(errors="surrogateescape"))):
                np.testing.assert_array_equal(mer.features(path).lld, self.song.lld)

    def test_let_other_threads_run(self):
        music = np.tile(tone(10.0), 12)
        ticks, done = [], threading.Event()

        def tick():
            while not done.is_set():
                ticks.append(time.perf_counter())
                time.sleep(0.001)

        thread = threading.Thread(target=tick)
        thread.start()
        start = time.perf_counter()
        mer.features(music, RATE)
        end = time.perf_counter()
        done.set()
        thread.join()
        self.assertGreater(sum(start < t < end for t in ticks), 5)

    def test_of_long_arrays_are_read_twice(self):
        music = np.tile(tone(10.0).astype(np.float32), 39)  # more than AudioReader holds
        made = mer.features(music, RATE, lld=[], spectrogram="mel", mel={"num_bands": 8}, hop_samples=8192)
        self.assertEqual(len(made.time_s), (len(music) - 2048) // 8192 + 1)
        self.assertAlmostEqual(made.spectrogram[-1].sum() / made.spectrogram[0].sum(), 1, delta=0.2)

    def test_can_be_interrupted(self):
        music = np.tile(tone(10.0), 30)
        timer = threading.Timer(0.05, _thread.interrupt_main)
        timer.start()
        with self.assertRaises(KeyboardInterrupt):
            mer.features(music, RATE)
            time.sleep(5)  # had it been faster

    @unittest.skipUnless(find_spec("pandas"), "no pandas")
    def test_become_a_frame_of_pandas(self):
        frame = self.song.to_frame()
        self.assertEqual(frame.index.name, "time_s")
        self.assertEqual(list(frame.columns[:3]), ["kept", "energy_db", "logmel_0"])
        np.testing.assert_array_equal(frame["mfcc_0"], self.song["mfcc_0"])
        np.testing.assert_array_equal(frame.index, self.song.time_s)

    def test_descriptors_are_numbers_by_name(self):
        numbers = mer.descriptors(self.song)
        table = mer.descriptor_table()
        self.assertEqual(list(numbers), [row["name"] for row in table])
        self.assertEqual(len(numbers), 302)
        self.assertTrue(np.isfinite(list(numbers.values())).all())
        self.assertEqual(numbers, mer.descriptors(SONG))
        self.assertEqual(set(table[0]), {"name", "family", "unit", "source"})
        few = mer.descriptors(self.song, families=["tempo"])
        self.assertEqual(few, {name: numbers[name] for name in few})
        with self.assertRaisesRegex(ValueError, "features are made already"):
            mer.descriptors(self.song, hop_samples=512)
        with self.assertRaisesRegex(mer.UsageError, "chroma"):
            mer.descriptors(SONG, lld=["mfcc"])


if __name__ == "__main__":
    unittest.main()
