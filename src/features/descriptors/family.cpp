#include <algorithm>
#include <cassert>
#include <cmath>
#include <string>

#include "course.hpp"
#include "mer/features/descriptor_family.hpp"

namespace mer::descriptors {

int Frames::frames(double seconds) const {
  return std::max(1, static_cast<int>(std::lround(seconds * per_s)));
}

void Writer::add(std::string_view first, std::string_view second, std::string_view unit,
                 double value) {
  assert(std::isfinite(value));
  if (descriptors_ != nullptr) {
    descriptors_->push_back(
        {std::string(first) + std::string(second), std::string(family_), std::string(unit)});
  }
  if (values_ != nullptr) (*values_)[next_] = static_cast<float>(value);
  ++next_;
}

void Writer::add(std::string_view first, int number, std::string_view unit, double value) {
  if (descriptors_ != nullptr) {
    add(first, std::to_string(number), unit, value);
  } else {
    add(first, "", unit, value);
  }
}

void Writer::add_course(std::string_view name, std::string_view unit, const Course& course) {
  const std::vector<double> spread = percentiles(course, {10.0, 90.0});
  add(name, "_mean", unit, mean(course));
  add(name, "_deviation", unit, deviation(course));
  add(name, "_p10", unit, spread[0]);
  add(name, "_p90", unit, spread[1]);
  add(name, "_change", unit, mean_abs_change(course));
}

}  // namespace mer::descriptors
