#pragma once

#include <Eigen/Core>

#include "mer/core/options.hpp"
#include "mer/features/sparse_rows.hpp"

namespace mer {

struct MfccOptions {
  int num_coefficients = 20;

  void visit(OptionsVisitor& v);
};

/// Mel-frequency cepstral coefficients: the orthonormal DCT-II of a log-mel spectrum in dB.
///
///   c[i] = s_i · Σ_b L[b] · cos(π i (b + 1/2) / B),   s_0 = sqrt(1/B), s_i = sqrt(2/B)   (dB)
///
/// Silence (L = −100 everywhere) gives c[0] = −100·sqrt(B) and zeros.
/// Source: Davis & Mermelstein (1980), "Comparison of parametric representations for monosyllabic
/// word recognition"; scaling as in librosa with norm="ortho", without a clip at the song's
/// maximum.
class Mfcc {
 public:
  /// @throws UsageError when there are more coefficients than bands
  Mfcc(const MfccOptions& options, int num_bands);

  int num_coefficients() const { return dct_.num_rows(); }

  /// @param log_mel_db  [num_bands]
  /// @return            [num_coefficients], valid until the next call
  const Eigen::VectorXf& compute(const Eigen::ArrayXf& log_mel_db);

 private:
  SparseRows dct_;  // [num_coefficients, num_bands], none of them dropped
  Eigen::VectorXf coefficients_;
};

}  // namespace mer
