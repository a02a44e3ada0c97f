#pragma once

#include <span>
#include <string>
#include <vector>

#include "mer/metrics/calibration.hpp"
#include "mer/metrics/embedding_scores.hpp"

namespace mer {

// Pictures of how good an evaluation's probabilities are, as SVG documents without a size of their
// own: they fill the element that they are put into.

/// Accuracy over confidence, a bar a bin, with the diagonal of perfect calibration and, below, how
/// many items each bin holds. What lies below the diagonal is overconfident.
/// @throws Error when gnuplot is missing or fails
std::string reliability_plot(const Calibration& calibration);

/// Accuracy of the surest items over their share of all, with the confidence that separates them
/// from the rest.
/// @param points  of accuracy_over_coverage(); none give an empty picture
/// @throws Error when gnuplot is missing or fails
std::string coverage_plot(const std::vector<CoveragePoint>& points);

/// Songs on the plane in which their embeddings spread most, a colour and a shape a class, with the
/// classes' centers.
/// @param truth   the class of each
/// @throws Error when gnuplot is missing or fails
std::string embedding_plot(const PrincipalPlane& plane, std::span<const int> truth,
                           const std::vector<std::string>& classes);

}  // namespace mer
