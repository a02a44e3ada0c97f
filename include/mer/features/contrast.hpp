#pragma once

#include <Eigen/Core>
#include <vector>

#include "mer/core/options.hpp"

namespace mer {

struct ContrastOptions {
  int num_bands = 6;
  double min_hz = 200.0;
  double quantile = 0.02;

  void visit(OptionsVisitor& v);
};

/// Octave-based spectral contrast: how far the peaks of a band stand above its valleys.
///
///   bands   0 … min_hz, then num_bands octaves from min_hz upwards, the last one open to the top
///   peak    mean of the largest  max(1, round(quantile · n)) magnitudes |X[k]| of the band's n
///   bins valley  mean of the smallest ones contrast = 10·log10(max(peak, 1e-10)) −
///   10·log10(max(valley, 1e-10))   (dB)
///
/// [num_bands + 1]; 0 in silence. Band edges and rounding are those of librosa's spectral_contrast;
/// unlike there, nothing is clipped 80 dB below a song's maximum.
/// Source: Jiang et al. (2002), "Music type classification by spectral contrast feature".
class SpectralContrast {
 public:
  /// @throws UsageError when a band lies above half the rate or has no bins
  SpectralContrast(const ContrastOptions& options, int window_samples, int sample_rate_hz);

  int size() const { return static_cast<int>(bands_.size()); }

  /// @param power  [window_samples / 2 + 1]
  /// @return       [num_bands + 1], valid until the next call
  const Eigen::ArrayXf& compute(const Eigen::ArrayXf& power);

 private:
  struct Band {
    int first_bin;
    int num_bins;
    int num_selected;
  };

  std::vector<Band> bands_;
  std::vector<float> scratch_;
  Eigen::ArrayXf peaks_;
  Eigen::ArrayXf valleys_;
  Eigen::ArrayXf contrast_;
};

}  // namespace mer
