#pragma once

#include <string>
#include <vector>

#include "mer/report/figure.hpp"
#include "run_record.hpp"

namespace mer {

/// A line of a picture.
struct PlottedCurve {
  Curve curve;
  std::string title;       ///< in the key; empty: none
  std::size_t colour = 0;  ///< of a short list
  bool dashed = false;
};

/// Curves over the iterations.
Figure curve_figure(const std::string& name, const std::vector<PlottedCurve>& curves,
                    const std::string& axis);

/// What metrics.csv tells about the course of a run, or of each fold: loss, and how well the
/// validation songs' classes, numbers and labels are told. None of a single row.
std::vector<Figure> learning_figures(const RunRecord& record);

}  // namespace mer
