#include "mer/features/chroma.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "families.hpp"
#include "mer/core/error.hpp"
#include "mer/features/feature_options.hpp"

namespace mer {
namespace {

constexpr double kCenterOctave = 5.0;
constexpr double kOctaveWidth = 2.0;
// Weights below this (a bin's own are about 1) change a frame's chroma by less than 1e-5 of its
// maximum; leaving them out makes the filters sparse.
constexpr double kNegligibleWeight = 1e-6;

FrameOptions long_frame(int window_samples) {
  FrameOptions frame;
  frame.window_samples = window_samples;
  frame.window = WindowKind::kHann;
  return frame;
}

}  // namespace

void ChromaOptions::visit(OptionsVisitor& v) {
  v.field("window_samples", window_samples, between(0, 1 << 17),
          "length of the Hann window of chroma's own spectrum round each frame's center, an even "
          "number; 0 = the frame's spectrum");
  v.field("tuning", tuning, between(-0.5, 0.5),
          "deviation of the music's tuning from A4 = 440 Hz in semitones");
}

void ChromaOptions::validate() const {
  if (window_samples % 2 != 0) {
    throw UsageError(
        "window_samples is " + std::to_string(window_samples) + ": it must be an even number",
        "8192 is usual at 44100 Hz, 0 takes the frame's spectrum");
  }
}

Eigen::MatrixXd chroma_filters(int window_samples, int sample_rate_hz, double tuning) {
  const int num_bins = window_samples / 2 + 1;
  const double base_hz = 440.0 / 16.0 * std::exp2(tuning / 12.0);  // A0 of this tuning
  const auto semitone = [&](int bin) {
    return 12.0 * std::log2(static_cast<double>(bin) * sample_rate_hz / window_samples / base_hz);
  };
  Eigen::MatrixXd filters(Chroma::kSize, num_bins);
  for (int bin = 0; bin < num_bins; ++bin) {
    // 0 Hz is put one and a half octaves below the first bin, which spreads it over all classes.
    const double pitch = bin == 0 ? semitone(1) - 18.0 : semitone(bin);
    const double width = bin == 0 ? 18.0 : std::max(1.0, semitone(bin + 1) - pitch);
    for (int c = 0; c < Chroma::kSize; ++c) {
      const int class_above_a = (c + 3) % 12;  // row 0 is C, pitch 0 is A
      double distance = std::fmod(pitch - class_above_a + 6.0 + 120.0, 12.0);
      if (distance < 0.0) distance += 12.0;
      distance -= 6.0;
      filters(c, bin) = std::exp(-0.5 * std::pow(2.0 * distance / width, 2.0));
    }
    filters.col(bin).normalize();
    filters.col(bin) *=
        std::exp(-0.5 * std::pow((pitch / 12.0 - kCenterOctave) / kOctaveWidth, 2.0));
  }
  return filters;
}

Chroma::Chroma(const ChromaOptions& options, int frame_window_samples, int sample_rate_hz)
    : filters_(chroma_filters(
                   options.window_samples == 0 ? frame_window_samples : options.window_samples,
                   sample_rate_hz, options.tuning),
               kNegligibleWeight),
      chroma_(kSize) {
  options.validate();
  if (options.window_samples == 0) return;
  if (options.window_samples < frame_window_samples) {
    throw UsageError("features.chroma.window_samples is " + std::to_string(options.window_samples) +
                         ": it must be 0 or at least the frame's " +
                         std::to_string(frame_window_samples),
                     "8192 is usual at 44100 Hz, 0 takes the frame's spectrum");
  }
  margin_samples_ = (options.window_samples - frame_window_samples) / 2;
  own_spectrum_.emplace(long_frame(options.window_samples));
}

const Eigen::ArrayXf& Chroma::compute(const Eigen::ArrayXf& power) {
  filters_.multiply({power.data(), static_cast<std::size_t>(power.size())},
                    {chroma_.data(), static_cast<std::size_t>(kSize)});
  const float largest = chroma_.maxCoeff();
  if (largest > 1e-30F) {
    chroma_ /= largest;
  } else {
    chroma_.setZero();
  }
  return chroma_;
}

const Eigen::ArrayXf& Chroma::compute_long(std::span<const double> samples) {
  return compute(own_spectrum_.value().compute(samples));
}

const Eigen::ArrayXf& Chroma::compute_long(std::span<const float> samples) {
  return compute(own_spectrum_.value().compute(samples));
}

namespace {

constexpr int kCents = 100;
constexpr double kLowestPeakHz = 100.0;
constexpr double kHighestPeakHz = 4000.0;
constexpr float kLeastPeakPower = 0.01F;  // of the frame's largest
// The histogram is smoothed by a Gaussian of this deviation before its mode is looked for, and
// averaged up to this distance from it.
constexpr double kSmoothingCents = 5.0;
constexpr int kAverageCents = 15;

}  // namespace

TuningEstimator::TuningEstimator(int sample_rate_hz, int window_samples)
    : spectrum_(long_frame(window_samples)),
      window_samples_(static_cast<std::size_t>(window_samples)),
      bin_hz_(static_cast<double>(sample_rate_hz) / window_samples),
      first_bin_(std::max(1, static_cast<int>(std::ceil(kLowestPeakHz / bin_hz_)))),
      last_bin_(std::min(window_samples / 2 - 1, static_cast<int>(kHighestPeakHz / bin_hz_))),
      histogram_(Eigen::ArrayXd::Zero(kCents)) {}

void TuningEstimator::push(std::span<const float> samples) {
  pending_.insert(pending_.end(), samples.begin(), samples.end());
  std::size_t start = 0;
  for (; start + window_samples_ <= pending_.size(); start += window_samples_ / 2) {
    add(spectrum_.compute(std::span<const float>(pending_).subspan(start, window_samples_)));
  }
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(start));
}

void TuningEstimator::add(const Eigen::ArrayXf& power) {
  if (last_bin_ < first_bin_) return;
  const float largest = power.segment(first_bin_, last_bin_ - first_bin_ + 1).maxCoeff();
  if (!(largest > 1e-30F)) return;
  const float least = kLeastPeakPower * largest;
  for (int bin = first_bin_; bin <= last_bin_; ++bin) {
    if (power[bin] < least || power[bin] < power[bin - 1] || power[bin] <= power[bin + 1]) continue;
    const double left = std::log(std::max(power[bin - 1], 1e-30F));
    const double middle = std::log(power[bin]);
    const double right = std::log(std::max(power[bin + 1], 1e-30F));
    const double offset =
        std::clamp(0.5 * (left - right) / (left - 2.0 * middle + right), -0.5, 0.5);
    const double semitones = 12.0 * std::log2((bin + offset) * bin_hz_ / 440.0);
    const double deviation = semitones - std::floor(semitones + 0.5);  // −0.5 … 0.5
    const int cell = std::min(kCents - 1, static_cast<int>(kCents * (deviation + 0.5)));
    histogram_[cell] += std::sqrt(static_cast<double>(power[bin]));
  }
}

double TuningEstimator::tuning() const {
  if (!(histogram_.maxCoeff() > 0.0)) return 0.0;
  const auto distance = [](int from, int to) {  // the shorter way round
    const int way = ((to - from) % kCents + kCents) % kCents;
    return way > kCents / 2 ? way - kCents : way;
  };
  int mode = 0;
  double highest = -1.0;
  for (int center = 0; center < kCents; ++center) {
    double sum = 0.0;
    for (int cell = 0; cell < kCents; ++cell) {
      const double x = distance(center, cell) / kSmoothingCents;
      sum += histogram_[cell] * std::exp(-0.5 * x * x);
    }
    if (sum > highest) {
      highest = sum;
      mode = center;
    }
  }
  double weight = 0.0;
  double moment = 0.0;
  for (int cell = 0; cell < kCents; ++cell) {
    const int way = distance(mode, cell);
    if (std::abs(way) > kAverageCents) continue;
    weight += histogram_[cell];
    moment += histogram_[cell] * way;
  }
  const double cents = mode + 0.5 + (weight > 0.0 ? moment / weight : 0.0);
  const double tuning = cents / kCents - 0.5;
  return tuning - std::floor(tuning + 0.5);
}

double estimate_tuning(std::span<const float> samples, int sample_rate_hz, int window_samples) {
  TuningEstimator estimator(sample_rate_hz, window_samples);
  estimator.push(samples);
  return estimator.tuning();
}

namespace {

class ChromaFeature : public FrameFeature {
 public:
  explicit ChromaFeature(FrameAnalysis& analysis)
      : chroma_(analysis.options().of<ChromaOptions>(), analysis.window_samples(),
                analysis.sample_rate_hz()) {}

  int samples_before() const override { return chroma_.margin_samples(); }
  int samples_behind() const override { return chroma_.margin_samples(); }

  void compute(FrameAnalysis& frame, std::span<float> columns) override {
    const Eigen::ArrayXf& values =
        chroma_.has_own_spectrum()
            ? chroma_.compute_long(frame.samples(samples_before(), samples_behind()))
            : chroma_.compute(frame.power());
    std::ranges::copy(values, columns.begin());
  }

 private:
  Chroma chroma_;
};

}  // namespace

FrameFeatureFamily chroma_family() {
  return {"0…1",
          "Ellis (2007)",
          "energy in each pitch class, divided by the frame's largest",
          {{"chroma", AnyOptions::of<ChromaOptions>()}},
          [](const FeatureOptions&) {
            return std::vector<std::string>{"chroma_C",  "chroma_Cs", "chroma_D",  "chroma_Ds",
                                            "chroma_E",  "chroma_F",  "chroma_Fs", "chroma_G",
                                            "chroma_Gs", "chroma_A",  "chroma_As", "chroma_B"};
          },
          make_frame_feature<ChromaFeature>};
}

}  // namespace mer
