#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace mer::app {

/// An audio file that the command line asks for.
struct Input {
  std::filesystem::path path;
  std::filesystem::path folder;  ///< the folder INPUT that it was found in; empty for a file INPUT
};

/// Files as given, folders searched, `-` read from stdin; in the order of the command line.
/// @throws UsageError for a folder without audio
std::vector<Input> expand_inputs(const std::vector<std::string>& inputs);

}  // namespace mer::app
