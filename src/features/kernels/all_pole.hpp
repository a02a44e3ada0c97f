#pragma once

#include "vectors.hpp"

namespace mer::kernel_bodies {
namespace {

// Columns `first` … of kVectors vectors, for even and odd bins apart.
template <int kVectors>
MER_INLINE void cosine_sums_of(const float* power, const double* cosines, int num_bins, int stride,
                               int first, double* sums) {
  Doubles even[kVectors] = {};
  Doubles odd[kVectors] = {};
  Doubles row;
  int bin = 0;
  for (; bin + 2 <= num_bins; bin += 2) {
    const double x0 = static_cast<double>(power[bin]);
    const double x1 = static_cast<double>(power[bin + 1]);
    const double* const c = cosines + bin * stride + first;
    for (int v = 0; v < kVectors; ++v) {
      MER_LOAD(row, c + kDoubleLanes * v);
      even[v] += x0 * row;
      MER_LOAD(row, c + stride + kDoubleLanes * v);
      odd[v] += x1 * row;
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    if (bin < num_bins) {
      MER_LOAD(row, cosines + bin * stride + first + kDoubleLanes * v);
      even[v] += static_cast<double>(power[bin]) * row;
    }
    even[v] += odd[v];
    MER_STORE(sums + first + kDoubleLanes * v, even[v]);
  }
}

void cosine_sums(const float* power, const double* cosines, int num_bins, int stride,
                 double* sums) {
  constexpr int kVectors = kModelVector / kDoubleLanes;
  int first = 0;
  for (; first + 2 * kModelVector <= stride; first += 2 * kModelVector) {
    cosine_sums_of<2 * kVectors>(power, cosines, num_bins, stride, first, sums);
  }
  if (first < stride) cosine_sums_of<kVectors>(power, cosines, num_bins, stride, first, sums);
}

void multiples_of_angles(double* cosines, double* sines, int stride, int num_lines, int order) {
  for (int k = 0; k < num_lines; k += kDoubleLanes) {
    Doubles twice;
    Doubles cosine[2];  // of the two multiples before
    Doubles sine[2];
    MER_LOAD(cosine[0], cosines + k);
    MER_LOAD(cosine[1], cosines + stride + k);
    MER_LOAD(sine[0], sines + k);
    MER_LOAD(sine[1], sines + stride + k);
    twice = 2.0 * cosine[1];
    for (int n = 2; n <= order; ++n) {
      const Doubles next_cosine = twice * cosine[1] - cosine[0];
      const Doubles next_sine = twice * sine[1] - sine[0];
      MER_STORE(cosines + n * stride + k, next_cosine);
      MER_STORE(sines + n * stride + k, next_sine);
      cosine[0] = cosine[1];
      cosine[1] = next_cosine;
      sine[0] = sine[1];
      sine[1] = next_sine;
    }
  }
}

void inverse_filter_at(const double* a, int order, const double* cosines, const double* sines,
                       int stride, int num_lines, double* real, double* imag) {
  constexpr int kVectors = kModelVector / kDoubleLanes;
  // Added to |A|² of a model normalised to a mean power of one; its smallest value is about one
  // over the number of lines.
  constexpr double kLeastSquare = 1e-12;
  Doubles table;
  for (int k = 0; k < num_lines; k += kModelVector) {
    Doubles x[kVectors] = {};
    Doubles y[kVectors] = {};
    for (int i = 0; i <= order; ++i) {
      const double weight = a[i];
      for (int v = 0; v < kVectors; ++v) {
        MER_LOAD(table, cosines + i * stride + k + kDoubleLanes * v);
        x[v] += weight * table;
        MER_LOAD(table, sines + i * stride + k + kDoubleLanes * v);
        y[v] += weight * table;
      }
    }
    // A = x − iy, so 1/A = (x + iy) / |A|².
    for (int v = 0; v < kVectors; ++v) {
      Doubles scale = x[v] * x[v] + y[v] * y[v] + kLeastSquare;
      invert(scale);
      x[v] *= scale;
      y[v] *= scale;
      MER_STORE(real + k + kDoubleLanes * v, x[v]);
      MER_STORE(imag + k + kDoubleLanes * v, y[v]);
    }
  }
}

// kRows values of n, at most as many as a vector has lanes, so that their lanes are added up side
// by side.
template <int kRows>
MER_INLINE void responses(const double* real, const double* imag, const double* cosines,
                          const double* sines, int stride, int num_lines, double* out) {
  Doubles sums[kDoubleLanes] = {};
  for (int k = 0; k < num_lines; k += kDoubleLanes) {
    Doubles re;
    Doubles im;
    Doubles table;
    MER_LOAD(re, real + k);
    MER_LOAD(im, imag + k);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      MER_LOAD(table, cosines + i * stride + k);
      sums[i] += re * table;
      MER_LOAD(table, sines + i * stride + k);
      sums[i] += im * table;
    }
  }
  transpose<kDoubleLanes>(sums);
  for (int i = 1; i < kDoubleLanes; ++i) sums[0] += sums[i];
  MER_STORE(out, sums[0]);
}

void response_at(const double* real, const double* imag, const double* cosines, const double* sines,
                 int stride, int num_lines, int order, double* out) {
  constexpr int kHalfLanes = kDoubleLanes / 2;
  for (int n = 0; n <= order; n += kDoubleLanes) {
    const double* const c = cosines + n * stride;
    const double* const s = sines + n * stride;
    if (order - n < kHalfLanes) {
      responses<kHalfLanes>(real, imag, c, s, stride, num_lines, out + n);
    } else {
      responses<kDoubleLanes>(real, imag, c, s, stride, num_lines, out + n);
    }
  }
}

// e^x for |x| ≤ 1: e^(x/4) by its series to x^7, squared twice; the error is below 1e-9.
MER_INLINE void small_exponential(Doubles& x) {
  const Doubles y = 0.25 * x;
  Doubles series = y * (1.0 / 5040.0) + 1.0 / 720.0;
  series = series * y + 1.0 / 120.0;
  series = series * y + 1.0 / 24.0;
  series = series * y + 1.0 / 6.0;
  series = series * y + 0.5;
  series = series * y + 1.0;
  series = series * y + 1.0;
  series *= series;
  x = series * series;
}

void lines_at_vertices(const LinePeaks& peaks, int count, double bin_angle, double* cosines,
                       double* sines, double* power) {
  using Floats = Vector<float, kDoubleLanes>;
  constexpr double kNepersPerDb = 0.23025850929940458;
  const Doubles nothing = {};
  const Doubles half = nothing + 0.5;
  for (int k = 0; k < count; k += kDoubleLanes) {
    Floats level;
    Doubles left;
    Doubles middle;
    Doubles right;
    MER_LOAD(level, peaks.left_db + k);
    widen(level, left);
    MER_LOAD(level, peaks.middle_db + k);
    widen(level, middle);
    MER_LOAD(level, peaks.right_db + k);
    widen(level, right);
    const Doubles slope = left - right;
    const Doubles curvature = left - 2.0 * middle + right;
    // Only a peak has a vertex; the division by 1 stands in for a curvature of 0.
    Doubles offset = 0.5 * slope / (curvature < nothing ? curvature : nothing + 1.0);
    offset = curvature < nothing ? offset : nothing;
    offset = offset > half ? half : offset;
    offset = offset < -half ? -half : offset;
    Doubles rise = (-0.25 * kNepersPerDb) * slope * offset;
    rise = rise > 1.0 ? nothing + 1.0 : rise;
    small_exponential(rise);
    Doubles strength;
    Doubles cosine;
    Doubles sine;
    MER_LOAD(strength, peaks.bin_power + k);
    MER_LOAD(cosine, peaks.bin_cosine + k);
    MER_LOAD(sine, peaks.bin_sine + k);
    strength *= rise;
    MER_STORE(power + k, strength);
    // The turn is at most half a bin, so small.
    const Doubles turn = bin_angle * offset;
    const Doubles turn_cosine = 1.0 - 0.5 * turn * turn;
    const Doubles turn_sine = turn - turn * turn * turn * (1.0 / 6.0);
    const Doubles turned = cosine * turn_cosine - sine * turn_sine;
    MER_STORE(cosines + k, turned);
    const Doubles turned_sine = sine * turn_cosine + cosine * turn_sine;
    MER_STORE(sines + k, turned_sine);
  }
}

void move_model(const double* matrix, int stride, const double* response, int count, double scale,
                double step, double* model) {
  Doubles row;
  for (int first = 0; first < stride; first += kDoubleLanes) {
    Doubles even = {};
    Doubles odd = {};
    int j = 0;
    for (; j + 2 <= count; j += 2) {
      MER_LOAD(row, matrix + j * stride + first);
      even += response[j] * row;
      MER_LOAD(row, matrix + (j + 1) * stride + first);
      odd += response[j + 1] * row;
    }
    if (j < count) {
      MER_LOAD(row, matrix + j * stride + first);
      even += response[j] * row;
    }
    Doubles old;
    MER_LOAD(old, model + first);
    old += step * (scale * (even + odd) - old);
    MER_STORE(model + first, old);
  }
}

double aberth_round(const double* coefficients, int order, double* real, double* imag) {
  constexpr double kTiny = 1e-100;  // 0 / kTiny = 0: a root does not repel itself
  double moves_real[kMaxRoots];
  double moves_imag[kMaxRoots];
  for (int i = 0; i < order; i += kDoubleLanes) {
    Doubles x;
    Doubles y;
    MER_LOAD(x, real + i);
    MER_LOAD(y, imag + i);
    Doubles value_real = x * 0.0 + coefficients[0];
    Doubles value_imag = {};
    Doubles slope_real = {};
    Doubles slope_imag = {};
    for (int k = 1; k <= order; ++k) {
      const Doubles old_slope = slope_real;
      slope_real = old_slope * x - slope_imag * y + value_real;
      slope_imag = old_slope * y + slope_imag * x + value_imag;
      const Doubles old_value = value_real;
      value_real = old_value * x - value_imag * y + coefficients[k];
      value_imag = old_value * y + value_imag * x;
    }
    // 1/(z − p) + 1/(z − q), with one division for both.
    Doubles repulsion_real = {};
    Doubles repulsion_imag = {};
    for (int j = 0; j < order; j += 2) {
      const int other = j + 1 < order ? j + 1 : j;
      const double counted = j + 1 < order ? 1.0 : 0.0;
      const Doubles px = x - real[j];
      const Doubles py = y - imag[j];
      const Doubles qx = x - real[other];
      const Doubles qy = y - imag[other];
      const Doubles p = px * px + py * py + kTiny;
      const Doubles q = qx * qx + qy * qy + kTiny;
      Doubles both = p * q;
      invert(both);
      const Doubles p_scale = q * both;
      const Doubles q_scale = counted * p * both;
      repulsion_real += px * p_scale + qx * q_scale;
      repulsion_imag -= py * p_scale + qy * q_scale;
    }
    const Doubles below_real =
        slope_real - (value_real * repulsion_real - value_imag * repulsion_imag);
    const Doubles below_imag =
        slope_imag - (value_real * repulsion_imag + value_imag * repulsion_real);
    Doubles scale = below_real * below_real + below_imag * below_imag + kTiny;
    invert(scale);
    const Doubles move_real = (value_real * below_real + value_imag * below_imag) * scale;
    const Doubles move_imag = (value_imag * below_real - value_real * below_imag) * scale;
    MER_STORE(moves_real + i, move_real);
    MER_STORE(moves_imag + i, move_imag);
  }
  double largest = 0.0;
  for (int i = 0; i < order; ++i) {
    real[i] -= moves_real[i];
    imag[i] -= moves_imag[i];
    const double square = moves_real[i] * moves_real[i] + moves_imag[i] * moves_imag[i];
    if (!(square <= largest)) largest = square;  // a NaN stays
  }
  return largest;
}

}  // namespace
}  // namespace mer::kernel_bodies
