#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "mer/synth/corpus.hpp"
#include "mer/synth/render.hpp"

namespace mer {

/// Songs for tests: seeds by number, an artist for every two.
inline Composition example_song(Emotion emotion, std::uint64_t number, double seconds) {
  return compose(emotion, 1000 + number, 500 + number / 2, seconds);
}

inline std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace mer
