#pragma once

#include <Eigen/Core>
#include <optional>
#include <span>
#include <vector>

#include "mer/core/options.hpp"
#include "mer/features/sparse_rows.hpp"
#include "mer/features/stft.hpp"

namespace mer {

struct ChromaOptions {
  int window_samples = 0;  ///< 0 = the frame's own spectrum
  double tuning = 0.0;

  void visit(OptionsVisitor& v);
  void validate() const;
};

/// Energy in the twelve pitch classes C, C#, … B, divided by the frame's largest.
///
///   chroma[c] = Σ_k weight[c, k] P[k],  divided by max_c
///
/// Each FFT bin spreads over pitch classes by a Gaussian as wide as the bin (at least a semitone);
/// a bin's weights have unit norm and are then multiplied by a Gaussian over octaves round octave 5
/// (center 880 Hz with A4 = 440 Hz, deviation 2 octaves). Values in 0…1; a silent frame is all 0.
///
/// With 2048 samples at 44.1 kHz semitones separate only above about 1 kHz. A longer
/// `window_samples` takes its own Hann-windowed spectrum round the same frame center (one more FFT
/// of that length); beyond the ends of the signal there are zeros. With 8192 samples semitones
/// separate above about 250 Hz, and single tones are told apart above 100 Hz. Source: Ellis (2007),
/// "Chroma feature analysis and synthesis"; the filters are librosa's.
class Chroma {
 public:
  static constexpr int kSize = 12;

  /// @throws UsageError when the longer window is shorter than the frame
  Chroma(const ChromaOptions& options, int frame_window_samples, int sample_rate_hz);

  /// Samples beyond either end of the frame that compute(samples) wants; 0 for the frame's own
  /// spectrum.
  int margin_samples() const { return margin_samples_; }
  bool has_own_spectrum() const { return own_spectrum_.has_value(); }

  /// @param power  the frame's own spectrum, [frame_window / 2 + 1]
  /// @return       [12], valid until the next call
  const Eigen::ArrayXf& compute(const Eigen::ArrayXf& power);
  /// @param samples  [window_samples] round the frame's center
  const Eigen::ArrayXf& compute_long(std::span<const double> samples);
  const Eigen::ArrayXf& compute_long(std::span<const float> samples);

 private:
  int margin_samples_ = 0;
  std::optional<SinglePowerSpectrum> own_spectrum_;
  SparseRows filters_;
  Eigen::ArrayXf chroma_;
};

/// How far the music's tuning lies from A4 = 440 Hz, from the spectra of a whole song: the value
/// for ChromaOptions::tuning. (Block by block the tuning can't be known: it must be given.)
///
///   peaks of each spectrum from 100 to 4000 Hz and within 20 dB of its largest → frequencies f by
///   a parabola through the logarithms → deviations 12 · log2(f / 440 Hz) from the nearest semitone
///   → histogram, weighted by amplitude → its mode, smoothed, and the mean within 15 cents of it
///
/// Takes memory for the histogram and a frame. The estimate is modulo a semitone; a cluster at ±0.5
/// is found whole. Harmonics of a just fifth or third (2 and −14 cents) make other, lower clusters.
/// Source: librosa's piptrack and estimate_tuning, with amplitudes in place of a threshold at the
/// median of all peaks, which needs all of them.
class TuningEstimator {
 public:
  explicit TuningEstimator(int sample_rate_hz, int window_samples = 8192);

  /// The signal's next samples, blocks of any size; frames are Hann-windowed and overlap by half.
  void push(std::span<const float> samples);

  /// In semitones, −0.5…0.5; 0 when there was no peak at all, or less than a frame.
  double tuning() const;

 private:
  void add(const Eigen::ArrayXf& power);

  PowerSpectrum spectrum_;
  std::size_t window_samples_;
  double bin_hz_;
  int first_bin_;
  int last_bin_;
  std::vector<float> pending_;  // less than a frame
  Eigen::ArrayXd histogram_;    // over −0.5…0.5 semitones, one cent each
};

/// The tuning of a whole signal.
double estimate_tuning(std::span<const float> samples, int sample_rate_hz,
                       int window_samples = 8192);

/// The dense filter bank [12, window_samples / 2 + 1].
/// @param tuning  deviation of the instrument from A4 = 440 Hz in semitones
Eigen::MatrixXd chroma_filters(int window_samples, int sample_rate_hz, double tuning);

}  // namespace mer
