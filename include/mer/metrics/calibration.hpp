#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "mer/metrics/scores.hpp"

namespace mer {

/// Class probabilities of several items, one row an item.
using ProbabilityRows = std::vector<std::vector<double>>;

/// A probability counts as at least this in a logarithm, so that nobody can rule a class out.
inline constexpr double kSmallestProbability = 1e-12;

/// Items whose confidence (the largest probability) lies in (from, to]; the first bin has 0 too.
struct ReliabilityBin {
  double from = 0.0;
  double to = 0.0;
  std::int64_t count = 0;
  double mean_confidence = 0.0;  ///< NaN without items, as accuracy
  double accuracy = 0.0;
};

/// How far probabilities can be taken at their word. Of n items with probabilities p, truth y:
///
///   ECE   = Σ_b n_b/n · |accuracy_b − mean confidence_b|,   15 bins of equal width over 0…1 of the
///           largest probability (top-label)
///   Brier = Σ_i Σ_c (p_ic − [c = y_i])² / n                 0 is perfect, 2 the worst
///   NLL   = −Σ_i ln p_i,y_i / n
///
/// Of nothing all are 0. References: Naeini, Cooper & Hauskrecht (2015), "Obtaining well calibrated
/// probabilities using Bayesian binning"; Guo et al. (2017), "On calibration of modern neural
/// networks"; Brier (1950).
struct Calibration {
  static constexpr int kBins = 15;

  std::int64_t count = 0;
  double ece = 0.0;
  double brier = 0.0;
  double nll = 0.0;
  Interval ece_ci95 = {0.0, 0.0};
  Interval brier_ci95 = {0.0, 0.0};
  Interval nll_ci95 = {0.0, 0.0};
  std::vector<ReliabilityBin> bins;
};

/// Point estimates only.
/// @throws std::invalid_argument when sizes differ or a class is out of range
Calibration calibration(const ProbabilityRows& probabilities, std::span<const int> truth);

/// With 95 % intervals that resample whole groups as in scores_with_intervals(). The ECE of a small
/// sample is too large (each bin's accuracy scatters), and of a resample more so: its interval may
/// lie above the estimate.
Calibration calibration_with_intervals(const ProbabilityRows& probabilities,
                                       std::span<const int> truth, std::span<const int> groups,
                                       std::uint64_t seed);

/// The items that are at least so sure, and how many of them are right.
struct CoveragePoint {
  double coverage = 0.0;  ///< share of all items
  std::int64_t count = 0;
  double min_confidence = 0.0;  ///< of the items, the least
  double accuracy = 0.0;
};

/// From the surest items to all of them: a point for each confidence that occurs, so that items as
/// sure as each other come together. A user who asks for a confidence of at least
/// `min_confidence` gets an answer for `coverage` of the items.
/// @throws std::invalid_argument as calibration()
std::vector<CoveragePoint> accuracy_over_coverage(const ProbabilityRows& probabilities,
                                                  std::span<const int> truth);

/// Every `step` of coverage the point with the fewest items that covers so much; the last is all.
std::vector<CoveragePoint> thinned(const std::vector<CoveragePoint>& points, double step);

/// Probabilities softened (T > 1) or sharpened (T < 1):  p_c^(1/T) / Σ_k p_k^(1/T). The order of
/// the classes stays; T = 1 changes nothing at all.
std::vector<double> with_temperature(std::span<const double> probabilities, double temperature);

/// A temperature and what it was found on.
struct TemperatureFit {
  /// Bounds: items that are all right (or that are all separated) ask for ever sharper answers,
  /// those worse than guessing for ever softer ones.
  static constexpr double kLowest = 0.1;
  static constexpr double kHighest = 10.0;

  double temperature = 1.0;
  std::int64_t count = 0;
  double nll_before = std::numeric_limits<double>::quiet_NaN();  ///< at temperature 1
  double nll_after = std::numeric_limits<double>::quiet_NaN();
};

/// The temperature within the bounds that makes the mean negative log-likelihood smallest. It is
/// convex in 1/T, and its slope's sign is searched by bisection. Where every temperature is as good
/// as any other (all probabilities equal, no items), it is 1.
/// Reference: Guo et al. (2017).
/// @throws std::invalid_argument as calibration()
TemperatureFit fit_temperature(const ProbabilityRows& probabilities, std::span<const int> truth);

}  // namespace mer
