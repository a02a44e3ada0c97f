#include "kernels.hpp"

#include "kernel_table.hpp"

namespace mer::kernels {
namespace {

const KernelTable& best_table() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    return kAvx512Kernels;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("bmi2")) {
    return kAvx2Kernels;
  }
#endif
  return kBaselineKernels;
}

const KernelTable& table() {
  static const KernelTable& best = best_table();
  return best;
}

}  // namespace

double sum(const float* samples, int count) { return table().sum(samples, count); }

double energy(const float* samples, int count) { return table().energy(samples, count); }

bool all_within(const float* samples, int count, float limit) {
  return table().all_within(samples, count, limit);
}

void sparse_rows(const int* first_pieces, int num_rows, const int* piece_bins, const float* weights,
                 const float* in, float* out) {
  table().sparse_rows(first_pieces, num_rows, piece_bins, weights, in, out);
}

void power_to_db(const float* power, int count, float* db) {
  table().power_to_db(power, count, db);
}

Candidates extreme_candidates(const float* values, int count, int selected, float* smallest,
                              float* largest) {
  return table().extreme_candidates(values, count, selected, smallest, largest);
}

RootSums extreme_root_sums(float* smallest, int num_smallest, float* largest, int num_largest,
                           int selected) {
  return table().extreme_root_sums(smallest, num_smallest, largest, num_largest, selected);
}

void to_segments(const float* samples, int count, int margin, double* segments) {
  table().to_segments(samples, count, margin, segments);
}

void segment_prediction_error(const double* segments, int length, const double* coefficients,
                              int order, float* out) {
  table().segment_prediction_error(segments, length, coefficients, order, out);
}

void cosine_phase(const float* residual, const float* hilbert, int count, float floor,
                  float* envelope, float* phase) {
  table().cosine_phase(residual, hilbert, count, floor, envelope, phase);
}

void lattice_step(double* forward, double* backward, int count, double reflection) {
  table().lattice_step(forward, backward, count, reflection);
}

LatticeSums lattice_sums(const double* forward, const double* backward, int count) {
  return table().lattice_sums(forward, backward, count);
}

CentredFrame centre(const float* samples, int count, float mean, int head_count, float* centred,
                    float* head) {
  return table().centre(samples, count, mean, head_count, centred, head);
}

void pitch_differences(const float* leaving, const float* entering, const float* correlation,
                       double head_energy, double scale, float least, int num_lags,
                       const PitchCurves& curves) {
  table().pitch_differences(leaving, entering, correlation, head_energy, scale, least, num_lags,
                            curves);
}

float interpolate(const float* values, const float* exists, float part) {
  return table().interpolate(values, exists, part);
}

int next_minimum(const float* values, int first, int last, float limit) {
  return table().next_minimum(values, first, last, limit);
}

void cosine_sums(const float* power, const double* cosines, int num_bins, int stride,
                 double* sums) {
  table().cosine_sums(power, cosines, num_bins, stride, sums);
}

void multiples_of_angles(double* cosines, double* sines, int stride, int num_lines, int order) {
  table().multiples_of_angles(cosines, sines, stride, num_lines, order);
}

void inverse_filter_at(const double* a, int order, const double* cosines, const double* sines,
                       int stride, int num_lines, double* real, double* imag) {
  table().inverse_filter_at(a, order, cosines, sines, stride, num_lines, real, imag);
}

void response_at(const double* real, const double* imag, const double* cosines, const double* sines,
                 int stride, int num_lines, int order, double* out) {
  table().response_at(real, imag, cosines, sines, stride, num_lines, order, out);
}

void move_model(const double* matrix, int stride, const double* response, int count, double scale,
                double step, double* model) {
  table().move_model(matrix, stride, response, count, scale, step, model);
}

void lines_at_vertices(const LinePeaks& peaks, int count, double bin_angle, double* cosines,
                       double* sines, double* power) {
  table().lines_at_vertices(peaks, count, bin_angle, cosines, sines, power);
}

double aberth_round(const double* coefficients, int order, double* real, double* imag) {
  return table().aberth_round(coefficients, order, real, imag);
}

template <>
int fft_lanes<float>() {
  return table().float_lanes;
}
template <>
int fft_lanes<double>() {
  return table().double_lanes;
}

void fft_forward(const FftTables<float>& tables, const float* samples, float* scratch,
                 float* bins) {
  table().forward_float(tables, samples, scratch, bins);
}
void fft_forward(const FftTables<double>& tables, const double* samples, double* scratch,
                 double* bins) {
  table().forward_double(tables, samples, scratch, bins);
}
void fft_inverse(const FftTables<float>& tables, const float* bins, float* scratch,
                 float* samples) {
  table().inverse_float(tables, bins, scratch, samples);
}
void fft_inverse(const FftTables<double>& tables, const double* bins, double* scratch,
                 double* samples) {
  table().inverse_double(tables, bins, scratch, samples);
}
void fft_power(const FftTables<float>& tables, const float* samples, const float* window,
               float* scratch, float* power) {
  table().power_float(tables, samples, window, scratch, power);
}
void fft_hilbert(const FftTables<float>& tables, const float* samples, float* scratch,
                 float* hilbert) {
  table().hilbert(tables, samples, scratch, hilbert);
}
void fft_correlation(const FftTables<float>& tables, const double* real, const double* imag,
                     double offset, const float* fixed, float* scratch, float* correlation) {
  table().correlation(tables, real, imag, offset, fixed, scratch, correlation);
}
void fft_spectrum(const FftTables<double>& tables, const float* samples, double* scratch,
                  double* real, double* imag) {
  table().spectrum(tables, samples, scratch, real, imag);
}

void windowed_power(const double* real, const double* imag, int half, const double* terms,
                    float* power) {
  table().windowed_power(real, imag, half, terms, power);
}

void hann_power(const double* real, const double* imag, int half, double* power) {
  table().hann_power(real, imag, half, power);
}

void cosine_lags(double* power, const double* cosines, int half, int order, double* differences,
                 double* multiples, double* lags) {
  table().cosine_lags(power, cosines, half, order, differences, multiples, lags);
}

}  // namespace mer::kernels
