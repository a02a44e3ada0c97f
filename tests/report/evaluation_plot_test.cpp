#include "mer/report/evaluation_plot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "mer/runs/evaluation_files.hpp"

namespace mer {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

const ProbabilityRows kRows = {{0.7, 0.3}, {0.72, 0.28}, {0.1, 0.9}, {0.05, 0.95}};
const std::vector<int> kTruth = {0, 1, 1, 1};

/// How often a text occurs.
std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST(ReliabilityPlot, SaysWhatItShowsAndHasABarForEachBinWithSongs) {
  const std::string svg = draw(reliability_figure(calibration(kRows, kTruth)));
  // Bins with songs: (0.667, 0.733], (0.867, 0.933], (0.933, 1]. Error (2·0.21 + 0.1 + 0.05) / 4.
  // Brier: (0.18 + 1.0368 + 0.02 + 0.005) / 4.
  EXPECT_THAT(svg, AllOf(StartsWith("<?xml"), HasSubstr("</svg>"),
                         HasSubstr("4 songs, ECE 0.142, Brier 0.310"), HasSubstr(">accuracy<"),
                         HasSubstr("confidence (largest probability)")));
  const std::string no_songs = draw(reliability_figure(calibration({}, {})));
  EXPECT_THAT(no_songs, AllOf(HasSubstr("</svg>"), HasSubstr("0 songs")));
  // Filled areas: three bars above and three below, the key's sample.
  EXPECT_EQ(count_of(svg, "<polygon") - count_of(no_songs, "<polygon"), 7U);
}

TEST(CoveragePlot, DrawsAccuracyAndTheConfidenceThatItTakes) {
  const std::string svg = draw(coverage_figure(accuracy_over_coverage(kRows, kTruth)));
  EXPECT_THAT(svg, AllOf(StartsWith("<?xml"), HasSubstr("</svg>"),
                         HasSubstr("songs answered, the surest first (%)"),
                         HasSubstr("accuracy of the songs answered"),
                         HasSubstr("least confidence among them")));
  EXPECT_THAT(draw(coverage_figure({})), HasSubstr("</svg>"));
}

TEST(EmbeddingPlot, NamesTheClassesThatOccurAndTheAxesShares) {
  PrincipalPlane plane;
  plane.points.resize(4, 2);
  plane.points << 1, 2, 1, 3, -4, 1, -5, 0;
  plane.explained = {0.75, 0.125};
  const std::vector<int> truth = {0, 0, 2, 2};
  const std::string svg = draw(embedding_figure(plane, truth, {"happy", "anger", "sad"}));
  EXPECT_THAT(svg, AllOf(HasSubstr("component 1 (75 % of the variance)"), HasSubstr("happy"),
                         HasSubstr("sad"), testing::Not(HasSubstr("anger"))));
  EXPECT_THAT(draw(embedding_figure({}, {}, {"happy"})), HasSubstr("</svg>"));
}

TEST(EvaluationPlots, AreTheSameEachTime) {
  EXPECT_EQ(draw(reliability_figure(calibration(kRows, kTruth))),
            draw(reliability_figure(calibration(kRows, kTruth))));
}

ScoredSong song_at(double valence, double arousal, double told_valence, double told_arousal) {
  ScoredSong scored;
  scored.song.valence = valence;
  scored.song.arousal = arousal;
  scored.prediction.valence = told_valence;
  scored.prediction.arousal = told_arousal;
  return scored;
}

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST(ValenceArousalFigure, HasTruthAndPredictionOfEachSong) {
  const Figure figure =
      valence_arousal_figure({song_at(0.5, -0.25, 0.25, 1.5), song_at(kNaN, kNaN, -0.5, 0.125)});
  // The second song's truth is not known; the plane reaches as far as the predictions.
  EXPECT_THAT(figure.script, AllOf(HasSubstr("0.5 -0.25 0.25 1.5\nNaN NaN -0.5 0.125\n"),
                                   HasSubstr("set xrange [-1.5:1.5]"), HasSubstr("vectors")));
  EXPECT_THAT(draw(figure), AllOf(HasSubstr("truth"), HasSubstr("prediction")));
  EXPECT_EQ(valence_arousal_figure({song_at(0.5, 0.5, kNaN, kNaN)}).script, "");
  const std::vector<ScoredSong> many(301, song_at(0.5, 0.5, 0.25, 0.25));
  EXPECT_THAT(valence_arousal_figure(many).script, testing::Not(HasSubstr("vectors")));
}

TEST(AgreementFigure, SaysHowWellEachAxisIsTold) {
  const Figure figure =
      agreement_figure({song_at(0.5, -0.5, 0.25, kNaN), song_at(-0.5, 0.5, -0.25, kNaN),
                        song_at(kNaN, 0.0, 0.75, kNaN)});
  // Errors of 1/4 each, of deviations of 1/2: R² = 1 − (1/16) / (1/4); 2 cov = 1/4 over
  // 1/4 + 1/16.
  EXPECT_THAT(figure.script,
              AllOf(HasSubstr("valence: R² 0.750, RMSE 0.250, concordance 0.800"),
                    HasSubstr("0.5 0.25\n-0.5 -0.25\nEOD"), testing::Not(HasSubstr("arousal:"))));
  EXPECT_THAT(draw(figure), HasSubstr("</svg>"));
  EXPECT_EQ(agreement_figure({song_at(0.5, 0.5, kNaN, kNaN)}).script, "");
}

TEST(TagsFigure, HasTheMeanOnTopAndWhatGuessingReaches) {
  TagScores scores;
  scores.count = 8;
  scores.macro = {0.75, 0.5, {0.625, 0.875}, {0.25, 0.75}, 6};
  scores.per_tag = {{0.5, 0.25, {0.25, 0.75}, {0.125, 0.5}, 2}, {}};
  const Figure figure = tags_figure(scores, {"it's dark", "50 % epic"});
  EXPECT_THAT(
      figure.script,
      AllOf(HasSubstr("$barsroc << EOD\n0.75 3 0.625 0.875\n0.5 2 0.25 0.75\nNaN 1 NaN NaN\n"),
            HasSubstr("$barspr << EOD\n0.5 3 0.25 0.75\n0.25 2 0.125 0.5\n"),
            HasSubstr("$sharepr << EOD\n0.25 2\n0 1\n"),
            HasSubstr("'it''s dark' 2, '50 %% epic' 1")));
  EXPECT_THAT(draw(figure), AllOf(HasSubstr("50 % epic"), HasSubstr("ROC-AUC")));
}

TEST(ConfusionFigure, HasSharesOfTheTruthInItsCells) {
  Evaluation evaluation;
  evaluation.classes = {"happy", "sad"};
  evaluation.song_scores.confusion.resize(2, 2);
  evaluation.song_scores.confusion << 3, 1, 0, 0;
  const auto figures = evaluation_figures(evaluation);
  ASSERT_EQ(figures.size(), 1U);
  EXPECT_EQ(figures[0].file_name(PictureFormat::kPdf), "confusion.pdf");
  EXPECT_THAT(figures[0].script, HasSubstr("0 0 75 \"75.0\"\n1 0 25 \"25.0\"\n0 1 0 \"0.0\""));
  EXPECT_THAT(draw(figures[0], PictureFormat::kPng), StartsWith("\x89PNG"));
}

}  // namespace
}  // namespace mer
