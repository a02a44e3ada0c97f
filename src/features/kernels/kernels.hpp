#pragma once

// The inner loops, compiled for several instruction sets (see kernel_table.hpp). The order of the
// additions in each is fixed by hand (lanes, then lanes together), so that a result does not depend
// on where in memory the data lies. Processors with and without fused multiply-add round
// differently.
namespace mer::kernels {

/// Σ x[i] in double precision
double sum(const float* samples, int count);

/// Σ x[i]² in double precision
double energy(const float* samples, int count);

/// Whether |x[i]| ≤ limit for all; false when one is not a number
bool all_within(const float* samples, int count, float limit);

/// out[row] = Σ_{p = first_pieces[row] … first_pieces[row + 1] − 1} Σ_{i<8} weights[8p + i] ·
/// in[piece_bins[p] + i]
inline constexpr int kPiece = 8;
void sparse_rows(const int* first_pieces, int num_rows, const int* piece_bins, const float* weights,
                 const float* in, float* out);

/// db = 10 · log10(max(power, 1e-10)), for finite power
void power_to_db(const float* power, int count, float* db);

/// Copies all values that can be among the `selected` smallest, or the `selected` largest; usually
/// few more than these, all of them when `selected` is beyond kExtremeGroups or the values are few.
/// @param smallest  [count + kExtremeGroups], as is `largest`
struct Candidates {
  int num_smallest;
  int num_largest;
};
inline constexpr int kExtremeGroups = 16;
Candidates extreme_candidates(const float* values, int count, int selected, float* smallest,
                              float* largest);

/// The sums of the square roots of the `selected` smallest and of the `selected` largest
/// candidates, none of which is negative; the steps grow with the square of their number.
/// @param smallest  [num_smallest + 7], as is `largest`: what follows the candidates is overwritten
struct RootSums {
  double smallest;
  double largest;
};
RootSums extreme_root_sums(float* smallest, int num_smallest, float* largest, int num_largest,
                           int selected);

/// A signal cut into kSegments segments of equal length, the first samples of all segments
/// together, then their second samples and so on: a sample's neighbours in time are vectors'
/// neighbours in memory. Sample n of segment s lies at [kSegments · (n + margin) + s]; the margin
/// before and after holds the samples of the segments' neighbours.
inline constexpr int kSegments = 8;
inline int segment_length(int count) { return (count + kSegments - 1) / kSegments; }
/// @param samples   points at the first sample; `margin` samples of history lie before it
/// @param segments  [kSegments · (length + 2 · margin)]; zeros where there are no samples
void to_segments(const float* samples, int count, int margin, double* segments);

/// out[n] = x[n] + Σ_{i=1…order} a[i] x[n − i], in the samples' own order
/// @param segments  of x, with a margin of `order`
/// @param out       [kSegments · length]
void segment_prediction_error(const double* segments, int length, const double* coefficients,
                              int order, float* out);

/// phase = r / envelope, envelope = sqrt(r² + h²); 0 where the envelope is below the floor
void cosine_phase(const float* residual, const float* hilbert, int count, float floor,
                  float* phase);

/// The predictor of an autocorrelation by Schur's recursion, see mer::levinson_durbin().
/// @param order         at most kMaxSchurOrder
/// @param coefficients  [order + 1]
/// @return              the prediction error
inline constexpr int kMaxSchurOrder = 16;
double predictor(const double* lags, int order, double* coefficients);

/// One step of Burg's lattice over `count` pairs, in place: f ← f + k·b, b ← b + k·f
void lattice_step(double* forward, double* backward, int count, double reflection);

/// Σ f b and Σ f² + b²
struct LatticeSums {
  double product = 0.0;
  double energy = 0.0;
};
LatticeSums lattice_sums(const double* forward, const double* backward, int count);

/// centred[n] = x[n] − mean; head[n] is the same for n < head_count, else 0.
struct CentredFrame {
  double energy;       ///< Σ centred²
  double head_energy;  ///< Σ head²
};
CentredFrame centre(const float* samples, int count, float mean, int head_count, float* centred,
                    float* head);

/// YIN's curves (see PitchTracker), each of num_lags + 1 values, those of lag 0 too:
///   energy[τ]     = Σ_{n<W} x[n]² + x[n+τ]²
///   difference[τ] = max(0, energy[τ] − scale · correlation[τ])
///   cumulative[τ] = Σ_{1≤j≤τ} difference[j]
///   normalised[τ] = difference[τ] · τ / cumulative[τ]; 1 where energy[τ] < least
struct PitchCurves {
  float* difference;
  float* energy;
  float* cumulative;
  float* normalised;
};
/// @param leaving      x[0] …
/// @param entering     x[W] …
/// @param correlation  of the lags from 0 on
/// @param head_energy  Σ_{n<W} x[n]²
/// @param num_lags     the lags 1 … num_lags; a multiple of kLagVector
inline constexpr int kLagVector = 16;
void pitch_differences(const float* leaving, const float* entering, const float* correlation,
                       double head_energy, double scale, float least, int num_lags,
                       const PitchCurves& curves);

/// The value between samples, values[kSincTaps / 2 − 1 + part] with 0 < part < 1, by the sinc under
/// a Hann window, of kSincTaps values whose weights add up to one. Values that are not to count are
/// those with exists[i] = 0; else it is 1.
inline constexpr int kSincTaps = 16;
float interpolate(const float* values, const float* exists, float part);

/// The first i in first … last with values[i] < limit that is no larger than its two neighbours;
/// last + 1 when there is none.
int next_minimum(const float* values, int first, int last, float limit);

// ---- all-pole models (see all_pole.hpp); tables' rows are `stride` apart, a multiple of
// kModelVector

inline constexpr int kModelVector = 8;
inline int whole_model_vectors(int count) {
  return (count + kModelVector - 1) / kModelVector * kModelVector;
}
inline constexpr int kMaxRoots = 32;

/// sums[k] = Σ_b power[b] · cosines[b][k], k < stride
void cosine_sums(const float* power, const double* cosines, int num_bins, int stride, double* sums);

/// Rows 2 … order of cos(nω) and sin(nω) from rows 0 and 1.
/// @param num_lines  here and below: a multiple of kModelVector
void multiples_of_angles(double* cosines, double* sines, int stride, int num_lines, int order);

/// 1/A at the lines, A = Σ_n a[n] e^(−iωn)
void inverse_filter_at(const double* a, int order, const double* cosines, const double* sines,
                       int stride, int num_lines, double* real, double* imag);

/// out[n] = Σ_k real[k] cos(ω_k n) + imag[k] sin(ω_k n), n ≤ order
/// @param cosines, sines  [whole_model_vectors(order + 1), stride]
/// @param out             [whole_model_vectors(order + 1)]
void response_at(const double* real, const double* imag, const double* cosines, const double* sines,
                 int stride, int num_lines, int order, double* out);

/// model += step · (scale · matrix · response − model)
/// @param matrix  symmetric, [count, stride]
/// @param model   [stride]
void move_model(const double* matrix, int stride, const double* response, int count, double scale,
                double step, double* model);

/// One round of Aberth's iteration for all roots at once, each moving by
///   value / (slope − value · Σ_{j≠i} 1 / (z_i − z_j)).
/// @param real, imag  room for kMaxRoots; what follows the `order` roots is not moved
/// @return            the largest squared move
double aberth_round(const double* coefficients, int order, double* real, double* imag);

/// Spectral lines from a parabola through the levels of the strongest bin of each and its two
/// neighbours: power = that bin's, raised to the parabola's vertex; cosine and sine of the vertex's
/// angle, from those of the bin's.
struct LinePeaks {
  const float* left_db;  ///< [count in whole vectors of kModelVector], like all of these
  const float* middle_db;
  const float* right_db;
  const double* bin_power;
  const double* bin_cosine;
  const double* bin_sine;
};
/// @param bin_angle  between two bins
void lines_at_vertices(const LinePeaks& peaks, int count, double bin_angle, double* cosines,
                       double* sines, double* power);

/// What a real transform of N = 2·half samples needs, half being a power of two, at least
/// kSmallestHalf. The `half` complex numbers of even and odd samples are transformed as `lanes`
/// interleaved sequences of half / lanes, side by side in a vector, and then across the lanes.
template <class Real>
struct FftTables {
  int half;
  int lanes;
  const Real* passes;  ///< of each pass but the last, for each p: e^(−2πi·jp/n), 0 < j < its radix
  const Real* across;  ///< for each k < half / lanes: Re, then Im of e^(−2πi·kl/half), l < lanes
  const Real* cosine;  ///< cos(2πk/N) and sin(2πk/N) for k ≤ half / 2 + lanes
  const Real* sine;
};
inline constexpr int kSmallestHalf = 256;
/// Numbers of scratch that a transform wants, as a multiple of half
inline constexpr int kFftScratch = 8;

/// How many points the last pass takes at most, which has no factors: eight complex vectors and
/// what they become fit into 32 registers, not into 16.
constexpr int fft_last_points(int vector_bytes) { return vector_bytes == 64 ? 8 : 4; }
/// The radix of a pass over n points, n being a power of two above those of the last pass.
constexpr int fft_radix(int n, int vector_bytes) {
  if (vector_bytes < 64) return 4;
  int third_powers = n;
  while (third_powers > 8) third_powers /= 8;
  return third_powers == 8 ? 8 : 4;
}

/// How many lanes the tables must be made for.
template <class Real>
int fft_lanes();

/// bins[k] = Σ_n x[n] e^(−2πi·kn/N), k ≤ half; real and imaginary parts alternate
void fft_forward(const FftTables<float>& tables, const float* samples, float* scratch, float* bins);
void fft_forward(const FftTables<double>& tables, const double* samples, double* scratch,
                 double* bins);
/// N times the samples
void fft_inverse(const FftTables<float>& tables, const float* bins, float* scratch, float* samples);
void fft_inverse(const FftTables<double>& tables, const double* bins, double* scratch,
                 double* samples);
/// power[k] = |Σ_n w[n] x[n] e^(−2πi·kn/N)|², k ≤ half
/// @param window  w at the even places, then at the odd ones
void fft_power(const FftTables<float>& tables, const float* samples, const float* window,
               float* scratch, float* power);
/// The Hilbert transform of the samples as one period of a periodic signal
void fft_hilbert(const FftTables<float>& tables, const float* samples, float* scratch,
                 float* hilbert);
/// N · Σ_n fixed[n] (moved[n + τ] − offset), cyclic, for all τ < N
/// @param real, imag  the bins 0 … half of `moved`
void fft_correlation(const FftTables<float>& tables, const double* real, const double* imag,
                     double offset, const float* fixed, float* scratch, float* correlation);

// ---- spectra without a window, in arrays of real and of imaginary parts (see FrameSpectrum)

/// X[k] = Σ_n x[n] e^(−2πi·kn/N), 0 ≤ k ≤ half
void fft_spectrum(const FftTables<double>& tables, const float* samples, double* scratch,
                  double* real, double* imag);

/// How many bins below 0 and above half the next two read: a spectrum goes on in mirror images.
inline constexpr int kSpectrumMargin = 8;
/// power[k] = |terms[0] X[k] + Σ_{m=1,2,3} terms[m] (X[k−m] + X[k+m])|², k ≤ half
void windowed_power(const double* real, const double* imag, int half, const double* terms,
                    float* power);
/// … with the terms 1/2, −1/4 of Hann's window, in double precision
void hann_power(const double* real, const double* imag, int half, double* power);

/// lags[k] = Σ_{f≤half} power[f] cos(πfk/half), k ≤ order
/// @param power        overwritten
/// @param cosines      cos(πf/h) for 2f < h, for h = half, half / 2, half / 4 … down to an odd h
/// @param differences  [half / 2], scratch, as is `multiples`, [half]
void cosine_lags(double* power, const double* cosines, int half, int order, double* differences,
                 double* multiples, double* lags);

}  // namespace mer::kernels
