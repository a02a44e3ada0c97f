#pragma once

#include <string>
#include <vector>

#include "run_record.hpp"

namespace mer {

/// A line of a picture.
struct PlottedCurve {
  Curve curve;
  std::string title;       ///< in the key; empty: none
  std::size_t colour = 0;  ///< of a short list
  bool dashed = false;
};

/// Curves over the iterations as an SVG document.
/// @throws Error when gnuplot is missing or fails
std::string curve_plot(const std::vector<PlottedCurve>& curves, const std::string& axis);

}  // namespace mer
