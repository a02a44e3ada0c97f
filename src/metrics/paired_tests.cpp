#include "mer/metrics/paired_tests.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <random>
#include <stdexcept>

#include "mer/core/random.hpp"
#include "quantiles.hpp"

namespace mer {

double mcnemar_p(std::int64_t only_first, std::int64_t only_second) {
  if (only_first < 0 || only_second < 0) {
    throw std::invalid_argument("mcnemar_p: a count below 0");
  }
  const auto num_different = static_cast<double>(only_first + only_second);
  double tail = 0.0;
  for (std::int64_t k = 0; k <= std::min(only_first, only_second); ++k) {
    const auto hits = static_cast<double>(k);
    tail += std::exp(std::lgamma(num_different + 1.0) - std::lgamma(hits + 1.0) -
                     std::lgamma(num_different - hits + 1.0) - num_different * std::numbers::ln2);
  }
  return std::min(1.0, 2.0 * tail);
}

namespace {

/// Each statistic's values over all draws, less those that are NaN.
std::vector<std::vector<double>> drawn_values(
    std::size_t num_groups, std::uint64_t seed, std::size_t count,
    const std::function<void(std::span<const double>, std::span<double>)>& statistics) {
  std::vector<std::vector<double>> values(count);
  if (num_groups == 0) return values;
  std::mt19937_64 rng(mix_seed({seed, seed_of("metrics.paired_bootstrap")}));
  std::vector<double> times_drawn(num_groups);
  std::vector<double> of_draw(count);
  for (int resample = 0; resample < kResamples; ++resample) {
    std::fill(times_drawn.begin(), times_drawn.end(), 0.0);
    for (std::size_t draw = 0; draw < num_groups; ++draw) {
      times_drawn[uniform_index(rng, num_groups)] += 1.0;
    }
    statistics(times_drawn, of_draw);
    for (std::size_t i = 0; i < count; ++i) {
      if (!std::isnan(of_draw[i])) values[i].push_back(of_draw[i]);
    }
  }
  return values;
}

Interval interval_of(std::vector<double> values) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  return values.empty() ? Interval{kNaN, kNaN} : central_interval(std::move(values));
}

}  // namespace

std::vector<Interval> bootstrap_intervals(
    std::size_t num_groups, std::uint64_t seed, std::size_t count,
    const std::function<void(std::span<const double>, std::span<double>)>& statistics) {
  std::vector<Interval> intervals;
  for (auto& values : drawn_values(num_groups, seed, count, statistics)) {
    intervals.push_back(interval_of(std::move(values)));
  }
  return intervals;
}

Bootstrap bootstrap_over_groups(std::size_t num_groups, std::uint64_t seed,
                                const std::function<double(std::span<const double>)>& statistic) {
  Bootstrap result;
  if (num_groups == 0) return result;
  std::vector<double> values =
      std::move(drawn_values(num_groups, seed, 1,
                             [&](std::span<const double> times, std::span<double> value) {
                               value.front() = statistic(times);
                             })
                    .front());
  if (!values.empty()) {
    const auto not_above = std::ranges::count_if(values, [](double v) { return v <= 0; });
    const auto not_below = std::ranges::count_if(values, [](double v) { return v >= 0; });
    result.p = std::min(1.0, 2.0 * (1.0 + static_cast<double>(std::min(not_above, not_below))) /
                                 (1.0 + static_cast<double>(values.size())));
  }
  result.ci95 = interval_of(std::move(values));
  return result;
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (!std::isnan(p[i])) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> corrected(p.begin(), p.end());
  double largest = 0.0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const auto remaining = static_cast<double>(order.size() - rank);
    largest = std::max(largest, std::min(1.0, remaining * p[order[rank]]));
    corrected[order[rank]] = largest;
  }
  return corrected;
}

double student_t_p(double t, int degrees_of_freedom) {
  if (degrees_of_freedom < 1) throw std::invalid_argument("student_t_p: no degree of freedom");
  if (std::isinf(t)) return 0.0;
  // Finite sums for whole degrees of freedom: Abramowitz & Stegun (1964), 26.7.3 and 26.7.4.
  const double theta = std::atan(std::abs(t) / std::sqrt(static_cast<double>(degrees_of_freedom)));
  const double cosine = std::cos(theta);
  const bool odd = degrees_of_freedom % 2 == 1;
  double term = odd ? cosine : 1.0;
  double sum = degrees_of_freedom == 1 ? 0.0 : term;
  for (int k = odd ? 3 : 2; k < degrees_of_freedom; k += 2) {
    term *= static_cast<double>(k - 1) / static_cast<double>(k) * cosine * cosine;
    sum += term;
  }
  const double inside =
      odd ? (theta + std::sin(theta) * sum) * 2.0 / std::numbers::pi : std::sin(theta) * sum;
  return std::clamp(1.0 - inside, 0.0, 1.0);
}

double student_t_quantile(double p, int degrees_of_freedom) {
  if (!(p > 0.0 && p < 1.0)) throw std::invalid_argument("student_t_quantile: p not in 0…1");
  double low = 0.0;
  double high = 1.0;
  while (student_t_p(high, degrees_of_freedom) > p) high *= 2.0;
  constexpr int kBisections = 60;
  for (int i = 0; i < kBisections; ++i) {
    const double middle = (low + high) / 2.0;
    (student_t_p(middle, degrees_of_freedom) > p ? low : high) = middle;
  }
  return high;
}

ResampledT corrected_resampled_t(std::span<const double> differences, double test_to_train) {
  if (differences.size() < 2) {
    throw std::invalid_argument("corrected_resampled_t: fewer than two differences");
  }
  const auto count = static_cast<double>(differences.size());
  ResampledT result;
  result.degrees_of_freedom = static_cast<int>(differences.size()) - 1;
  result.mean = std::accumulate(differences.begin(), differences.end(), 0.0) / count;
  double squares = 0.0;
  for (const double value : differences) squares += (value - result.mean) * (value - result.mean);
  const double variance = squares / (count - 1.0) * (1.0 / count + test_to_train);
  if (variance > 0.0) {
    result.t = result.mean / std::sqrt(variance);
  } else if (result.mean != 0.0) {
    result.t = std::copysign(std::numeric_limits<double>::infinity(), result.mean);
  }
  result.p = student_t_p(result.t, result.degrees_of_freedom);
  return result;
}

}  // namespace mer
