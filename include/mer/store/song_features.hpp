#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "mer/config/recipe.hpp"
#include "mer/core/tensor_file.hpp"
#include "mer/features/feature_set.hpp"

namespace mer {

class AudioReader;

/// A song's feature file, mapped: tensors `spectrogram` [T, κ1], `lld` [T, D], `energy_db` [T],
/// `kept` [T], `time_s` [T] (center of each frame in the source file); metadata: the recipe, its
/// fingerprint, the layout's column names, the file's length, remarks, mer's version.
class SongFeatures {
 public:
  /// @throws UsageError when it is not a feature file
  static SongFeatures open(const std::filesystem::path& file);

  std::int64_t num_frames() const { return num_frames_; }
  Eigen::Map<const RowMatrixXf> spectrogram() const;
  Eigen::Map<const RowMatrixXf> lld() const;
  std::span<const float> energy_db() const;
  std::span<const std::uint8_t> kept() const;
  std::span<const double> time_s() const;
  /// Frame numbers that VAD keeps, ascending.
  const std::vector<std::int32_t>& kept_frames() const { return kept_frames_; }
  double duration_s() const { return duration_s_; }  ///< of the source file
  const std::vector<std::string>& warnings() const { return warnings_; }
  const std::string& fingerprint() const { return fingerprint_; }
  nlohmann::ordered_json shared_recipe() const;
  /// Everything that decided what the numbers mean.
  /// @throws UsageError when another version of mer wrote options that this one does not know
  Recipe recipe() const;
  const TensorMetadata& metadata() const { return file_.metadata(); }
  /// See TensorFile::release_pages().
  void release_pages() const { file_.release_pages(); }
  /// Asks for the frames of a segment, so that reading them need not wait for the disk.
  /// @param first_kept, num_kept  among kept_frames()
  void read_ahead(std::int64_t first_kept, std::int64_t num_kept) const;

 private:
  TensorFile file_;
  std::int64_t num_frames_ = 0;
  double duration_s_ = 0.0;
  std::vector<std::int32_t> kept_frames_;
  std::vector<std::string> warnings_;
  std::string fingerprint_;

  explicit SongFeatures(TensorFile file);
};

/// Shows songs one after the other to a function, for sums over a corpus that does not fit into
/// memory: a song need not stay open once the function has returned.
using EachSong = std::function<void(const std::function<void(const SongFeatures&)>&)>;

/// What is known about a song once all of its rows have gone by.
struct SongAnalysis {
  FeatureLayout layout;
  std::vector<std::uint8_t> kept;  ///< [num_frames], 1 where VAD keeps the frame
  double duration_s = 0.0;         ///< of the source file
  std::vector<std::string> warnings;
};
/// Is shown the rows that have become complete, in order; `kept` is empty: VAD comes at the end.
using OnRows = std::function<void(const FeatureSet& rows, const FeatureLayout& layout)>;

/// Decodes a song and extracts its features in one pass and constant memory.
/// @param on_samples  is shown every block of samples before it is analysed
/// @throws InputError when the song can't be read, is shorter than one frame, all silent, or has
/// NaN
SongAnalysis analyse_song(const std::filesystem::path& audio_file, const Recipe& recipe,
                          const OnRows& on_rows,
                          const std::function<void(std::span<const float>)>& on_samples = {});
/// The same of what a reader gives.
/// @param name  stands in messages in the place of a file's
SongAnalysis analyse_song(AudioReader& reader, const std::string& name, const Recipe& recipe,
                          const OnRows& on_rows,
                          const std::function<void(std::span<const float>)>& on_samples = {});

/// Analyses a song and writes its feature file atomically. Training, evaluation, prediction and
/// `mer features` all come through here.
/// @param on_samples  as of analyse_song(), e.g. to draw the waveform
/// @throws InputError as analyse_song() does
void extract_song(const std::filesystem::path& audio_file, const Recipe& recipe,
                  const std::filesystem::path& feature_file,
                  const std::function<void(std::span<const float>)>& on_samples = {});
void extract_song(AudioReader& reader, const std::string& name, const Recipe& recipe,
                  const std::filesystem::path& feature_file,
                  const std::function<void(std::span<const float>)>& on_samples = {});

/// The value for `features.chroma.tuning` of a song, to a hundredth of a semitone (see
/// TuningEstimator); decodes it once, in constant memory.
/// @throws InputError as extract_song() does when it can't be read
double song_tuning(const std::filesystem::path& audio_file, const AudioOptions& options);

}  // namespace mer
