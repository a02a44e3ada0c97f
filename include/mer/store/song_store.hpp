#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "mer/core/progress.hpp"
#include "mer/corpus/manifest.hpp"

namespace mer {

/// A song that could not be preprocessed.
struct SongFailure {
  std::size_t song = 0;  ///< index into Manifest::songs
  std::string message;
  std::string hint;
};

/// The part I of N of a job that several processes share without coordination.
struct Shard {
  int index = 1;  ///< from 1
  int count = 1;
  /// Reads "2/8". @throws UsageError when it is not I/N with 1 ≤ I ≤ N
  static Shard parse(const std::string& text);
};

/// A folder with a file a song, made from its audio: `<song id>-<hash of the audio
/// file>.safetensors`. A file is there whole or not at all; filling twice does nothing.
class SongStore {
 public:
  /// What the files hold. All functions are called from several threads.
  struct Content {
    std::string description;  ///< for people: becomes the folder's recipe.json
    /// Makes a song's file, atomically. @throws InputError for a song that can't be used
    std::function<void(const std::filesystem::path& audio_file, const std::filesystem::path& file)>
        make;
    /// @throws UsageError when a file that is there is not what make() would make
    std::function<void(const std::filesystem::path& file)> check;
  };

  SongStore(std::filesystem::path folder, Content content);

  const std::filesystem::path& folder() const { return folder_; }
  /// Where a song's file is or will be; hashes the audio file.
  /// @throws InputError when the audio file can't be read
  std::filesystem::path file_of(const Song& song) const;

  struct Report {
    std::size_t made = 0;
    std::size_t present = 0;
    std::vector<SongFailure> failures;  ///< ascending by song
    /// Parallel to fill()'s `songs`, that is to manifest.songs when `songs` was empty; an empty
    /// path is a song that failed or is not in the shard.
    std::vector<std::string> files;
  };
  /// Makes what is missing, `jobs` songs at a time (0 = one per core); a song that fails is
  /// recorded and the rest go on. The result does not depend on `jobs`.
  /// @param songs  indices into manifest.songs; empty = all
  Report fill(const Manifest& manifest, const std::vector<std::size_t>& songs, int jobs,
              const Shard& shard, const Progress& progress,
              const std::function<bool()>& stop = {}) const;

 private:
  std::filesystem::path folder_;
  Content content_;
};

}  // namespace mer
