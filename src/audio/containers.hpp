#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "file_bytes.hpp"

namespace mer {

/// What a file's own structure tells before it is decoded.
struct KnownOfFile {
  std::int64_t num_frames = 0;  ///< that should come out; 0 = unknown, or what libsndfile says
  bool has_trouble = false;     ///< libsndfile would leave some of it out
  bool is_ogg = false;          ///< its pages were checked, so damage_s is complete
  /// Streams one behind the other, of which decoders read the first; empty when there is one.
  std::vector<FileBytes::Range> songs;
  std::vector<double> damage_s;  ///< where something else than music is
  std::vector<std::string> warnings;
};

/// Compares the counts in the headers of WAV, RF64, W64, AIFF, CAF, AU and FLAC with the data, and
/// corrects those that would end the song before its data. Walks through the pages of an Ogg file.
KnownOfFile correct_counts(FileBytes& file);

}  // namespace mer
