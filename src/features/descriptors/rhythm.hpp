#pragma once

#include <array>

#include "course.hpp"
#include "mer/features/descriptor_options.hpp"
#include "mer/features/descriptors.hpp"

namespace mer::descriptors {

/// Bands of the spectrogram: [first_band[i], first_band[i + 1]).
using BandEdges = std::vector<int>;

/// Splits the mel bands at these frequencies; a part may be empty.
BandEdges split_bands(const Eigen::ArrayXd& band_hz, std::initializer_list<double> edges_hz);

/// Onset strength of all bands and of parts of them: the mean over the bands of how much each rose
/// since the frame before, falls counting as 0.
struct OnsetCourses {
  Course all;                 ///< [T − 1], dB
  std::vector<Course> parts;  ///< as many as the edges make
};
OnsetCourses onset_strength(const RowArrayXf& mel_db, const BandEdges& edges);

class Onset : public Family {
 public:
  explicit Onset(const Eigen::ArrayXd& band_hz);
  void compute(const Frames& frames, Writer& out) const override;

 private:
  BandEdges edges_;
};

class Tempo : public Family {
 public:
  Tempo(const TempoOptions& options, const Eigen::ArrayXd& band_hz);
  void compute(const Frames& frames, Writer& out) const override;

 private:
  double min_bpm_;
  double max_bpm_;
  BandEdges edges_;
};

/// Autocorrelation of the course without its mean, each lag's mean product over the mean square; 0
/// throughout for a constant.
/// @return  lags 0 … last_lag
Course autocorrelation(const Course& course, int last_lag);

DescriptorFamily onset_family();
DescriptorFamily tempo_family();

}  // namespace mer::descriptors
