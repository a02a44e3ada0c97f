#include "dynamics.hpp"

#include <algorithm>
#include <cmath>

#include "makers.hpp"

namespace mer::descriptors {
namespace {

double share_below(const Course& course, double limit) {
  if (course.size() == 0) return 0.0;
  return static_cast<double>((course < static_cast<float>(limit)).count()) /
         static_cast<double>(course.size());
}

/// Slope of the straight line of least squares, a frame; 0 for fewer than two frames.
double slope(const Course& course) {
  const Eigen::Index size = course.size();
  if (size < 2) return 0.0;
  const double half = static_cast<double>(size - 1) / 2.0;
  double product = 0.0;
  double square = 0.0;
  for (Eigen::Index t = 0; t < size; ++t) {
    const double x = static_cast<double>(t) - half;
    product += x * course[t];
    square += x * x;
  }
  return product / square;
}

double mean_power_db(const Course& level_db) {
  return 10.0 * std::log10((level_db * static_cast<float>(std::log(10.0) / 10.0)).exp().mean());
}

/// Every `stride`th frame.
Course thinned(const Course& course, int stride) {
  Course result((course.size() + stride - 1) / stride);
  for (Eigen::Index i = 0; i < result.size(); ++i) result[i] = course[i * stride];
  return result;
}

}  // namespace

void Dynamics::compute(const Frames& frames, Writer& out) const {
  const Course& level = frames.level_db;
  const std::vector<double> p = percentiles(level, {5.0, 25.0, 50.0, 75.0, 95.0});
  out.add("level_deviation", "dB", deviation(level));
  out.add("level_range", "dB", p[4] - p[0]);
  out.add("level_middle_range", "dB", p[3] - p[1]);
  out.add("level_upper_range", "dB", p[4] - p[2]);
  out.add("level_lower_range", "dB", p[2] - p[0]);
  out.add("level_skewness", "1", skewness(level));
  const double average = mean_power_db(level);
  out.add("level_peak_to_average", "dB", p[4] - average);
  out.add("level_below_average", "1", share_below(level, average));
  out.add("level_quiet_10db", "1", share_below(level, p[4] - 10.0));
  out.add("level_quiet_20db", "1", share_below(level, p[4] - 20.0));
  out.add("level_quiet_30db", "1", share_below(level, p[4] - 30.0));
  out.add("level_change", "dB", mean_abs_change(level));
  const Eigen::Index steps = std::max<Eigen::Index>(0, level.size() - 1);
  out.add("level_change_skewness", "1", skewness(level.tail(steps) - level.head(steps)));
  const int second = frames.frames(1.0);
  const Course slow = thinned(smoothed(level, second / 2), second);
  out.add("level_slow_deviation", "dB", deviation(slow));
  out.add("level_slow_change", "dB", mean_abs_change(slow));
  out.add("level_slope", "dB/s", slope(level) * frames.per_s);
}

void Loudness::compute(const Frames& frames, Writer& out) const {
  const std::vector<double> p = percentiles(frames.level_dbfs, {50.0, 95.0});
  out.add("loudness_mean", "dBFS", mean(frames.level_dbfs));
  out.add("loudness_p50", "dBFS", p[0]);
  out.add("loudness_p95", "dBFS", p[1]);
}

DescriptorFamily dynamics_family() {
  return {"Tzanetakis & Cook (2002)",
          "range, steadiness and course of the level",
          true,
          {},
          make_plain<Dynamics>};
}

DescriptorFamily loudness_family() {
  return {"-", "level of the recording in dBFS", false, {}, make_plain<Loudness>};
}

}  // namespace mer::descriptors
