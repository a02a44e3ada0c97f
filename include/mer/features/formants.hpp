#pragma once

#include <Eigen/Core>
#include <array>
#include <complex>
#include <memory>
#include <span>
#include <vector>

#include "mer/core/options.hpp"

namespace mer {

/// Whether the spectrum is raised by 6 dB an octave before the prediction: as the spectrum of each
/// frame asks for, always, or never.
enum class PreEmphasis { kAuto, kAlways, kNever };

struct FormantOptions {
  int order = 10;
  double top_hz = 5500.0;
  PreEmphasis pre_emphasis = PreEmphasis::kAuto;
  double pre_emphasis_hz = 50.0;
  double min_hz = 90.0;
  double max_bandwidth_hz = 700.0;

  void visit(OptionsVisitor& v);
};

/// The lowest resonances of one frame; what is missing is 0.
struct Formants {
  static constexpr int kCount = 3;
  std::array<float, kCount> frequency_hz{};
  std::array<float, kCount> bandwidth_hz{};
  int found = 0;
};

/// Formant frequencies and bandwidths F1, B1, … F3, B3 from the poles of an all-pole model of the
/// spectrum below `top_hz`, made of the power spectrum that the other features use, too:
///
///   P[k], 0 … top_hz → pre-emphasis P · |1 − e^(−2πf_p/rate) e^(−iω)|², rate = 2 · top_hz
///   a voiced frame:  P at the harmonics of its pitch → discrete all-pole model
///   any other frame: P → autocorrelation → linear prediction (Levinson)
///   → roots z of the polynomial:  F = rate · arg z / 2π,  B = −rate · ln|z| / π        (Hz)
///
/// A root is a formant when F lies between min_hz and top_hz less 50 Hz and B is below
/// max_bandwidth_hz; the three lowest are taken. In the LLD matrix a missing formant repeats the
/// last one found (0 before the first); a silent frame has none.
///
/// Harmonics are what limits linear prediction: it follows the single lines instead of the envelope
/// over them, by 9–18 Hz in the median and 27–40 Hz at the 90th percentile for voices of 100–250 Hz
/// (ten synthetic vowels, three sources: mer_accuracy_report). The discrete model takes the lines
/// for what they are, samples of the envelope (1–6 Hz and 8–18 Hz), as long as there are enough of
/// them: `order` + 2 harmonics below top_hz − 50 Hz (pitches up to 454 Hz with the defaults; the
/// error grows from about 250 Hz on), three bins apart (pitches from 65 Hz at 44.1 kHz; below that
/// lines are dense enough anyhow). A wrong pitch costs this advantage: with an octave too high only
/// every second line is seen, with one too low it is like plain linear prediction.
///
/// The number of poles is the other limit: the source must be flat, or fall by 6 or 12 dB an
/// octave, for `order` poles to be the resonances'. `auto` raises the frames in which linear
/// prediction gets a smaller error that way; it suits all three. Always raising, as is usual for
/// speech, moves F1 of a flat source by 50 Hz; never raising loses the formants of one that falls
/// by 12 dB. Noise that hides a resonance (F3 of a soft voice often is 50 dB below F1) hides it
/// from any such model.
///
/// `order` counts two poles for each resonance expected below top_hz. If the rate is so low that
/// half of it lies below top_hz, the order shrinks with the band, to an even number of at least 6.
///
/// On music these are broad spectral resonances rather than a vocal tract's.
/// Source: Makhoul (1975), "Spectral linear prediction"; El-Jaroudi & Makhoul (1991), "Discrete
/// all-pole modeling"; the rules for roots are those of Praat's "To Formant (burg)".
class FormantTracker {
 public:
  /// @throws UsageError when the window is too short for the order
  FormantTracker(const FormantOptions& options, int window_samples, int sample_rate_hz);
  ~FormantTracker();
  FormantTracker(FormantTracker&&) noexcept;
  FormantTracker& operator=(FormantTracker&&) noexcept;

  /// @param power     of the windowed frame (see PowerSpectrum), [window_samples / 2 + 1]
  /// @param pitch_hz  of the frame, 0 when it is unvoiced
  Formants compute(const Eigen::Ref<const Eigen::ArrayXf>& power, float pitch_hz);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// All roots of the real polynomial z^p + c[1] z^(p−1) + … + c[p], by Aberth's simultaneous
/// iteration and, should that not converge, as eigenvalues of the companion matrix.
/// @param coefficients  c[0 … p] with c[0] = 1
/// @param roots         [p]; taken as first guesses when they are not all zero
void polynomial_roots(std::span<const double> coefficients, std::span<std::complex<double>> roots);

}  // namespace mer
