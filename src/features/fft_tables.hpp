#pragma once

#include <cmath>
#include <numbers>

#include "kernels/kernels.hpp"
#include "mer/features/aligned_vector.hpp"

namespace mer {

/// e^(2πi · turns), computed in double precision.
template <class Real>
Real cosine_of(double turns) {
  return static_cast<Real>(std::cos(2.0 * std::numbers::pi * turns));
}
template <class Real>
Real sine_of(double turns) {
  return static_cast<Real>(std::sin(2.0 * std::numbers::pi * turns));
}

/// The numbers that kernels::FftTables points at.
template <class Real>
struct FftNumbers {
  /// @param half   a power of two, at least kernels::kSmallestHalf
  /// @param lanes  of the kernels that will use the tables
  FftNumbers(int half_points, int num_lanes) : half(half_points), lanes(num_lanes) {
    const int count = half / lanes;
    const int vector_bytes = lanes * static_cast<int>(sizeof(Real));
    for (int n = count, radix = 0; n > kernels::fft_last_points(vector_bytes); n /= radix) {
      radix = kernels::fft_radix(n, vector_bytes);
      for (int p = 0; p < n / radix; ++p) {
        for (int j = 1; j < radix; ++j) {
          const double turns = static_cast<double>(j * p) / n;
          passes.push_back(cosine_of<Real>(turns));
          passes.push_back(-sine_of<Real>(turns));
        }
      }
    }
    for (int k = 0; k < count; ++k) {
      const auto turns = [&](int lane) { return static_cast<double>(k) * lane / half; };
      for (int lane = 0; lane < lanes; ++lane) across.push_back(cosine_of<Real>(turns(lane)));
      for (int lane = 0; lane < lanes; ++lane) across.push_back(-sine_of<Real>(turns(lane)));
    }
    for (int k = 0; k <= half / 2 + lanes; ++k) {
      const double turns = static_cast<double>(k) / (2 * half);
      cosine.push_back(cosine_of<Real>(turns));
      sine.push_back(sine_of<Real>(turns));
    }
  }

  kernels::FftTables<Real> tables() const {
    return {half, lanes, passes.data(), across.data(), cosine.data(), sine.data()};
  }

  int half;
  int lanes;
  AlignedVector<Real> passes;
  AlignedVector<Real> across;
  AlignedVector<Real> cosine;
  AlignedVector<Real> sine;
};

}  // namespace mer
