#include "mer/signal/kernels.hpp"

#include <cmath>

// The file is included once for each instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace mer::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

constexpr hn::ScalableTag<double> kDoubles;
using Doubles = hn::Vec<hn::ScalableTag<double>>;
constexpr hn::ScalableTag<float> kFloats;
using Floats = hn::Vec<hn::ScalableTag<float>>;
constexpr int kFloatLanes = static_cast<int>(hn::MaxLanes(kFloats));
using PieceTag = hn::CappedTag<float, kPiece>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(kDoubles));

template <int kVectors>
HWY_INLINE void weighted_sum_of(const double* rows, std::ptrdiff_t stride, const double* weights,
                                int count, double* out) {
  Doubles sums[kVectors];
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) sums[v] = hn::Zero(kDoubles);
  for (int i = 0; i < count; ++i) {
    const Doubles weight = hn::Set(kDoubles, weights[i]);
    const double* const row = rows + i * stride;
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      sums[v] = hn::MulAdd(weight, hn::LoadU(kDoubles, row + v * kLanes), sums[v]);
    }
  }
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) hn::StoreU(sums[v], kDoubles, out + v * kLanes);
}

void weighted_sum(const double* rows, std::ptrdiff_t stride, const double* weights, int count,
                  int length, double* out) {
  int n = 0;
  for (; n + 4 * kLanes <= length; n += 4 * kLanes) {
    weighted_sum_of<4>(rows + n, stride, weights, count, out + n);
  }
  for (; n + kLanes <= length; n += kLanes) {
    weighted_sum_of<1>(rows + n, stride, weights, count, out + n);
  }
  for (; n < length; ++n) {
    double sum = 0.0;
    for (int i = 0; i < count; ++i) sum += weights[i] * rows[i * stride + n];
    out[n] = sum;
  }
}

// Eight sums at a time, so that additions need not wait for each other: of fewer rows more each.
template <int kRows>
HWY_INLINE void products_of(const double* rows, std::ptrdiff_t stride, const double* x, int length,
                            double* out) {
  constexpr int kParts = 8 / kRows;
  Doubles sums[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) sums[i] = hn::Zero(kDoubles);
  int n = 0;
  for (; n + kParts * kLanes <= length; n += kParts * kLanes) {
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) {
      const int at = n + i % kParts * kLanes;
      sums[i] = hn::MulAdd(hn::LoadU(kDoubles, x + at),
                           hn::LoadU(kDoubles, rows + i / kParts * stride + at), sums[i]);
    }
  }
  for (int row = 0; row < kRows; ++row) {
    Doubles sum = sums[row * kParts];
    for (int part = 1; part < kParts; ++part) sum = hn::Add(sum, sums[row * kParts + part]);
    double total = hn::GetLane(hn::SumOfLanes(kDoubles, sum));
    for (int rest = n; rest < length; ++rest) total += rows[row * stride + rest] * x[rest];
    out[row] = total;
  }
}

void products(const double* rows, std::ptrdiff_t stride, const double* x, int count, int length,
              double* out) {
  int i = 0;
  for (; i + 8 <= count; i += 8) products_of<8>(rows + i * stride, stride, x, length, out + i);
  for (; i + 4 <= count; i += 4) products_of<4>(rows + i * stride, stride, x, length, out + i);
  for (; i < count; ++i) products_of<1>(rows + i * stride, stride, x, length, out + i);
}

HWY_INLINE void add_piece(const float* weights, const float* in, hn::Vec<PieceTag>& sum) {
  constexpr PieceTag d;
  for (int i = 0; i < kPiece; i += static_cast<int>(hn::MaxLanes(d))) {
    sum = hn::MulAdd(hn::LoadU(d, weights + i), hn::LoadU(d, in + i), sum);
  }
}

void sparse_rows(const int* first_pieces, int num_rows, const int* piece_bins, const float* weights,
                 const float* in, float* out) {
  constexpr PieceTag d;
  for (int row = 0; row < num_rows; ++row) {
    auto even = hn::Zero(d);
    auto odd = hn::Zero(d);
    const int end = first_pieces[row + 1];
    int piece = first_pieces[row];
    for (; piece + 2 <= end; piece += 2) {
      add_piece(weights + kPiece * piece, in + piece_bins[piece], even);
      add_piece(weights + kPiece * (piece + 1), in + piece_bins[piece + 1], odd);
    }
    if (piece < end) add_piece(weights + kPiece * piece, in + piece_bins[piece], even);
    out[row] = hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
  }
}

void squared_magnitudes(const std::complex<double>* bins, int count, float* power) {
  const hn::Rebind<float, hn::ScalableTag<double>> floats;
  int k = 0;
  for (; k + kLanes <= count; k += kLanes) {
    Doubles real;
    Doubles imag;
    hn::LoadInterleaved2(kDoubles, reinterpret_cast<const double*>(bins + k), real, imag);
    const Doubles square = hn::MulAdd(real, real, hn::Mul(imag, imag));
    hn::StoreU(hn::DemoteTo(floats, square), floats, power + k);
  }
  for (; k < count; ++k) {
    const double real = bins[k].real();
    const double imag = bins[k].imag();
    power[k] = static_cast<float>(real * real + imag * imag);
  }
}

// With t = cD.im − s·D.re, cD.re + s·D.im: k gets (E.re + t.re, E.im − t.im), half − k gets
// (E.re − t.re, −E.im − t.im). On the way back the cosine has the other sign.
HWY_INLINE void real_fft_step(std::complex<float>* bins, int half, const float* cosines,
                              const float* sines, float sign, float scale) {
  float* const parts = reinterpret_cast<float*>(bins);
  int k = 1;
  for (int high = half - kFloatLanes; k + kFloatLanes <= high;
       k += kFloatLanes, high -= kFloatLanes) {  // k … and high … half − k
    Floats a_re;
    Floats a_im;
    Floats b_re;
    Floats b_im;
    hn::LoadInterleaved2(kFloats, parts + 2 * k, a_re, a_im);
    hn::LoadInterleaved2(kFloats, parts + 2 * high, b_re, b_im);
    b_re = hn::Reverse(kFloats, b_re);
    b_im = hn::Reverse(kFloats, b_im);
    const Floats factor = hn::Set(kFloats, scale);
    const Floats cosine = hn::Mul(hn::Set(kFloats, sign * scale), hn::LoadU(kFloats, cosines + k));
    const Floats sine = hn::Mul(factor, hn::LoadU(kFloats, sines + k));
    const Floats d_re = hn::Sub(a_re, b_re);
    const Floats d_im = hn::Add(a_im, b_im);
    const Floats t_re = hn::NegMulAdd(sine, d_re, hn::Mul(cosine, d_im));
    const Floats t_im = hn::MulAdd(sine, d_im, hn::Mul(cosine, d_re));
    const Floats e_re = hn::Mul(factor, hn::Add(a_re, b_re));
    const Floats e_im = hn::Mul(factor, hn::Sub(a_im, b_im));
    hn::StoreInterleaved2(hn::Add(e_re, t_re), hn::Sub(e_im, t_im), kFloats, parts + 2 * k);
    hn::StoreInterleaved2(hn::Reverse(kFloats, hn::Sub(e_re, t_re)),
                          hn::Reverse(kFloats, hn::Neg(hn::Add(e_im, t_im))), kFloats,
                          parts + 2 * high);
  }
  for (; 2 * k <= half; ++k) {
    const float cosine = sign * scale * cosines[k];
    const float sine = scale * sines[k];
    const std::complex<float> a = bins[k];
    const std::complex<float> b = bins[half - k];
    const std::complex<float> d(a.real() - b.real(), a.imag() + b.imag());
    const std::complex<float> e(scale * (a.real() + b.real()), scale * (a.imag() - b.imag()));
    const std::complex<float> t(cosine * d.imag() - sine * d.real(),
                                cosine * d.real() + sine * d.imag());
    bins[k] = {e.real() + t.real(), e.imag() - t.imag()};
    bins[half - k] = {e.real() - t.real(), -e.imag() - t.imag()};
  }
}

void real_fft_split(std::complex<float>* bins, int half, const float* cosines, const float* sines) {
  real_fft_step(bins, half, cosines, sines, 1.0F, 0.5F);
}

void real_fft_merge(std::complex<float>* bins, int half, const float* cosines, const float* sines) {
  real_fft_step(bins, half, cosines, sines, -1.0F, 1.0F);
}

void cosine_phase(const float* residual, const float* hilbert, int count, float floor,
                  float* phase) {
  constexpr float kTiny = 1e-36F;
  int n = 0;
  for (; n + kFloatLanes <= count; n += kFloatLanes) {
    const Floats r = hn::LoadU(kFloats, residual + n);
    const Floats h = hn::LoadU(kFloats, hilbert + n);
    const Floats square = hn::Max(hn::MulAdd(r, r, hn::Mul(h, h)), hn::Set(kFloats, kTiny));
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
    // 1 / sqrt by the processor's estimate and one step of Newton's: dividing takes longer.
    Floats inverse = hn::ApproximateReciprocalSqrt(square);
    const Floats half = hn::Mul(hn::Mul(square, hn::Set(kFloats, 0.5F)), hn::Mul(inverse, inverse));
    inverse = hn::Mul(inverse, hn::Sub(hn::Set(kFloats, 1.5F), half));
#else
    const Floats inverse = hn::Div(hn::Set(kFloats, 1.0F), hn::Sqrt(square));
#endif
    const auto is_loud = hn::Ge(hn::Mul(square, inverse), hn::Set(kFloats, floor));
    hn::StoreU(hn::IfThenElseZero(is_loud, hn::Mul(r, inverse)), kFloats, phase + n);
  }
  for (; n < count; ++n) {
    const float square = residual[n] * residual[n] + hilbert[n] * hilbert[n];
    const float size = std::sqrt(square > kTiny ? square : kTiny);
    phase[n] = size >= floor ? residual[n] / size : 0.0F;
  }
}

}  // namespace
}  // namespace mer::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mer::kernels {

HWY_EXPORT(weighted_sum);
HWY_EXPORT(products);
HWY_EXPORT(sparse_rows);
HWY_EXPORT(squared_magnitudes);
HWY_EXPORT(real_fft_split);
HWY_EXPORT(real_fft_merge);
HWY_EXPORT(cosine_phase);

void weighted_sum(const double* rows, std::ptrdiff_t stride, const double* weights, int count,
                  int length, double* out) {
  HWY_DYNAMIC_DISPATCH(weighted_sum)(rows, stride, weights, count, length, out);
}

void products(const double* rows, std::ptrdiff_t stride, const double* x, int count, int length,
              double* out) {
  HWY_DYNAMIC_DISPATCH(products)(rows, stride, x, count, length, out);
}

void sparse_rows(const int* first_pieces, int num_rows, const int* piece_bins, const float* weights,
                 const float* in, float* out) {
  HWY_DYNAMIC_DISPATCH(sparse_rows)(first_pieces, num_rows, piece_bins, weights, in, out);
}

void squared_magnitudes(const std::complex<double>* bins, int count, float* power) {
  HWY_DYNAMIC_DISPATCH(squared_magnitudes)(bins, count, power);
}

void real_fft_split(std::complex<float>* bins, int half, const float* cosines, const float* sines) {
  HWY_DYNAMIC_DISPATCH(real_fft_split)(bins, half, cosines, sines);
}

void real_fft_merge(std::complex<float>* bins, int half, const float* cosines, const float* sines) {
  HWY_DYNAMIC_DISPATCH(real_fft_merge)(bins, half, cosines, sines);
}

void cosine_phase(const float* residual, const float* hilbert, int count, float floor,
                  float* phase) {
  HWY_DYNAMIC_DISPATCH(cosine_phase)(residual, hilbert, count, floor, phase);
}

}  // namespace mer::kernels
#endif  // HWY_ONCE
