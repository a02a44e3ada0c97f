"""from_mirdata() with the real mirdata: scripts/check_python.sh."""

import csv
import json
import tempfile
import unittest
from pathlib import Path

import mer

try:
    import mirdata
except ImportError as missing:
    raise unittest.SkipTest(f"{missing}")


class MoodTheme(unittest.TestCase):
    """The corpus of mirdata 1.0 that has emotion labels, as a tiny tree of its layout."""

    def test_becomes_a_manifest_with_its_official_split(self):
        with tempfile.TemporaryDirectory() as temporary:
            home = Path(temporary)
            tracks = {f"track_000{i}": f"audios/0{i}/{i}.mp3" for i in range(1, 7)}
            header = "TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS\n"
            lines = {
                track: f"{track}\tartist_{i % 3}\talbum_1\t{path}\t30.0\tmood/theme---happy\tmood/theme---film\n"
                for i, (track, path) in enumerate(tracks.items())
            }
            parts = {"train": list(tracks)[:3], "validation": list(tracks)[3:4], "test": list(tracks)[4:]}
            for split in range(5):
                folder = home / f"data/splits/split-{split}"
                folder.mkdir(parents=True)
                for part, ids in parts.items():
                    own = header + "".join(lines[track] for track in ids)
                    (folder / f"autotagging_moodtheme-{part}.tsv").write_text(own)
            (home / "data/autotagging_moodtheme.tsv").write_text(header + "".join(lines.values()))
            for path in list(tracks.values())[:-1]:  # the last song's audio isn't there
                (home / path).parent.mkdir(parents=True)
                (home / path).write_bytes(b"audio")
            index = {"version": "1.0", "tracks": {track: {"audio": [path, ""]} for track, path in tracks.items()}}
            (home / "index.json").write_text(json.dumps(index))
            dataset = mirdata.initialize("mtg_jamendo_autotagging_moodtheme", data_home=str(home))
            dataset.index_path = str(home / "index.json")  # in the place of the one that is downloaded

            report = mer.from_mirdata(dataset, home / "moods.csv")
            self.assertEqual(report, {"songs": 5, "without_audio": 1, "without_labels": 0})
            with (home / "moods.csv").open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            self.assertEqual(rows[0], {"path": "audios/01/1.mp3", "labels": "happy;film", "group": "artist_0",
                                       "split": "train", "id": "track_0001"})  # fmt: skip
            self.assertEqual([row["split"] for row in rows], ["train"] * 3 + ["validation", "test"])


class AnyCorpus(unittest.TestCase):
    def test_without_emotions_is_refused_by_what_its_tracks_have(self):
        with tempfile.TemporaryDirectory() as temporary:
            home = Path(temporary)
            (home / "index.json").write_text(
                json.dumps(
                    {"tracks": {"classical.00001": {"audio": ["a.wav", ""], "tempo": [None, ""], "beats": [None, ""]}}}
                )
            )
            dataset = mirdata.initialize("gtzan_genre", data_home=str(home))
            dataset.index_path = str(home / "index.json")
            with self.assertRaisesRegex(mer.UsageError, "gtzan_genre: its tracks have no emotion label .* genre"):
                mer.from_mirdata(dataset, home / "moods.csv")


if __name__ == "__main__":
    unittest.main()
