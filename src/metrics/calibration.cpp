#include "mer/metrics/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <stdexcept>
#include <string>

#include "mer/metrics/paired_tests.hpp"

namespace mer {
namespace {

constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

void check(const ProbabilityRows& probabilities, std::span<const int> truth) {
  if (probabilities.size() != truth.size()) {
    throw std::invalid_argument(std::to_string(probabilities.size()) +
                                " items with probabilities but " + std::to_string(truth.size()) +
                                " true classes");
  }
  for (std::size_t i = 0; i < truth.size(); ++i) {
    if (truth[i] < 0 || static_cast<std::size_t>(truth[i]) >= probabilities[i].size()) {
      throw std::invalid_argument("true class " + std::to_string(truth[i]) + " of " +
                                  std::to_string(probabilities[i].size()) + " probabilities");
    }
  }
}

/// What one item, or several, add to the scores.
struct Tally {
  struct Bin {
    double count = 0.0, confidence = 0.0, right = 0.0;
  };
  double count = 0.0, brier = 0.0, nll = 0.0;
  std::vector<Bin> bins = std::vector<Bin>(Calibration::kBins);

  void add(std::span<const double> probabilities, int truth) {
    const auto right = static_cast<std::size_t>(truth);
    const auto chosen = static_cast<std::size_t>(argmax(probabilities));
    const double confidence = probabilities[chosen];
    // (from, to]: a confidence on a border belongs below it.
    const double position = std::ceil(confidence * Calibration::kBins) - 1.0;
    Bin& bin = bins[static_cast<std::size_t>(std::clamp(position, 0.0, Calibration::kBins - 1.0))];
    bin.count += 1.0;
    bin.confidence += confidence;
    bin.right += chosen == right ? 1.0 : 0.0;
    count += 1.0;
    for (std::size_t c = 0; c < probabilities.size(); ++c) {
      const double error = probabilities[c] - (c == right ? 1.0 : 0.0);
      brier += error * error;
    }
    nll -= std::log(std::max(probabilities[right], kSmallestProbability));
  }

  void add(const Tally& other, double times) {
    count += times * other.count;
    brier += times * other.brier;
    nll += times * other.nll;
    for (std::size_t b = 0; b < bins.size(); ++b) {
      bins[b].count += times * other.bins[b].count;
      bins[b].confidence += times * other.bins[b].confidence;
      bins[b].right += times * other.bins[b].right;
    }
  }

  double ece() const {
    double sum = 0.0;
    for (const Bin& bin : bins) sum += std::abs(bin.right - bin.confidence);
    return sum / count;
  }
};

Calibration from(const Tally& tally) {
  Calibration result;
  result.count = static_cast<std::int64_t>(tally.count);
  for (std::size_t b = 0; b < tally.bins.size(); ++b) {
    const Tally::Bin& bin = tally.bins[b];
    const bool empty = bin.count == 0.0;
    result.bins.push_back({static_cast<double>(b) / Calibration::kBins,
                           static_cast<double>(b + 1) / Calibration::kBins,
                           static_cast<std::int64_t>(bin.count),
                           empty ? kNotKnown : bin.confidence / bin.count,
                           empty ? kNotKnown : bin.right / bin.count});
  }
  if (result.count == 0) return result;
  result.ece = tally.ece();
  result.brier = tally.brier / tally.count;
  result.nll = tally.nll / tally.count;
  return result;
}

std::vector<Tally> tally_groups(const ProbabilityRows& probabilities, std::span<const int> truth,
                                std::span<const int> groups) {
  std::map<int, Tally> by_group;
  for (std::size_t i = 0; i < truth.size(); ++i)
    by_group[groups[i]].add(probabilities[i], truth[i]);
  std::vector<Tally> tallies;
  for (auto& [group, tally] : by_group) tallies.push_back(std::move(tally));
  return tallies;
}

}  // namespace

Calibration calibration(const ProbabilityRows& probabilities, std::span<const int> truth) {
  check(probabilities, truth);
  Tally all;
  for (std::size_t i = 0; i < truth.size(); ++i) all.add(probabilities[i], truth[i]);
  return from(all);
}

Calibration calibration_with_intervals(const ProbabilityRows& probabilities,
                                       std::span<const int> truth, std::span<const int> groups,
                                       std::uint64_t seed) {
  Calibration result = calibration(probabilities, truth);
  if (groups.size() != truth.size()) {
    throw std::invalid_argument("calibration_with_intervals: " + std::to_string(truth.size()) +
                                " items but " + std::to_string(groups.size()) + " group numbers");
  }
  const std::vector<Tally> of_groups = tally_groups(probabilities, truth, groups);
  const auto interval = [&](const auto& score) {
    return bootstrap_over_groups(of_groups.size(), seed,
                                 [&](std::span<const double> times_drawn) {
                                   Tally drawn;
                                   for (std::size_t g = 0; g < of_groups.size(); ++g) {
                                     if (times_drawn[g] > 0.0)
                                       drawn.add(of_groups[g], times_drawn[g]);
                                   }
                                   return score(drawn);
                                 })
        .ci95;
  };
  result.ece_ci95 = interval([](const Tally& tally) { return tally.ece(); });
  result.brier_ci95 = interval([](const Tally& tally) { return tally.brier / tally.count; });
  result.nll_ci95 = interval([](const Tally& tally) { return tally.nll / tally.count; });
  return result;
}

std::vector<CoveragePoint> accuracy_over_coverage(const ProbabilityRows& probabilities,
                                                  std::span<const int> truth) {
  check(probabilities, truth);
  struct Item {
    double confidence;
    bool right;
  };
  std::vector<Item> items;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const int chosen = argmax(probabilities[i]);
    items.push_back({probabilities[i][static_cast<std::size_t>(chosen)], chosen == truth[i]});
  }
  std::sort(items.begin(), items.end(),
            [](const Item& a, const Item& b) { return a.confidence > b.confidence; });
  std::vector<CoveragePoint> points;
  std::int64_t num_right = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    num_right += items[i].right ? 1 : 0;
    if (i + 1 < items.size() && items[i + 1].confidence == items[i].confidence) continue;
    const auto count = static_cast<double>(i + 1);
    points.push_back({count / static_cast<double>(items.size()), static_cast<std::int64_t>(i + 1),
                      items[i].confidence, static_cast<double>(num_right) / count});
  }
  return points;
}

std::vector<CoveragePoint> thinned(const std::vector<CoveragePoint>& points, double step) {
  constexpr double kRounding = 1e-9;
  std::vector<CoveragePoint> kept;
  double wanted = step;
  for (const CoveragePoint& point : points) {
    if (point.coverage + kRounding < wanted) continue;
    kept.push_back(point);
    while (wanted <= point.coverage + kRounding) wanted += step;
  }
  return kept;
}

}  // namespace mer
