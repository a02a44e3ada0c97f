#include "course.hpp"

#include <algorithm>
#include <cmath>

namespace mer::descriptors {

double mean(const Course& course) { return course.size() == 0 ? 0.0 : course.mean(); }

double deviation(const Course& course) {
  if (course.size() == 0) return 0.0;
  return std::sqrt((course - course.mean()).square().mean());
}

double mean_abs_change(const Course& course) {
  const Eigen::Index steps = course.size() - 1;
  return steps < 1 ? 0.0 : (course.tail(steps) - course.head(steps)).abs().mean();
}

double skewness(const Course& course) {
  const double width = deviation(course);
  // Within rounding of a constant there is no shape.
  if (!(width > 1e-6 * (1.0 + std::abs(mean(course))))) return 0.0;
  return (course - course.mean()).cube().mean() / (width * width * width);
}

std::vector<double> percentiles(Course course, std::initializer_list<double> percents) {
  std::vector<double> values;
  if (course.size() == 0) return std::vector<double>(percents.size(), 0.0);
  float* const begin = course.data();
  float* const end = begin + course.size();
  float* from = begin;  // what lies before is in its place
  for (const double percent : percents) {
    const double place = percent / 100.0 * static_cast<double>(course.size() - 1);
    float* const low = begin + static_cast<std::ptrdiff_t>(place);
    std::nth_element(from, low, end);
    const float high = low + 1 == end ? *low : *std::min_element(low + 1, end);
    const double part = place - std::floor(place);
    values.push_back((1.0 - part) * *low + part * high);
    from = low;
  }
  return values;
}

namespace {

/// sums[t] = course[0] + … + course[t − 1]
std::vector<double> running_sums(const Course& course) {
  std::vector<double> sums(static_cast<std::size_t>(course.size()) + 1, 0.0);
  for (std::size_t t = 0; t + 1 < sums.size(); ++t) {
    sums[t + 1] = sums[t] + course[static_cast<Eigen::Index>(t)];
  }
  return sums;
}

}  // namespace

Course smoothed(const Course& course, int radius) {
  const std::vector<double> sums = running_sums(course);
  const Eigen::Index size = course.size();
  Course result(size);
  for (Eigen::Index t = 0; t < size; ++t) {
    const Eigen::Index first = std::max<Eigen::Index>(0, t - radius);
    const Eigen::Index end = std::min(size, t + radius + 1);
    result[t] = static_cast<float>(
        (sums[static_cast<std::size_t>(end)] - sums[static_cast<std::size_t>(first)]) /
        static_cast<double>(end - first));
  }
  return result;
}

std::vector<int> peaks(const Course& course, int radius, int neighborhood) {
  std::vector<int> found;
  const Course threshold =
      smoothed(course, neighborhood) + 0.5F * static_cast<float>(deviation(course));
  const int size = static_cast<int>(course.size());
  for (int t = 0; t < size; ++t) {
    const float value = course[t];
    if (!(value > threshold[t])) continue;
    bool largest = true;
    for (int near = std::max(0, t - radius); near < std::min(size, t + radius + 1); ++near) {
      largest = largest && (near < t ? course[near] < value : course[near] <= value);
    }
    if (largest) found.push_back(t);
  }
  return found;
}

}  // namespace mer::descriptors
