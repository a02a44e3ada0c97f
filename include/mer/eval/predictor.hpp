#pragma once

#include <filesystem>
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

/// A song's class probabilities: the mean over its segments.
struct SongPrediction {
  std::vector<double> probabilities;
  std::vector<SegmentPrediction> segments;
  double duration_s = 0.0;  ///< of the file
  double analysed_s = 0.0;  ///< kept frames that the segments cover
  std::vector<std::string> warnings;

  int predicted() const;  ///< the class with the largest probability
};

/// A trained system, or several whose log-probabilities are averaged, ready to answer.
class Predictor {
 public:
  /// @param model_files  each a best/last/bundled .safetensors; several must agree in their classes
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

  /// Safe from several threads.
  /// @throws UsageError when the features were made with another recipe (both values named)
  SongPrediction predict(const SongFeatures& song) const;

  /// Decodes and answers; features go through a temporary file in constant memory.
  /// @param max_seconds  analyse at most this much from the start; 0 = the whole file
  /// @throws InputError for a file that can't be used
  SongPrediction predict_file(const std::filesystem::path& audio_file, double max_seconds) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  explicit Predictor(std::unique_ptr<Impl> impl);
};

}  // namespace mer
