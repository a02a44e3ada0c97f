#include "mer/features/pitch.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include "families.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/signal/kernels.hpp"

namespace mer {
namespace {

constexpr int kSincTaps = 16;
constexpr int kSincHalfWidth = kSincTaps / 2;
// Of the difference before and after its lags, for the sinc.
constexpr std::size_t kMargin = kSincTaps;
// Mean square of the alternating part below which there is nothing to find a period in (−100 dBFS).
constexpr double kPitchSilence = 1e-10;
// A lag at which less than this share of the frame's energy is compared shows no period.
constexpr double kLeastShare = 0.01;
// Periods shorter than this fall between samples badly enough for the sampled minimum of d' to hide
// them; their minima are interpolated before they are compared with the threshold.
constexpr int kShortLag = 160;
// … unless even so they could hardly become the best one.
constexpr float kHopeless = 0.7F;

// The value between samples, values[kSincTaps / 2 − 1 + part] with 0 < part < 1, by the sinc under
// a Hann window, of kSincTaps values whose weights add up to one; those with exists[i] = 0 don't
// count. With x = part + 7 − i the weight is ± sin(π·part) · (1 + cos(πx/8)) / x: the sine cancels,
// and the cosine of the sum comes from those of its parts.
float interpolate(const float* values, const float* exists, float part) {
  static const std::array<float, 2 * kSincTaps> kTurns = [] {  // cosines, then sines
    std::array<float, 2 * kSincTaps> turns{};
    for (std::size_t i = 0; i < kSincTaps; ++i) {
      const double angle = std::numbers::pi * (7.0 - static_cast<double>(i)) / kSincHalfWidth;
      const float sign = i % 2 == 0 ? 1.0F : -1.0F;
      turns[i] = sign * static_cast<float>(std::cos(angle));
      turns[kSincTaps + i] = sign * static_cast<float>(std::sin(angle));
    }
    return turns;
  }();
  // Both to 1e-8 up to π/8.
  const float angle = std::numbers::pi_v<float> / kSincHalfWidth * part;
  const float square = angle * angle;
  const float sine =
      angle * (1.0F - square * (1.0F / 6.0F - square * (1.0F / 120.0F - square / 5040.0F)));
  const float cosine =
      1.0F -
      square * (0.5F - square * (1.0F / 24.0F - square * (1.0F / 720.0F - square / 40320.0F)));
  std::array<float, kSincTaps> weights;
  std::array<float, kSincTaps> products;
  float sign = 1.0F;
  for (std::size_t i = 0; i < kSincTaps; ++i, sign = -sign) {
    const float taper = sign + cosine * kTurns[i] - sine * kTurns[kSincTaps + i];
    weights[i] =
        exists[i] * taper / (part + static_cast<float>(kSincHalfWidth - 1) - static_cast<float>(i));
    products[i] = weights[i] * values[i];
  }
  float weight = 0.0F;
  float product = 0.0F;
  for (std::size_t i = 0; i < kSincTaps; ++i) {
    weight += weights[i];
    product += products[i];
  }
  return product / weight;
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
      num_lags_((last_lag_ + kernels::kMostLanes - 1) / kernels::kMostLanes * kernels::kMostLanes),
      fft_(window_samples),
      own_spectrum_(window_samples),
      // What the last lags read beyond these stays 0.
      frame_(Eigen::ArrayXf::Zero(window_samples + kernels::kMostLanes)),
      head_(Eigen::ArrayXf::Zero(window_samples)),
      bins_(fft_.num_bins()),
      correlation_(Eigen::ArrayXf::Zero(window_samples + kernels::kMostLanes)) {
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
  const std::size_t lags = static_cast<std::size_t>(num_lags_) + 1;
  for (std::vector<float>* curve : {&energies_, &cumulative_, &normalized_}) curve->resize(lags);
  minima_.resize(lags + kernels::kMostLanes);
  difference_.resize(lags + 2 * kMargin);
  exists_.resize(difference_.size());
  std::fill_n(exists_.begin() + static_cast<std::ptrdiff_t>(kMargin), last_lag_ + 1, 1.0F);
}

const float* PitchTracker::difference() const { return difference_.data() + kMargin; }

// Fills d and d' for all lags; false for a frame without an alternating part.
bool PitchTracker::compute_curves(const FrameSpectrum& spectrum) {
  const int count = fft_.size();
  const double mean = spectrum.bins()[0].real() / count;
  const int head = integration_samples_;
  const double head_energy = kernels::center(spectrum.samples(), head, mean, frame_.data());
  const double total = head_energy + kernels::center(spectrum.samples() + head, count - head, mean,
                                                     frame_.data() + head);
  if (total < count * std::max(kPitchSilence, 1e-12 * mean * mean)) return false;

  // c(τ) = Σ_{n<W} x[n] x[n+τ]: the cyclic correlation of the first W samples with all of them,
  // free of wrap-around for the lags wanted.
  head_.head(head) = frame_.head(head);
  fft_.forward(head_.data(), bins_.data());
  kernels::cross_spectrum(spectrum.bins(), fft_.num_bins(), bins_.data());
  bins_[0] = 0.0F;
  fft_.inverse(bins_.data(), correlation_.data());

  kernels::pitch_curves(
      frame_.data(), frame_.data() + head, correlation_.data(), head_energy, 2.0 / count,
      static_cast<float>(kLeastShare * total), num_lags_,
      {difference_.data() + kMargin, energies_.data(), cumulative_.data(), normalized_.data()});
  return true;
}

// d between samples.
float PitchTracker::interpolated(float lag) const {
  const int base = static_cast<int>(std::floor(lag));
  const float part = lag - static_cast<float>(base);
  if (part == 0.0F) return difference()[base];
  const std::size_t first = kMargin + static_cast<std::size_t>(base + 1 - kSincHalfWidth);
  return interpolate(difference_.data() + first, exists_.data() + first, part);
}

// The vertex of a parabola through d at a lag and its neighbors, at most one away.
float PitchTracker::vertex(int lag) const {
  const float* const d = difference() + lag;
  const float curvature = d[-1] - 2.0F * d[0] + d[1];
  const float center = static_cast<float>(lag);
  if (!(curvature > 0.0F)) return center;
  return center + std::clamp(0.5F * (d[-1] - d[1]) / curvature, -1.0F, 1.0F);
}

// Where d has its minimum near a lag at which the sampled d' has one.
float PitchTracker::refined_lag(int lag) const {
  float center = vertex(lag);
  for (const float step : {0.5F, 0.25F, 0.125F}) {
    const float left = interpolated(center - step);
    const float middle = interpolated(center);
    const float right = interpolated(center + step);
    const float curvature = left - 2.0F * middle + right;
    if (!(curvature > 0.0F)) break;
    const float move = 0.5F * step * (left - right) / curvature;
    center += std::clamp(move, -step, step);
    center = std::clamp(center, static_cast<float>(lag) - 1.0F, static_cast<float>(lag) + 1.0F);
  }
  return center;
}

float PitchTracker::normalized_at(float lag) const {
  const float sum = cumulative_[static_cast<std::size_t>(std::lround(lag))];
  return sum > 0.0F ? std::max(0.0F, interpolated(lag)) * std::round(lag) / sum : 1.0F;
}

Pitch PitchTracker::compute(std::span<const float> frame) {
  own_spectrum_.compute(frame);
  return compute(own_spectrum_);
}

Pitch PitchTracker::compute(const FrameSpectrum& spectrum) {
  if (spectrum.window_samples() != fft_.size()) {
    throw std::invalid_argument("a spectrum of another length");
  }
  Pitch pitch;
  if (!compute_curves(spectrum)) return pitch;

  const float threshold = static_cast<float>(options_.threshold);
  int best_index = 0;
  float best = 1.0F;
  // A minimum of d' below 1: more alike than at shorter lags on average.
  const float* const d = normalized_.data();
  const int num_minima =
      kernels::local_minima(d, min_lag_, max_lag_ + 1, 1.0F, threshold, minima_.data());
  for (const int lag : std::span(minima_).first(static_cast<std::size_t>(num_minima))) {
    float value = d[lag];
    if (lag < kShortLag && value >= threshold && value < kHopeless) {
      value = std::min(value, normalized_at(vertex(lag)));
    }
    if (value < best) {
      best = value;
      best_index = lag;
    }
    if (value < threshold) break;
  }
  if (best >= 1.0F) return pitch;  // no periodicity in the range
  const float best_lag = refined_lag(best_index);
  best = std::min(best, normalized_at(best_lag));
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

namespace {

class F0Feature : public FrameFeature {
 public:
  explicit F0Feature(FrameAnalysis& analysis) { analysis.use_pitch(); }
  bool holds_values() const override { return true; }
  void compute(FrameAnalysis& frame, std::span<float> columns) override {
    const Pitch& pitch = frame.pitch();
    if (pitch.voiced) columns[0] = semitones_above_55_hz(pitch.frequency_hz);
  }
};

class VoicingFeature : public FrameFeature {
 public:
  explicit VoicingFeature(FrameAnalysis& analysis) { analysis.use_pitch(); }
  void compute(FrameAnalysis& frame, std::span<float> columns) override {
    columns[0] = frame.pitch().voicing;
  }
};

}  // namespace

FrameFeatureFamily f0_family() {
  return {"semitones above 55 Hz",
          "de Cheveigné & Kawahara (2002)",
          "pitch of the dominant periodicity; held in unvoiced frames, 0 before the first voiced",
          {{"pitch", AnyOptions::of<PitchOptions>()}},
          [](const FeatureOptions&) { return std::vector<std::string>{"f0_semitones"}; },
          make_frame_feature<F0Feature>};
}

FrameFeatureFamily voicing_family() {
  return {"0…1",
          "de Cheveigné & Kawahara (2002)",
          "how periodic the frame is: 1 less YIN's aperiodicity",
          {{"pitch", AnyOptions::of<PitchOptions>()}},
          [](const FeatureOptions&) { return std::vector<std::string>{"voicing"}; },
          make_frame_feature<VoicingFeature>};
}

}  // namespace mer
