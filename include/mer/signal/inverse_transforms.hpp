#pragma once

#include <memory>

namespace mer {

/// kRows inverse Fourier transforms of complex numbers in single precision at once, not scaled,
/// FFTW's:
///   value[n] = Σ_k spectrum[k] e^(+2πi·kn/N)
/// For one thread; plans are made once in the process for each size. They are FFTW's estimates, so
/// that answers do not change from run to run.
class InverseTransforms {
 public:
  static constexpr int kRows = 8;

  explicit InverseTransforms(int points);
  ~InverseTransforms();

  float* spectra();             ///< [kRows, points, 2]
  const float* values() const;  ///< the same
  void run();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mer
