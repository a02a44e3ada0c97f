#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

namespace mer {

/// Frames are rows: [num_frames, columns], so that a frame lies together in memory and on disk.
using RowMatrixXf = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A family of columns in the LLD matrix, e.g. the 20 MFCCs.
struct ColumnGroup {
  std::string name;  ///< "mfcc", "residual_phase", "f0", "voicing", "formants", …
  int first_column = 0;
  int num_columns = 0;
  std::string unit;
  std::string source;       ///< the publication that defines it
  std::string description;  ///< one sentence
};

/// What the columns of the two matrices are.
struct FeatureLayout {
  ColumnGroup spectrogram;               ///< [0, κ1)
  std::vector<ColumnGroup> lld;          ///< in column order, without gaps
  std::vector<std::string> lld_columns;  ///< a name a column: "mfcc_0", "formant_1_hz", "chroma_C"
  int sample_rate_hz = 0;
  int window_samples = 0;
  int hop_samples = 0;
  int padding_samples = 0;  ///< zeros before the first sample, see FrameOptions

  int spectrogram_columns() const { return spectrogram.num_columns; }
  int lld_width() const { return static_cast<int>(lld_columns.size()); }
  /// @throws std::invalid_argument when there is no such group
  const ColumnGroup& group(const std::string& name) const;
  /// Center of a frame in seconds after the first sample: (frame · hop − padding + window / 2) /
  /// rate.
  double frame_time_s(std::int64_t frame) const;
};

/// A song's features. Times count from the first sample that was analysed.
struct FeatureSet {
  RowMatrixXf spectrogram;         ///< [num_frames, κ1]
  RowMatrixXf lld;                 ///< [num_frames, D]
  Eigen::VectorXf energy_db;       ///< [num_frames], mean square of the samples in dBFS, floor -120
  std::vector<std::uint8_t> kept;  ///< [num_frames], 1 where VAD keeps the frame
  std::int64_t num_frames() const { return lld.rows(); }
};

}  // namespace mer
