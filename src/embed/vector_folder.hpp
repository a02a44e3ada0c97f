#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "mer/features/feature_set.hpp"

namespace mer {

/// Vectors that another program made: a folder with a NumPy array a song, `.npy`, float32 or
/// float64, of shape [D] (the song's) or [rows, D] (of equal parts of the file, in order).
///
/// A song's array has the end of the song's path: of `…/happy/1.mp3` it is `happy/1.npy`, or
/// `1.npy`; the longest that is there counts.
class VectorFolder {
 public:
  /// Reads every array once, for its shape and its hash.
  /// @throws UsageError when there is no folder or no array, an array can't be read, or one has
  ///         another D than the others
  explicit VectorFolder(const std::filesystem::path& folder);

  std::int64_t num_columns() const { return num_columns_; }
  /// Of all arrays, names and contents.
  const std::string& hash() const { return hash_; }
  /// @throws InputError when the song has none
  std::filesystem::path file_of(const std::filesystem::path& audio_file) const;
  /// @throws InputError when the song has none; UsageError when a number is not finite
  RowMatrixXf rows_of(const std::filesystem::path& audio_file) const;

  /// D, as the folder's first array has it.
  /// @throws UsageError as the constructor does
  static std::int64_t columns_in(const std::filesystem::path& folder);

 private:
  std::filesystem::path folder_;
  std::int64_t num_columns_ = 0;
  std::string hash_;
};

}  // namespace mer
