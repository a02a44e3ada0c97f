#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "mer/core/tensor_file.hpp"
#include "mer/features/feature_options.hpp"
#include "mer/features/feature_set.hpp"

namespace mer {

/// A song's features somewhere in memory that somebody else owns, mapped from a file as a rule.
struct FeatureView {
  FeatureLayout layout;
  FeatureOptions options;                                    ///< what the numbers were made with
  Eigen::Map<const RowMatrixXf> spectrogram{nullptr, 0, 0};  ///< [num_frames, κ1]
  Eigen::Map<const RowMatrixXf> lld{nullptr, 0, 0};          ///< [num_frames, D]
  std::span<const float> energy_db;                          ///< [num_frames], dBFS
  std::span<const std::uint8_t> kept;                        ///< [num_frames], 1 = VAD keeps it
  std::span<const double> time_s;  ///< [num_frames], center of the frame in the source file
  TensorMetadata metadata;         ///< the feature file's: recipe, fingerprint, version, …
  /// Lets go of the rows read so far, so that a long song goes by in constant memory; may be empty.
  std::function<void()> release;

  std::int64_t num_frames() const { return static_cast<std::int64_t>(kept.size()); }
};

/// "logmel_0", "logmel_1", …: a name a column of the spectrogram matrix.
std::vector<std::string> spectrogram_column_names(const FeatureLayout& layout);

/// Center frequency in Hz of each column of the spectrogram matrix: the peaks of the mel filters,
/// or the FFT's bins.
std::vector<double> spectrogram_column_hz(const FeatureLayout& layout,
                                          const FeatureOptions& options);

/// A file's metadata as one JSON object, nested JSON as JSON.
nlohmann::ordered_json metadata_json(const TensorMetadata& metadata);

/// What is known about the numbers, as one JSON object: the file's metadata (nested JSON as JSON)
/// and under "features" each group of columns with name, first_column, num_columns, unit, source
/// and description.
nlohmann::ordered_json describe_features(const FeatureView& view);

}  // namespace mer
