#!/usr/bin/python3
"""How far people agree on VGMIDI: what any system can reach there.

    tests/benchmarks/rater_ceiling.py DIR      # with pieces.csv and over_time.csv of VGMIDI

Single raters' answers are not at hand, but the share of raters in each quadrant is, and so their counts are; and of valence and
arousal the deviation over raters at each measure. Halves are drawn 200 times without, bootstrap raters with replacement; ties are
drawn. Reliability of a mean over n raters: 1 - mean(sd^2 / n) / variance of the means, which a split-half correlation estimates after
Spearman and Brown; of one rater r / (n - (n - 1) r). Intervals: 95 %, from resampling games. Writes rows of
docs/results/data/ceiling.csv.
"""

import csv
import random
import sys
from pathlib import Path
from statistics import fmean, pvariance

CLASSES = ("happy", "anger", "sad", "relaxed")
DRAWS = 200
RESAMPLES = 1000


def read(file):
    with open(file, newline="", encoding="utf-8") as rows:
        return list(csv.DictReader(rows))


def most(votes, rng):
    best = max(votes.count(label) for label in CLASSES)
    return rng.choice([label for label in CLASSES if votes.count(label) == best])


def reliability(points):
    """Of (mean, deviation, raters): of the mean over raters, and of one rater."""
    raters = fmean(count for _, _, count in points)
    of_mean = 1 - fmean(sd**2 / count for _, sd, count in points) / pvariance([mean for mean, _, _ in points])
    return of_mean, of_mean / (raters - (raters - 1) * of_mean)


def main():
    folder = Path(sys.argv[1])
    pieces = {row["id"]: row for row in read(folder / "pieces.csv")}
    rng = random.Random(1)
    agreement = {"one rater and the label": {}, "two halves of the raters": {}, "raters drawn again and the label": {}, "most raters and the label": {}}
    for piece, row in pieces.items():
        shares = [float(row[f"share_{label}"]) for label in CLASSES]
        votes = [label for label, share in zip(CLASSES, shares, strict=True) for _ in range(round(share * int(row["raters"])))]
        label, half = row["label"], len(votes) // 2
        agreement["one rater and the label"][piece] = votes.count(label) / len(votes)
        halves = again = whole = 0
        for _ in range(DRAWS):
            rng.shuffle(votes)
            halves += most(votes[:half], rng) == most(votes[half : 2 * half], rng)
            again += most(rng.choices(votes, k=len(votes)), rng) == label
            whole += most(votes, rng) == label
        for name, count in zip(list(agreement)[1:], (halves, again, whole), strict=True):
            agreement[name][piece] = count / DRAWS
    points = {piece: [] for piece in pieces}
    for row in read(folder / "over_time.csv"):
        points[row["id"]].append(row)
    games = {}
    for piece, row in pieces.items():
        games.setdefault(row["group"], []).append(piece)
    drawn = [[piece for game in rng.choices(list(games.values()), k=len(games)) for piece in game] for _ in range(RESAMPLES)]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["what", "value", "value_low", "value_high"])

    def tell(what, value_of):
        values = sorted(value_of(some) for some in drawn)
        low, high = values[RESAMPLES * 25 // 1000], values[RESAMPLES * 975 // 1000 - 1]
        writer.writerow([what, *(f"{value:.3f}" for value in (value_of(list(pieces)), low, high))])

    for what, of_piece in agreement.items():
        tell(f"quadrants agree: {what}", lambda some, of_piece=of_piece: fmean(of_piece[piece] for piece in some))
    for axis in ("valence", "arousal"):
        known = {
            piece: [(float(row[axis]), float(row[f"{axis}_sd"]), int(pieces[piece]["raters"])) for row in rows]
            for piece, rows in points.items()
        }
        for number, who in enumerate(("the mean of all raters", "one rater")):
            tell(f"reliability of {axis} at a measure: {who}",
                 lambda some, known=known, number=number: reliability([point for piece in some for point in known[piece]])[number])  # fmt: skip


if __name__ == "__main__":
    main()
