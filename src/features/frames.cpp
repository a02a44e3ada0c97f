#include "mer/features/frames.hpp"

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include "mer/core/error.hpp"

namespace mer {

void FrameOptions::visit(OptionsVisitor& v) {
  v.field("window_samples", window_samples, between(64, 1 << 17),
          "length of a frame and of its FFT in samples, an even number");
  v.field("hop_samples", hop_samples, between(1, 1 << 17),
          "distance between the starts of two frames in samples");
  v.choice("window", window,
           {{"blackman_harris", WindowKind::kBlackmanHarris}, {"hann", WindowKind::kHann}},
           "window of the spectrum that spectrogram, MFCC, contrast and chroma share");
  v.choice("padding", padding, {{"none", FramePadding::kNone}, {"center", FramePadding::kCenter}},
           "whole frames only, or the first frame's center at the first sample, zeros around");
}

void FrameOptions::validate() const {
  if (window_samples % 2 != 0) {
    throw UsageError(
        "window_samples is " + std::to_string(window_samples) + ": it must be an even number",
        "2048 is usual at 44100 Hz");
  }
}

std::array<double, 4> window_terms(WindowKind kind) {
  if (kind == WindowKind::kBlackmanHarris) return {0.35875, -0.48829, 0.14128, -0.01168};
  return {0.5, -0.5, 0.0, 0.0};
}

Eigen::ArrayXd make_window(WindowKind kind, int samples) {
  if (samples < 1) throw std::invalid_argument("a window has at least one sample");
  const std::array<double, 4> terms = window_terms(kind);
  Eigen::ArrayXd window(samples);
  for (int n = 0; n < samples; ++n) {
    const double x = 2.0 * std::numbers::pi * n / samples;
    window[n] = terms[0] + terms[1] * std::cos(x) + terms[2] * std::cos(2.0 * x) +
                terms[3] * std::cos(3.0 * x);
  }
  return window;
}

std::int64_t count_frames(std::int64_t num_samples, const FrameOptions& options) {
  if (num_samples < options.window_samples) return 0;
  return 1 + (num_samples + 2 * options.padding_samples() - options.window_samples) /
                 options.hop_samples;
}

}  // namespace mer
