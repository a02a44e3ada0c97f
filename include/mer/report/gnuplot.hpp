#pragma once

#include <string>
#include <string_view>

namespace mer {

/// Whether there is a `gnuplot` program that runs.
/// @throws Error with the package to install when there is none
void require_gnuplot();

/// The same as a reason and an advice; empty when gnuplot runs.
std::string why_no_pictures();

/// Runs gnuplot with a script on its standard input.
/// @return what it wrote to standard output, e.g. a picture
/// @throws Error with gnuplot's own words when it fails, with the package to install when it is
///         missing
std::string run_gnuplot(std::string_view script);

/// A text as gnuplot's single-quoted string, in which nothing is expanded or run; line breaks and
/// other control characters become spaces, what is not UTF-8 becomes U+FFFD.
std::string gnuplot_quoted(std::string_view text);

}  // namespace mer
