#pragma once

#include <initializer_list>
#include <vector>

#include "mer/features/descriptor_family.hpp"

namespace mer::descriptors {

// Each of these is 0 for an empty course.

double mean(const Course& course);
/// Root of the mean square distance from the mean.
double deviation(const Course& course);
/// Mean absolute difference of neighbors; 0 for fewer than two.
double mean_abs_change(const Course& course);
/// Third standardized moment; 0 for a constant.
double skewness(const Course& course);
/// The values below which so many per cent lie, linear between neighbors.
/// @param percents  ascending
std::vector<double> percentiles(Course course, std::initializer_list<double> percents);
/// Each value's mean with its neighbors up to `radius` frames away, fewer at the ends.
Course smoothed(const Course& course, int radius);

/// Frames whose value is the largest within ±`radius` frames and stands above the mean of
/// ±`neighborhood` frames by half of the whole course's deviation.
std::vector<int> peaks(const Course& course, int radius, int neighborhood);

}  // namespace mer::descriptors
