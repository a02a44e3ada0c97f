#include "mer/report/evaluation_plot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  const std::string svg = reliability_plot(calibration(kRows, kTruth));
  // Bins with songs: (0.667, 0.733], (0.867, 0.933], (0.933, 1]. Error (2·0.21 + 0.1 + 0.05) / 4.
  // Brier: (0.18 + 1.0368 + 0.02 + 0.005) / 4.
  EXPECT_THAT(svg, AllOf(StartsWith("<?xml"), HasSubstr("</svg>"),
                         HasSubstr("4 songs, ECE 0.142, Brier 0.310"), HasSubstr(">accuracy<"),
                         HasSubstr("confidence (largest probability)")));
  const std::string no_songs = reliability_plot(calibration({}, {}));
  EXPECT_THAT(no_songs, AllOf(HasSubstr("</svg>"), HasSubstr("0 songs")));
  // Filled areas: three bars above and three below, the key's sample.
  EXPECT_EQ(count_of(svg, "<polygon") - count_of(no_songs, "<polygon"), 7U);
}

TEST(CoveragePlot, DrawsAccuracyAndTheConfidenceThatItTakes) {
  const std::string svg = coverage_plot(accuracy_over_coverage(kRows, kTruth));
  EXPECT_THAT(svg, AllOf(StartsWith("<?xml"), HasSubstr("</svg>"),
                         HasSubstr("songs answered, the surest first (%)"),
                         HasSubstr("accuracy of the songs answered"),
                         HasSubstr("least confidence among them")));
  EXPECT_THAT(coverage_plot({}), HasSubstr("</svg>"));
}

TEST(EmbeddingPlot, NamesTheClassesThatOccurAndTheAxesShares) {
  PrincipalPlane plane;
  plane.points.resize(4, 2);
  plane.points << 1, 2, 1, 3, -4, 1, -5, 0;
  plane.explained = {0.75, 0.125};
  const std::vector<int> truth = {0, 0, 2, 2};
  const std::string svg = embedding_plot(plane, truth, {"happy", "anger", "sad"});
  EXPECT_THAT(svg, AllOf(HasSubstr("component 1 (75 % of the variance)"), HasSubstr("happy"),
                         HasSubstr("sad"), testing::Not(HasSubstr("anger"))));
  EXPECT_THAT(embedding_plot({}, {}, {"happy"}), HasSubstr("</svg>"));
}

TEST(EvaluationPlots, AreTheSameEachTime) {
  EXPECT_EQ(reliability_plot(calibration(kRows, kTruth)),
            reliability_plot(calibration(kRows, kTruth)));
}

}  // namespace
}  // namespace mer
