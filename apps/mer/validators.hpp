#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "mer/core/options.hpp"

namespace mer::app {

// CLI11's own checks answer with the largest double written out, or with sets in braces.

/// A number in the range; help and errors say it in words.
CLI::Validator number(const Range& range);

/// One of a few words; an error names them and the nearest.
CLI::Validator one_of(const std::vector<std::string>& words);

}  // namespace mer::app
