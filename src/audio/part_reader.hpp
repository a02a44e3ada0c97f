#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sample_source.hpp"

namespace mer {

/// Decoded at a time, whatever the caller's block is.
constexpr std::size_t kBlockFrames = 8192;

/// What is known of a file before anything decodes it.
struct OpenedFile {
  std::unique_ptr<SampleSource> source;  ///< null: neither library reads it
  KnownOfFile known;
  std::string refusal = "an unknown format";
};

/// Opens it by libmpg123 or libsndfile. @throws InputError when it can't be opened or is empty
OpenedFile open_by_libraries(const std::filesystem::path& path);

/// The part of a file that is asked for, in blocks at the file's own rate.
class PartReader {
 public:
  PartReader(std::filesystem::path path, std::unique_ptr<SampleSource> source,
             const AudioOptions& options);

  /// Makes the next block; empty at the end of the file or of the part.
  /// @throws InputError for NaN, infinite or absurd samples, naming the time of the first one
  std::span<const float> next();

  const SampleSource& source() const { return *source_; }
  std::size_t channels() const { return static_cast<std::size_t>(source_->info().num_channels); }
  std::int64_t position() const { return position_; }  ///< in frames of the file
  bool at_file_end() const { return at_file_end_; }

 private:
  void skip_to(std::int64_t frame);
  void refuse_bad_samples(std::span<const float> values) const;

  std::filesystem::path path_;
  std::unique_ptr<SampleSource> source_;
  std::vector<float> interleaved_;  // [kBlockFrames, channels]
  std::int64_t position_ = 0;
  std::int64_t remaining_ = 0;  // frames still to read
  bool at_file_end_ = false;
};

}  // namespace mer
