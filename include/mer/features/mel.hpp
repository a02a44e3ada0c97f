#pragma once

#include <Eigen/Core>
#include <span>

#include "mer/core/options.hpp"
#include "mer/features/sparse_rows.hpp"

namespace mer {

enum class MelScale { kSlaney, kHtk };

struct MelOptions {
  MelScale scale = MelScale::kSlaney;
  int num_bands = 128;
  double min_hz = 0.0;
  double max_hz = 0.0;  ///< 0 = half the sample rate

  void visit(OptionsVisitor& v);
  void validate() const;
};

/// Hz → mel and back.
///   Slaney: linear up to 1000 Hz (200/3 Hz a mel), then logarithmic (27 mel for a factor 6.4)
///   HTK:    2595 · log10(1 + f / 700)
double hz_to_mel(double hz, MelScale scale);
double mel_to_hz(double mel, MelScale scale);

/// Center frequencies of the filters in Hz, [num_bands].
Eigen::ArrayXd mel_band_hz(const MelOptions& options, int sample_rate_hz);

/// Triangular filters whose corners are equally far apart in mel.
///
///   mel[b] = Σ_k weight[b, k] · P[k]
///
/// Slaney's filters have equal area (weights × 2 / bandwidth in Hz), HTK's have peak 1.
/// Sources: Slaney (1998), "Auditory Toolbox"; Young et al., "The HTK Book". Silence gives zeros.
class MelFilterBank {
 public:
  /// @throws UsageError when max_hz lies above half the rate, or a filter falls between two FFT
  /// bins
  MelFilterBank(const MelOptions& options, int window_samples, int sample_rate_hz);

  int num_bands() const { return filters_.num_rows(); }

  /// @param power  [window_samples / 2 + 1]
  /// @return       mel power [num_bands], valid until the next call
  const Eigen::ArrayXf& compute(const Eigen::ArrayXf& power);

 private:
  SparseRows filters_;
  Eigen::ArrayXf mel_;
};

/// db = 10 · log10(max(power, 1e-10)): at least −100 dB, which is what silence is.
void power_to_db(const Eigen::ArrayXf& power, Eigen::ArrayXf& db);

/// compressed = log10(1 + 10000 · power): 0 in silence, 4 at a power of 1.
/// Source: Pons & Serra (2019), "musicnn: Pre-trained convolutional neural networks for music audio
/// tagging".
void compress_power(const Eigen::ArrayXf& power, Eigen::ArrayXf& compressed);

}  // namespace mer
