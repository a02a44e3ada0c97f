#include "inputs.hpp"

#include <iostream>

#include "mer/audio/audio_reader.hpp"
#include "mer/core/error.hpp"

namespace mer::app {

namespace fs = std::filesystem;

std::vector<Input> expand_inputs(const std::vector<std::string>& inputs) {
  std::vector<Input> files;
  for (const std::string& input : inputs) {
    std::error_code ignored;
    if (input == "-") {
      for (std::string line; std::getline(std::cin, line);) {
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (!line.empty()) files.push_back({line, {}});
      }
    } else if (fs::is_directory(input, ignored)) {
      const auto found = find_audio_files(input);
      if (found.empty()) throw UsageError(input + ": no audio files in this folder");
      for (const fs::path& file : found) files.push_back({file, input});
    } else {
      files.push_back({input, {}});
    }
  }
  return files;
}

}  // namespace mer::app
