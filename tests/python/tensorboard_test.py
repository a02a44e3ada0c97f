"""Runs in TensorBoard. Most of it needs the package tensorboard: scripts/check_python.sh."""

import contextlib
import io
import json
import tempfile
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

import mer
import mer.tensorboard

try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError:
    EventAccumulator = None

HEADER = "iteration,epoch,seconds,lr,train_loss,train_accuracy,val_loss,val_accuracy\n"
ROWS = ["10,1,2.5,0.01,1.5,0.4,1.6,\n", "20,2,5,0.005,1.25,0.5,1.5,0.25\n"]


class Folder(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.run_ = self.make("run", ROWS)

    def make(self, name, rows, status="finished"):
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.yaml").write_text("")
        (folder / "run.json").write_text(json.dumps({"status": status, "started": "2026-12-01T03:43:21Z"}))
        (folder / "metrics.csv").write_text(HEADER + "".join(rows))
        return folder


class Scalars(Folder):
    def test_of_one_name_are_in_one_chart(self):
        row = mer.Run(self.run_).metrics()[0]
        self.assertEqual(
            list(mer.tensorboard._scalars(row)),
            [("train", "epoch", 1), ("train", "lr", 0.01), ("train", "loss", 1.5), ("train", "accuracy", 0.4),
             ("validation", "loss", 1.6)],
        )  # fmt: skip

    def test_without_the_package_say_so(self):
        with mock.patch.dict("sys.modules", {"tensorboard.compat.proto": None}):
            with self.assertRaisesRegex(mer.UsageError, "isn't installed\n  hint: pip install tensorboard"):
                mer.tensorboard.write_events(self.run_)
            with contextlib.redirect_stderr(io.StringIO()) as said:
                self.assertEqual(mer.tensorboard.main([str(self.run_)]), 2)
            self.assertIn("error: the package tensorboard isn't installed", said.getvalue())


@unittest.skipIf(EventAccumulator is None, "no tensorboard")
class Events(Folder):
    def read(self, folder):
        events = EventAccumulator(str(folder)).Reload()
        return {tag: [(e.step, round(e.value, 6)) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}

    def test_hold_every_number(self):
        for _ in range(2):  # a second time replaces the first
            top = mer.tensorboard.write_events(self.run_)
        self.assertEqual(top, self.run_ / "tensorboard")
        train, validation = self.read(top / "train"), self.read(top / "validation")
        self.assertEqual(train["loss"], [(10, 1.5), (20, 1.25)])
        self.assertEqual(set(train), {"epoch", "lr", "loss", "accuracy"})
        self.assertEqual(validation, {"loss": [(10, 1.6), (20, 1.5)], "accuracy": [(20, 0.25)]})
        start = EventAccumulator(str(top / "train")).Reload().Scalars("loss")[0].wall_time
        self.assertAlmostEqual(start, 1796096601 + 2.5, places=3)

    def test_of_folds_are_apart(self):
        for name in ("fold-1", "fold-2"):
            self.make(f"run/{name}", ROWS[:1])
        top = mer.tensorboard.write_events(self.run_, self.folder / "events")
        self.assertEqual(self.read(top / "fold-2/train")["loss"], [(10, 1.5)])

    def test_follow_a_run_until_it_ends(self):
        run = self.make("growing", ROWS[:1], "running")

        def grow():
            time.sleep(0.3)
            self.make("growing", ROWS)

        thread = threading.Thread(target=grow)
        thread.start()
        top = mer.tensorboard.write_events(run, follow=True, interval_s=0.05)
        thread.join()
        self.assertEqual(self.read(top / "train")["loss"], [(10, 1.5), (20, 1.25)])

    def test_a_run_without_rows_is_an_error(self):
        with self.assertRaisesRegex(mer.UsageError, "has no rows yet"):
            mer.tensorboard.write_events(self.make("empty", []))


if __name__ == "__main__":
    unittest.main()
