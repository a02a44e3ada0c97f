#pragma once

#include <Eigen/Core>
#include <array>
#include <cstdint>

#include "mer/core/options.hpp"

namespace mer {

enum class WindowKind { kBlackmanHarris, kHann };

/// Where the first frame lies: at the first sample, or with its center there.
enum class FramePadding { kNone, kCenter };

/// How samples become frames. Frame t covers samples [t·hop − p, t·hop − p + window); a frame's
/// time is its center. Without padding p = 0 and only whole frames count. Centered frames have
/// p = window / 2, zeros stand beyond both ends of the signal, and the last frame's center is the
/// last multiple of the hop that is no later than the end. Either way fewer samples than one window
/// give no frame.
struct FrameOptions {
  int window_samples = 2048;
  int hop_samples = 1024;
  WindowKind window = WindowKind::kBlackmanHarris;
  FramePadding padding = FramePadding::kNone;

  /// p above.
  int padding_samples() const { return padding == FramePadding::kCenter ? window_samples / 2 : 0; }

  void visit(OptionsVisitor& v);
  void validate() const;
};

/// A *periodic* window (w[n] of length N is the first N samples of the symmetric one of N + 1), as
/// spectral analysis wants it:
///
///   Blackman–Harris  0.35875 − 0.48829 cos(x) + 0.14128 cos(2x) − 0.01168 cos(3x),  x = 2πn/N
///   Hann             0.5 − 0.5 cos(x)
///
/// Source: Harris (1978), "On the use of windows for harmonic analysis with the DFT".
/// @return [samples], peak 1
Eigen::ArrayXd make_window(WindowKind kind, int samples);
/// The factors of cos(0), cos(x), cos(2x) and cos(3x).
std::array<double, 4> window_terms(WindowKind kind);

/// How many frames so many samples give.
std::int64_t count_frames(std::int64_t num_samples, const FrameOptions& options);

}  // namespace mer
