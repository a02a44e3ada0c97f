#include "mer/features/pitch.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <string>

#include "kernels.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "two_versions.hpp"

namespace mer {
namespace {

constexpr int kSincHalfWidth = 8;
// Mean square of the alternating part below which there is nothing to find a period in (−100 dBFS).
constexpr double kSilenceMeanSquare = 1e-10;
// A lag at which less than this share of the frame's energy is compared shows no period.
constexpr double kLeastShare = 0.01;
// Periods shorter than this fall between samples badly enough for the sampled minimum of d' to hide
// them; their minima are interpolated before they are compared with the threshold.
constexpr int kShortLag = 160;
// … unless even so they could hardly become the best one.
constexpr float kHopeless = 0.7F;

typedef double Double4 __attribute__((vector_size(32)));

// values[i] becomes values[0] + … + values[i]. Four at a time, so that only one addition in four
// waits for the one before.
[[gnu::always_inline]] inline void running_sum(double* values, int count) {
  const Double4 zero = {};
  Double4 before = {};
  int i = 0;
  for (; i + 4 <= count; i += 4) {
    Double4 x;
    std::memcpy(&x, values + i, sizeof(x));
    x += __builtin_shufflevector(x, zero, 4, 0, 1, 2);
    x += __builtin_shufflevector(x, zero, 4, 4, 0, 1);
    const Double4 sum = before + x;
    std::memcpy(values + i, &sum, sizeof(sum));
    before += __builtin_shufflevector(x, x, 3, 3, 3, 3);
  }
  double total = before[0];
  for (; i < count; ++i) values[i] = total += values[i];
}

// For the lags 1 … last: what is compared (head_energy + the shifted part's energy) and
// d = compared − scale · correlation, at least 0; work[lag − 1] is d, too.
MER_TWO_VERSIONS
void lag_differences(const float* __restrict leaving, const float* __restrict entering,
                     const float* __restrict correlation, double head_energy, double scale,
                     int last, double* __restrict work, float* __restrict difference,
                     float* __restrict energies) {
  for (int i = 0; i < last; ++i) {
    const double in = entering[i];
    const double out = leaving[i];
    work[i] = in * in - out * out;
  }
  running_sum(work, last);
  const double both = 2.0 * head_energy;
  difference[0] = energies[0] = 0.0F;
  for (int i = 0; i < last; ++i) {
    const double compared = both + work[i];
    const double d = compared - scale * static_cast<double>(correlation[i + 1]);
    work[i] = d > 0.0 ? d : 0.0;
    difference[i + 1] = static_cast<float>(work[i]);
    energies[i + 1] = compared > 0.0 ? static_cast<float>(compared) : 0.0F;
  }
}

// The sums of d, and d' = d · lag / sum; 1 where less than `least` is compared (next to nothing is
// when the sound starts only afterwards).
MER_TWO_VERSIONS
void normalise(double* __restrict work, const float* __restrict difference,
               const float* __restrict energies, float least, int last,
               float* __restrict cumulative, float* __restrict normalised) {
  running_sum(work, last);
  cumulative[0] = 0.0F;
  normalised[0] = 1.0F;
  constexpr float kTiny = std::numeric_limits<float>::min();
  for (int i = 0; i < last; ++i) {
    const float sum = static_cast<float>(work[i]);
    cumulative[i + 1] = sum;
    const float value = difference[i + 1] * static_cast<float>(i + 1) / (sum + kTiny);
    const float known = energies[i + 1] >= least ? value : 1.0F;
    normalised[i + 1] = sum > 0.0F ? known : 1.0F;
  }
}

}  // namespace

void PitchOptions::visit(OptionsVisitor& v) {
  v.field("min_hz", min_hz, above_up_to(0, 20000), "lowest pitch in Hz");
  v.field("max_hz", max_hz, above_up_to(0, 20000), "highest pitch in Hz");
  v.field("threshold", threshold, above_up_to(0, 1),
          "aperiodicity (0 = periodic, 1 = not) below which the shortest period is taken at once");
  v.field("min_voicing", min_voicing, between(0, 1),
          "a frame with a voicing strength below this keeps the pitch of the last voiced one");
}

void PitchOptions::validate() const {
  if (min_hz >= max_hz) {
    throw UsageError("min_hz is " + format_number(min_hz) + ": it must be below max_hz, " +
                         format_number(max_hz),
                     "55 and 2000 are usual");
  }
}

PitchTracker::PitchTracker(const PitchOptions& options, int window_samples, int sample_rate_hz)
    : options_(options),
      sample_rate_hz_(sample_rate_hz),
      min_lag_(static_cast<int>(std::floor(sample_rate_hz / options.max_hz))),
      max_lag_(static_cast<int>(std::ceil(sample_rate_hz / options.min_hz))),
      last_lag_(max_lag_ + kSincHalfWidth),
      integration_samples_(window_samples - last_lag_),
      fft_(window_samples),
      frame_(window_samples),
      head_(window_samples),
      frame_bins_(fft_.num_bins()),
      head_bins_(fft_.num_bins()),
      correlation_(window_samples) {
  options.validate();
  if (2 * max_lag_ > window_samples) {
    throw UsageError(
        "features.pitch.min_hz is " + format_number(options.min_hz) +
            ": its period must fit twice into a frame of " + std::to_string(window_samples) +
            " samples at " + std::to_string(sample_rate_hz) + " Hz",
        "set features.pitch.min_hz to at least " +
            std::to_string(2 * sample_rate_hz / window_samples + 1) +
            " or features.frame.window_samples to at least " + std::to_string(2 * max_lag_));
  }
  if (min_lag_ < 2) {
    throw UsageError("features.pitch.max_hz is " + format_number(options.max_hz) +
                         ": at a sample rate of " + std::to_string(sample_rate_hz) +
                         " Hz it must be at most half of that",
                     "set features.pitch.max_hz to at most " + std::to_string(sample_rate_hz / 2));
  }
  const std::size_t lags = static_cast<std::size_t>(last_lag_) + 1;
  difference_.resize(lags);
  cumulative_.resize(lags);
  work_.resize(lags);
  normalised_.resize(lags);
  energies_.resize(lags);
}

// Fills d and d' for all lags; false for a frame without an alternating part.
bool PitchTracker::difference(std::span<const float> frame) {
  const int count = fft_.size();
  const double mean = kernels::sum(frame.data(), count) / count;
  const float offset = static_cast<float>(mean);
  for (int n = 0; n < count; ++n) frame_[n] = frame[static_cast<std::size_t>(n)] - offset;
  const double energy = kernels::energy(frame_.data(), count);
  if (energy < count * std::max(kSilenceMeanSquare, 1e-12 * mean * mean)) return false;

  // c(τ) = Σ_{n<W} x[n] x[n+τ]: the cyclic correlation of the first W samples with all of them,
  // free of wrap-around for the lags wanted.
  head_ = frame_;
  head_.tail(count - integration_samples_).setZero();
  fft_.forward(frame_.data(), frame_bins_.data());
  fft_.forward(head_.data(), head_bins_.data());
  frame_bins_ *= head_bins_.conjugate();
  fft_.inverse(frame_bins_.data(), correlation_.data());

  // The sums run in double precision: they are small differences of large numbers.
  const double head_energy = kernels::energy(frame_.data(), integration_samples_);
  lag_differences(frame_.data(), frame_.data() + integration_samples_, correlation_.data(),
                  head_energy, 2.0 / count, last_lag_, work_.data(), difference_.data(),
                  energies_.data());
  normalise(work_.data(), difference_.data(), energies_.data(),
            static_cast<float>(kLeastShare * energy), last_lag_, cumulative_.data(),
            normalised_.data());
  return true;
}

// d between samples: Hann-windowed sinc whose weights are made to sum to one.
float PitchTracker::interpolated(float lag) const {
  const int base = static_cast<int>(std::floor(lag));
  const float part = lag - static_cast<float>(base);
  if (part == 0.0F) return difference_[static_cast<std::size_t>(base)];
  // With x = part + j the weight is ± sin(π·part) · (1 + cos(πx/8)) / x; the sine cancels, and the
  // cosine of the sum comes from those of its parts.
  constexpr int kTaps = 2 * kSincHalfWidth;
  static const std::array<std::array<float, 2>, kTaps> tap_angles = [] {
    std::array<std::array<float, 2>, kTaps> angles{};
    for (int i = 0; i < kTaps; ++i) {
      const double angle = std::numbers::pi * (kSincHalfWidth - 1 - i) / kSincHalfWidth;
      angles[static_cast<std::size_t>(i)] = {static_cast<float>(std::cos(angle)),
                                             static_cast<float>(std::sin(angle))};
    }
    return angles;
  }();
  const float angle = std::numbers::pi_v<float> / kSincHalfWidth * part;
  const float cosine = std::cos(angle);
  const float sine = std::sin(angle);
  const int first_lag = base - kSincHalfWidth + 1;
  float sum = 0.0F;
  float weight_sum = 0.0F;
  for (int i = std::max(0, -first_lag); i < kTaps && first_lag + i <= last_lag_; ++i) {
    const auto [tap_cosine, tap_sine] = tap_angles[static_cast<std::size_t>(i)];
    const float x = part + static_cast<float>(kSincHalfWidth - 1 - i);
    const float taper = 1.0F + (cosine * tap_cosine - sine * tap_sine);
    const float weight = (i % 2 == 0 ? taper : -taper) / x;
    sum += weight * difference_[static_cast<std::size_t>(first_lag + i)];
    weight_sum += weight;
  }
  return sum / weight_sum;
}

// The vertex of a parabola through d at a lag and its neighbours, at most one away.
float PitchTracker::vertex(int lag) const {
  const float* const d = difference_.data() + lag;
  const float curvature = d[-1] - 2.0F * d[0] + d[1];
  const float centre = static_cast<float>(lag);
  if (!(curvature > 0.0F)) return centre;
  return centre + std::clamp(0.5F * (d[-1] - d[1]) / curvature, -1.0F, 1.0F);
}

// Where d has its minimum near a lag at which the sampled d' has one.
float PitchTracker::refined_lag(int lag) const {
  float centre = vertex(lag);
  for (const float step : {0.5F, 0.25F, 0.125F}) {
    const float left = interpolated(centre - step);
    const float middle = interpolated(centre);
    const float right = interpolated(centre + step);
    const float curvature = left - 2.0F * middle + right;
    if (!(curvature > 0.0F)) break;
    const float move = 0.5F * step * (left - right) / curvature;
    centre += std::clamp(move, -step, step);
    centre = std::clamp(centre, static_cast<float>(lag) - 1.0F, static_cast<float>(lag) + 1.0F);
  }
  return centre;
}

float PitchTracker::normalised_at(float lag) const {
  const float sum = cumulative_[static_cast<std::size_t>(std::lround(lag))];
  return sum > 0.0F ? std::max(0.0F, interpolated(lag)) * std::round(lag) / sum : 1.0F;
}

Pitch PitchTracker::compute(std::span<const float> frame) {
  if (static_cast<int>(frame.size()) != fft_.size()) {
    throw std::invalid_argument("the frame must be one window long");
  }
  Pitch pitch;
  if (!difference(frame)) return pitch;

  const float threshold = static_cast<float>(options_.threshold);
  int best_index = 0;
  float best = 1.0F;
  for (int lag = min_lag_; lag <= max_lag_; ++lag) {
    const std::size_t i = static_cast<std::size_t>(lag);
    float value = normalised_[i];
    if (value >= 1.0F) continue;  // no more alike than at shorter lags on average
    if (value > normalised_[i - 1] || value > normalised_[i + 1]) continue;  // no local minimum
    if (lag < kShortLag && value >= threshold && value < kHopeless) {
      value = std::min(value, normalised_at(vertex(lag)));
    }
    if (value < best) {
      best = value;
      best_index = lag;
    }
    if (value < threshold) break;
  }
  if (best >= 1.0F) return pitch;  // no periodicity in the range
  const float best_lag = refined_lag(best_index);
  best = std::min(best, normalised_at(best_lag));
  // A sound that starts or stops within the frame has a small d at all short lags, so a small d'
  // somewhere; but that d is no smaller than the energies that it compares.
  const float energy = energies_[static_cast<std::size_t>(std::lround(best_lag))];
  if (energy > 0.0F) best = std::max(best, interpolated(best_lag) / energy);
  pitch.frequency_hz = static_cast<float>(sample_rate_hz_) / best_lag;
  pitch.voicing = std::clamp(1.0F - best, 0.0F, 1.0F);
  pitch.voiced = pitch.voicing >= static_cast<float>(options_.min_voicing);
  return pitch;
}

float semitones_above_55_hz(float frequency_hz) { return 12.0F * std::log2(frequency_hz / 55.0F); }

}  // namespace mer
