#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mer {

/// Columns that valid UTF-8 takes on a terminal: combining marks none, East Asian wide characters
/// two, everything else one.
std::size_t display_width(std::string_view text);

/// Text that can be shown on one line: valid UTF-8, control characters replaced by '?', so that a
/// file name can neither break a table nor send commands to a terminal.
std::string printable(std::string_view text);

std::string pad_left(std::string_view text, std::size_t width);   ///< spaces before the text
std::string pad_right(std::string_view text, std::size_t width);  ///< spaces after the text

/// At most `width` columns; what is cut from the middle leaves "…", since both ends of a path tell.
std::string shorten(std::string_view text, std::size_t width);

/// A number with so many digits after the point.
std::string fixed(double value, int digits);
/// A number with at most so many digits that count, "1e-05" where that is shorter.
std::string significant(double value, int digits);

/// A curve in one line of at most `width` bars of eight heights, from its least to its largest
/// value; several values a bar are averaged, NaN is left out.
std::string sparkline(std::span<const double> values, std::size_t width);

/// Rows of cells as lines, in columns as wide as their widest cell, two spaces between them.
std::string aligned_rows(std::span<const std::vector<std::string>> rows);

}  // namespace mer
