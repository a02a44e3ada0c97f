#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mer/metrics/scores.hpp"
#include "mer/report/figure.hpp"

namespace mer {

/// gnuplot's line that says format, size and font.
std::string picture_terminal(int width, int height, PictureFormat format);

/// Colours that stay apart in print and for the colour-blind; over again after the last one.
std::string_view picture_colour(std::size_t number);
/// gnuplot's numbers of shapes that stay apart in black and white.
int picture_shape(std::size_t number);

/// " linecolor rgb '#3b6ea5'"
std::string line_colour(std::size_t number);

/// A block of data lines with a name, `$name` in a script.
std::string data_block(const std::string& name, const std::string& lines);
/// A line of numbers, which may be NaN.
std::string data_line(const std::vector<double>& numbers);

/// A name as gnuplot's label of a tic, which is a format, and where it stands.
std::string tic(const std::string& name, double place);

/// A part of a figure: data, and the commands that draw it on the axes set so far.
struct Panel {
  std::string data;
  std::string commands;
};

/// A row of a picture of bars.
struct Bar {
  std::string name;
  double value = 0.0;
  Interval ci95 = {0.0, 0.0};  ///< NaN: none
};
/// Values to compare the bars with, as points.
struct BarMarks {
  std::string name;  ///< of the data; letters
  std::string title;
  std::vector<double> values;  ///< parallel to the bars, NaN: none
};

/// Horizontal bars with their intervals, the first on top.
/// @param id  that no other panel of the figure has
Panel bars_panel(const std::string& id, const std::vector<Bar>& bars, const std::string& title,
                 const std::vector<BarMarks>& marks = {});

/// A confusion matrix with a title.
struct ConfusionPanel {
  std::string title;
  ConfusionMatrix confusion;
};

/// Matrices in rows of panels, cells as dark as their share of the truth, which stands in them.
/// @param classes  the names of the matrices' rows and columns
Figure confusion_figure(const std::vector<std::vector<ConfusionPanel>>& panels,
                        const std::vector<std::string>& classes);

}  // namespace mer
