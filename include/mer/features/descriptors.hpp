#pragma once

#include <Eigen/Core>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "mer/core/options.hpp"
#include "mer/features/descriptor_family.hpp"
#include "mer/features/feature_options.hpp"
#include "mer/features/feature_set.hpp"

namespace mer {

struct DescriptorOptions {
  /// Defaults: the families that the table has for default.
  DescriptorOptions(
      const DescriptorFamilyTable& table = builtin_descriptors());  // NOLINT: a table is all

  std::vector<std::string> families;
  double max_hz = 22050.0;
  double dynamic_range_db = 80.0;

  /// The options of a family, by their type.
  template <class Options>
  Options& of() {
    return options_in<Options>(sections_);
  }
  template <class Options>
  const Options& of() const {
    return options_in<Options>(sections_);
  }

  const DescriptorFamilyTable& table() const { return *table_; }

  void visit(OptionsVisitor& v);
  void validate() const;

 private:
  std::shared_ptr<const DescriptorFamilyTable> table_;
  std::vector<OptionSection> sections_;
};

/// What people hear in a piece of music, as one vector for any range of frames (a song, a segment),
/// computed from the frames' features: no spectrum is made again.
///
/// Before anything else the log-mel bands and the frames' levels become relative to the range's
/// largest, and what lies more than `dynamic_range_db` below it counts as that far below: no
/// descriptor changes when the recording gets louder or softer, those of "loudness" apart, which
/// follow it dB for dB. (As long as nothing meets the floors of the features themselves, −100 dB in
/// a mel band, −120 dBFS of level.) Mel bands centered above `max_hz` are left out: lossy codecs
/// cut there, each at its own frequency. T frames are numbered t; x[t, b] is band b in dB, F the
/// frames a second. "Course statistics" are mean, deviation, 10th and 90th percentile and mean
/// absolute change from frame to frame. Percentiles are linear between neighbors.
///
/// **onset** — how notes begin. Onset strength o[t] = mean_b max(0, x[t, b] − x[t−1, b]) in dB, of
///   all bands and of those below 200, 800, 3200 Hz and above: mean, deviation, percentiles, peaks
///   a second (the largest within ±50 ms, half a deviation above the mean of ±0.4 s); the share of
///   all strength that lies in the strongest tenth of the frames; median and coefficient of
///   variation of the times between peaks. Sources: Bello et al. (2005), "A tutorial on onset
///   detection in music signals"; Klapuri (1999), "Sound onset detection by applying psychoacoustic
///   knowledge".
/// **tempo** — what repeats. Autocorrelation r of o without its mean, each lag's mean product over
///   the mean square, up to four beats of min_bpm or half of the range: its largest value in five
///   tempo ranges from 40 to 240 a minute, over all of them (pulse clarity), the same of bass and
///   high bands; the tempo, of 96 steps an octave from min_bpm to max_bpm the one with the largest
///   mean r at one to four beats, weighted by a Gaussian over octaves round 120 (deviation 0.9); r
///   at half a beat, two and four beats. A range too short for a beat, or without onsets, has tempo
///   0. Sources: Lartillot et al. (2008), "Multi-feature modeling of pulse clarity"; Ellis (2007),
///   "Beat tracking by dynamic programming".
/// **dynamics** — how loudness moves. Level L[t] in dB: deviation, distances between percentiles,
///   skewness, 95th percentile over mean power, share of frames below mean power and 10, 20, 30 dB
///   below the 95th percentile, mean absolute change from frame to frame and its skewness (sudden
///   rises against slow falls), deviation and change of one-second means, slope in dB a second.
///   Sources: Tzanetakis & Cook (2002), "Musical genre classification of audio signals";
///   Gabrielsson & Lindström (2010), "The role of structure in the musical expression of emotions".
/// **texture** — bright or dark, smooth or rough. Course statistics of centroid, spread and entropy
///   of amplitude over mel bands (place on the mel axis in 0…1), flatness and crest (mean and
///   largest band over mean power), roll-off (85 % of power), tilt (line of least squares, dB an
///   octave), flux (mean |x[t, b] − x[t−1, b]|); mean and deviation of each contrast band; mean
///   level, relative to that of all, and deviation of twelve groups of mel bands. Source: Peeters
///   (2004), "A large set of audio features for sound description".
/// **tonality** — key, mode, harmony. Correlations of the mean chroma with the best major and minor
///   profile of Krumhansl and their difference (mode: positive in major); the shares of the twelve
///   degrees above the best tonic; the same correlations in windows of key_window_s that overlap by
///   half: mean, deviation, share of major windows, share of changes of key; fit of the chroma,
///   smoothed over 0.4 s, to major and minor triads, share of major ones, changes a second, variety
///   (entropy of the chord's histogram); course statistics and peaks a second of how far the tonal
///   centroid moves in a quarter of a second. Every descriptor is the same in every key. Sources:
///   Krumhansl & Kessler (1982), "Tracing the dynamic changes in perceived tonal organization";
///   Harte et al. (2006), "Detecting harmonic change in musical audio"; Fujishima (1999).
/// **chroma_shape** — how many pitch classes sound, and how far apart. Entropy of the mean chroma,
///   its shares from the largest to the smallest; mean chroma above each frame's strongest class;
///   course statistics of each frame's entropy; amplitudes of one to six waves round the octave of
///   the mean chroma (5: diatonic, 3: augmented, 4: diminished, 6: whole-tone) and mean and
///   deviation of each frame's; deviation from the mean chroma. The same in every key. Sources:
///   Bernardes et al. (2016), "A multi-level tonal interval space"; Weiss & Müller (2014),
///   "Quantifying and visualizing tonal complexity".
/// **modulation** — tremolo, rhythm, roughness. ln(0.1 dB + a), a the root mean square in dB of
/// what
///   the mean level of each of eight groups of mel bands holds in six octaves of modulation
///   frequency, 0.33 to 21 Hz, in Hann windows of modulation_window_s that overlap by half; the
///   same of all bands together, and the strongest frequency above 0.5 Hz. A shorter range is one
///   window. Where there are no frequencies, above F/2, a is 0. Sources: Pampalk (2001), "Islands
///   of music"; Lee et al. (2009), "Automatic music genre classification based on modulation
///   spectral analysis".
/// **melody** — what sings. Share of voiced frames; course statistics of voicing; mean length of
///   voiced stretches and how many a second; of voiced frames: percentiles of pitch, deviation,
///   range, skewness; between voiced neighbors: mean and 90th percentile of steps up to 7.5
///   semitones, shares of steady (up to a quarter of a semitone), of larger and of rising steps.
///   All but percentiles are the same in every key. Source: Salamon et al. (2012), "Musical genre
///   classification using melody features".
/// **loudness** — mean, median and 95th percentile of level in dBFS. Depends on how loud the
///   recording is, which says little of the music.
///
/// Silence is finite: whatever measures movement, peaks or pitch is 0. So is what needs more frames
/// than there are.
class MusicalDescriptors {
 public:
  /// @throws UsageError when the spectrogram is not one of mel bands, or features.lld lacks pitch,
  ///         voicing, contrast or chroma
  MusicalDescriptors(const DescriptorOptions& options, const FeatureOptions& features,
                     int sample_rate_hz);
  ~MusicalDescriptors();
  MusicalDescriptors(MusicalDescriptors&&) noexcept;
  MusicalDescriptors& operator=(MusicalDescriptors&&) noexcept;

  /// In the vector's order: families as in the options.
  const std::vector<Descriptor>& descriptors() const;
  int size() const { return static_cast<int>(descriptors().size()); }

  /// May be called by several threads at once. Memory grows with the range.
  ///
  /// @param spectrogram  rows of kept frames, [T, κ1], T ≥ 1
  /// @param lld          [T, D]
  /// @param energy_db    [T]
  /// @return             [size()]
  /// @throws std::invalid_argument when shapes don't fit
  Eigen::VectorXf compute(const Eigen::Ref<const RowMatrixXf>& spectrogram,
                          const Eigen::Ref<const RowMatrixXf>& lld,
                          std::span<const float> energy_db) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Of the frames that VAD keeps. All zeros when there are none.
Eigen::VectorXf describe(const MusicalDescriptors& descriptors,
                         const Eigen::Ref<const RowMatrixXf>& spectrogram,
                         const Eigen::Ref<const RowMatrixXf>& lld, std::span<const float> energy_db,
                         std::span<const std::uint8_t> kept);

}  // namespace mer
