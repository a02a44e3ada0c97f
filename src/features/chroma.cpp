#include "mer/features/chroma.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "mer/core/error.hpp"

namespace mer {
namespace {

constexpr double kCentreOctave = 5.0;
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
          "length of the Hann window of chroma's own spectrum round each frame's centre, an even "
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
        std::exp(-0.5 * std::pow((pitch / 12.0 - kCentreOctave) / kOctaveWidth, 2.0));
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

const Eigen::ArrayXf& Chroma::compute_long(std::span<const float> samples) {
  return compute(own_spectrum_.value().compute(samples));
}

}  // namespace mer
