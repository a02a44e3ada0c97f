#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <utility>
#include <vector>

#include "resonators.hpp"

// Sounds whose pitch, resonances and tuning are known, for the tests and for mer_accuracy_report.
namespace mer::test {

/// A vowel's resonances in Hz: what adults typically have, and two more for a vocal tract of 17 cm.
struct Vowel {
  const char* name;
  std::array<double, 5> formant_hz;
};
inline constexpr std::array<Vowel, 10> kVowels{{{"i", {280, 2250, 2900, 3600, 4500}},
                                                {"e", {400, 2050, 2600, 3500, 4500}},
                                                {"ɛ", {550, 1850, 2500, 3500, 4500}},
                                                {"a", {750, 1350, 2500, 3500, 4500}},
                                                {"ɑ", {710, 1100, 2540, 3500, 4500}},
                                                {"ɔ", {590, 880, 2540, 3400, 4500}},
                                                {"o", {450, 870, 2400, 3400, 4500}},
                                                {"u", {310, 870, 2250, 3300, 4500}},
                                                {"æ", {690, 1660, 2490, 3500, 4500}},
                                                {"ʌ", {620, 1200, 2550, 3500, 4500}}}};
inline constexpr std::array<double, 5> kVowelBandwidthHz{60, 90, 120, 175, 250};
inline constexpr std::array<double, 7> kVowelPitchHz{100, 120, 140, 165, 190, 220, 250};

/// Pulses (placed to the nearest sample), through as many one-pole low-passes at 100 Hz as the
/// spectrum shall fall by 6 dB an octave: none is a bare pulse train, one is about a voice as it is
/// radiated, two a soft one; then through the vowel's resonators in series. The peak is 0.5.
inline std::vector<float> sung_vowel(const Vowel& vowel, double pitch_hz, int num_low_passes,
                                     std::size_t num_samples, int rate_hz = 44100) {
  std::vector<double> signal(num_samples, 0.0);
  double phase = 0.0;
  for (double& x : signal) {
    phase += pitch_hz / rate_hz;
    if (phase < 1.0) continue;
    phase -= 1.0;
    x = 1.0;
  }
  const double pole = std::exp(-2.0 * std::numbers::pi * 100.0 / rate_hz);
  for (int i = 0; i < num_low_passes; ++i) {
    double y = 0.0;
    for (double& x : signal) x = y = x + pole * y;
  }
  std::array<Resonance, 5> resonances{};
  for (std::size_t i = 0; i < resonances.size(); ++i) {
    resonances[i] = {vowel.formant_hz[i], kVowelBandwidthHz[i]};
  }
  return resonate(std::move(signal), resonances, rate_hz);
}

/// Sixty pitches of 57 … 1800 Hz, evenly on a logarithmic scale but detuned from any grid.
inline std::array<double, 60> detuned_pitches_hz() {
  std::array<double, 60> pitches{};
  for (std::size_t i = 0; i < pitches.size(); ++i) {
    const double place = static_cast<double>(i);
    pitches[i] = 57.0 * std::pow(1800.0 / 57.0, place / 59.0);
    if (i != 0 && i != 59) pitches[i] *= 1.0 + 0.02 * std::sin(1.7 * place);
  }
  return pitches;
}

/// Adds a struck note: partial k starts with amplitude · 1/k and decays with a time constant of
/// `decay_s` / sqrt(k).
inline void add_note(std::vector<float>& samples, double pitch_hz, double amplitude, double decay_s,
                     int num_partials = 10, int rate_hz = 44100) {
  for (int k = 1; k <= num_partials && k * pitch_hz < 0.45 * rate_hz; ++k) {
    const double turn = 2.0 * std::numbers::pi * k * pitch_hz / rate_hz;
    const double fade = std::sqrt(static_cast<double>(k)) / (decay_s * rate_hz);
    for (std::size_t n = 0; n < samples.size(); ++n) {
      const double t = static_cast<double>(n);
      samples[n] += static_cast<float>(amplitude / k * std::exp(-fade * t) *
                                       std::sin(turn * t + 0.7 * k * k));
    }
  }
}

/// A struck note or chord that dies away.
struct Struck {
  std::vector<double> note_hz;
  double decay_s;
};

/// Twenty-four single notes from 65 Hz to 1.1 kHz, high ones decaying faster.
inline std::vector<Struck> struck_notes() {
  std::vector<Struck> sounds;
  for (int i = 0; i < 24; ++i) {
    const double hz = 65.406 * std::exp2(2.13 * i / 12.0);
    sounds.push_back({{hz}, 0.8 * std::sqrt(65.406 / hz)});
  }
  return sounds;
}

/// Major and minor triads, equally tempered, on each semitone from C3 to B3.
inline std::vector<Struck> struck_chords() {
  std::vector<Struck> sounds;
  for (int root = 0; root < 12; ++root) {
    for (const int third : {3, 4}) {
      Struck chord{{}, 0.5};
      for (const int step : {0, third, 7}) {
        chord.note_hz.push_back(130.813 * std::exp2((root + step) / 12.0));
      }
      sounds.push_back(chord);
    }
  }
  return sounds;
}

inline std::vector<float> samples_of(const Struck& sound, std::size_t num_samples) {
  std::vector<float> samples(num_samples, 0.0F);
  for (const double hz : sound.note_hz) {
    add_note(samples, hz, 0.5 / static_cast<double>(sound.note_hz.size()), sound.decay_s);
  }
  return samples;
}

/// Whether two frequencies are within 50 cents.
inline bool same_pitch(double a_hz, double b_hz) {
  return std::abs(1200.0 * std::log2(a_hz / b_hz)) <= 50.0;
}

enum class PitchVerdict { kNote, kOctaveOfNote, kOther };

/// What a pitch is to a sound: one of its notes, a note's octave (1 to 4, up or down), or neither.
inline PitchVerdict judge_pitch(double found_hz, const Struck& sound) {
  PitchVerdict verdict = PitchVerdict::kOther;
  for (const double note_hz : sound.note_hz) {
    if (same_pitch(found_hz, note_hz)) return PitchVerdict::kNote;
    for (const double octave : {0.0625, 0.125, 0.25, 0.5, 2.0, 4.0, 8.0, 16.0}) {
      if (same_pitch(found_hz, octave * note_hz)) verdict = PitchVerdict::kOctaveOfNote;
    }
  }
  return verdict;
}

/// The value that a share of the values lies below (0.5: the median), by selection.
inline double quantile(std::vector<double> values, double share) {
  const std::size_t index = std::min(
      values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(index),
                   values.end());
  return values[index];
}

}  // namespace mer::test
