#include "probability_scores.hpp"

#include <array>
#include <cmath>

#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"
#include "mer/metrics/quadrants.hpp"

namespace mer {
namespace {

constexpr std::size_t kNameWidth = 10;
constexpr std::size_t kScoreWidth = 9;
constexpr double kCoverageStep = 0.1;  // of the points with intervals

/// Of the items at least so sure; the threshold stays the same in every resample.
Interval interval_of(const CoveragePoint& point, const ProbabilityItems& songs,
                     std::uint64_t seed) {
  std::vector<int> truth;
  std::vector<int> chosen;
  std::vector<int> groups;
  for (std::size_t i = 0; i < songs.truth.size(); ++i) {
    const int best = argmax(songs.probabilities[i]);
    if (songs.probabilities[i][static_cast<std::size_t>(best)] < point.min_confidence) continue;
    truth.push_back(songs.truth[i]);
    chosen.push_back(best);
    groups.push_back(songs.groups[i]);
  }
  const auto num_classes = static_cast<int>(songs.probabilities.front().size());
  return scores_with_intervals(truth, chosen, groups, num_classes, seed).accuracy_ci95;
}

/// Whether songs lie on the right side of one axis.
template <class Truth, class Probability>
Scores score_sides(const ProbabilityItems& songs, const Truth& is_above,
                   const Probability& probability, std::uint64_t seed) {
  constexpr double kEven = 0.5;
  std::vector<int> truth;
  std::vector<int> chosen;
  for (std::size_t i = 0; i < songs.truth.size(); ++i) {
    truth.push_back(is_above(songs.truth[i]) ? 1 : 0);
    chosen.push_back(probability(songs.probabilities[i]) >= kEven ? 1 : 0);
  }
  return scores_with_intervals(truth, chosen, songs.groups, 2, seed);
}

std::string line(const std::string& name, double value, const Interval& interval,
                 const std::string& meaning) {
  return pad_right(name, kNameWidth) + pad_left(fixed(value, 3), kScoreWidth) + "  [" +
         fixed(interval[0], 3) + ", " + fixed(interval[1], 3) + "]  " + meaning + "\n";
}

/// The first point that covers so much; all of it at the latest.
const CoveragePoint& point_at(const std::vector<CoveragePoint>& points, double coverage) {
  for (const CoveragePoint& point : points) {
    if (point.coverage >= coverage) return point;
  }
  return points.back();
}

std::string coverage_lines(const std::vector<CoveragePoint>& points) {
  constexpr std::array<double, 3> kShares = {0.25, 0.5, 0.75};
  std::string text;
  for (const double share : kShares) {
    const CoveragePoint& point = point_at(points, share);
    text += pad_right(share == kShares.front() ? "coverage" : "", kNameWidth) +
            pad_left(fixed(point.accuracy, 3), kScoreWidth) + "  accuracy of the surest " +
            fixed(100.0 * point.coverage, 0) + " %: confidence " + fixed(point.min_confidence, 2) +
            " or more\n";
  }
  return text;
}

}  // namespace

ProbabilityScores score_probabilities(const ProbabilityItems& songs,
                                      const ProbabilityItems& segments,
                                      const std::vector<std::string>& classes, std::uint64_t seed) {
  ProbabilityScores scores;
  scores.songs = calibration_with_intervals(songs.probabilities, songs.truth, songs.groups, seed);
  scores.segments = calibration(segments.probabilities, segments.truth);
  scores.coverage = accuracy_over_coverage(songs.probabilities, songs.truth);
  for (const CoveragePoint& point : thinned(scores.coverage, kCoverageStep)) {
    scores.coverage_intervals.emplace_back(point, interval_of(point, songs, seed));
  }
  const auto quadrants = Quadrants::of(classes);
  if (!quadrants || songs.truth.empty()) return scores;
  scores.positive_valence = score_sides(
      songs, [&](int c) { return quadrants->has_positive_valence(c); },
      [&](const auto& row) { return quadrants->positive_valence(row); }, seed);
  scores.high_arousal = score_sides(
      songs, [&](int c) { return quadrants->has_high_arousal(c); },
      [&](const auto& row) { return quadrants->high_arousal(row); }, seed);
  return scores;
}

std::string probability_table(const ProbabilityScores& scores) {
  if (scores.coverage.empty()) return {};
  const Calibration& songs = scores.songs;
  std::string text;
  if (scores.positive_valence) {
    text +=
        line("valence", scores.positive_valence->accuracy, scores.positive_valence->accuracy_ci95,
             "accuracy of positive (happy, relaxed) or negative");
    text += line("arousal", scores.high_arousal->accuracy, scores.high_arousal->accuracy_ci95,
                 "accuracy of high (happy, anger) or low");
  }
  text += line("ECE", songs.ece, songs.ece_ci95,
               "calibration error: accuracy is so far from confidence");
  text += line("Brier", songs.brier, songs.brier_ci95, "squared error of probabilities, 0 to 2");
  text += line("NLL", songs.nll, songs.nll_ci95, "mean -ln of the true class's probability");
  return text + coverage_lines(scores.coverage) + "\n";
}

}  // namespace mer
