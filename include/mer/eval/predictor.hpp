#pragma once

#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "mer/data/recipe.hpp"
#include "mer/data/song_features.hpp"

namespace mer {

/// One segment's class probabilities and its span in the source file.
struct SegmentPrediction {
  double start_s = 0.0;
  double end_s = 0.0;
  std::vector<double> probabilities;
};

/// A song's class probabilities: the mean over its segments, at the model's temperature.
struct SongPrediction {
  std::vector<double> probabilities;
  std::vector<SegmentPrediction> segments;
  double duration_s = 0.0;  ///< of the file
  double analysed_s = 0.0;  ///< kept frames that the segments cover
  /// Where the song lies in the plane of emotions, about −1…1; NaN unless a model says so
  /// (va_regression). The mean over segments, then over the models that say so.
  double valence = std::numeric_limits<double>::quiet_NaN();
  double arousal = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::string> warnings;

  int predicted() const;  ///< the class with the largest probability
};

/// A trained system, or several whose log-probabilities are averaged, ready to answer.
///
/// A network answers for segments; a classical system for segments or for whole songs, as it was
/// trained: its one segment is then the song.
///
/// A model's song is the mean over its segments, to which its temperature is then applied
/// (with_temperature()); segments are shown at the same temperature. Models without one have 1.
/// Several models' songs are joined by join_opinions(), and so are their segments where all cut
/// songs alike; where they don't, the segments shown are the first model's own.
///
/// Segments follow the model's `segment.test_hop_seconds`. A song with less music than a segment
/// gets a warning; for a network it is padded to one, masked.
class Predictor {
 public:
  /// @param model_files  each a best/last/bundled .safetensors, or one that holds several models
  ///                     (write_joint_model()), with weights of its own; all must agree in their
  ///                     classes. Several files weigh the same
  /// @throws UsageError naming the file and what is wrong with it, or the classes or recipes that
  ///         disagree
  static Predictor load(const std::vector<std::filesystem::path>& model_files,
                        const std::string& device);
  ~Predictor();
  Predictor(Predictor&&) noexcept;
  Predictor& operator=(Predictor&&) noexcept;

  const std::vector<std::string>& classes() const;
  const Recipe& recipe() const;  ///< shared by all models
  /// The training songs' class counts, summed over the models; parallel to classes().
  const std::vector<std::int64_t>& training_counts() const;

  /// Safe from several threads: nothing is written to, and a network in evaluation mode keeps no
  /// state. Callers with threads of their own set LibTorch's to 1 (set_torch_threads), or each call
  /// starts a pool of its own.
  /// @throws InputError when VAD kept no frame
  /// @throws UsageError when the features were made with another recipe (both values named)
  SongPrediction predict(const SongFeatures& song) const;

  /// Decodes and answers; features go through a file in the system's temporary folder, in constant
  /// memory, and nothing is left there. Safe from several threads. The recipe's audio.start_s and
  /// audio.duration_s don't count here.
  /// @param max_seconds  analyse at most this much from the start; 0 = the whole file
  /// @throws InputError for a file that can't be used
  /// @throws Error when the temporary folder is full or can't be written
  SongPrediction predict_file(const std::filesystem::path& audio_file, double max_seconds) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  explicit Predictor(std::unique_ptr<Impl> impl);
};

}  // namespace mer
