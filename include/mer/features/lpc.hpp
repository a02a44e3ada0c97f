#pragma once

#include <span>
#include <vector>

namespace mer {

/// Linear prediction: s(n) ≈ −Σ_{i=1…p} a[i] s(n − i). Everything is in double precision, because
/// autocorrelation matrices of tonal or band-limited music are nearly singular.

/// r[k] = Σ_n x[n] x[n + k], k = 0 … lags.size() − 1
void autocorrelation(std::span<const double> samples, std::span<double> lags);

/// Solves the Yule–Walker equations (Levinson 1947, Durbin 1960; here by Schur's recursion, 1917).
///
/// @param lags          r[0 … p], p ≤ 128
/// @param coefficients  a[0 … p] with a[0] = 1
/// @return              the prediction error's power; 0 when r[0] is 0 (silence: a = 1, 0, …, 0)
double levinson_durbin(std::span<const double> lags, std::span<double> coefficients);

/// Burg's method: minimizes forward and backward prediction errors together; always stable.
/// Source: Burg (1975), "Maximum entropy spectral analysis".
class Burg {
 public:
  Burg(int order, int num_samples);

  int order() const { return order_; }

  /// @param samples  [num_samples], windowed if a window is wanted
  /// @return         a[0 … order] with a[0] = 1, valid until the next call; silence: 1, 0, …, 0
  std::span<const double> compute(std::span<const double> samples);

 private:
  int order_;
  std::vector<double> forward_;
  std::vector<double> backward_;
  std::vector<double> coefficients_;
  std::vector<double> previous_;
};

}  // namespace mer
