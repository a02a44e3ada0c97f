// How exact the features are, as Markdown tables: agreement with independent tools; pitch, octave
// errors, formants and chroma on sounds whose answers are known
// (tests/support/synthetic_sounds.hpp). One function a table.
//
//   mer_accuracy_report
//   mer_accuracy_report --sounds FOLDER     also writes the vowels as WAV files, for other programs
//                                           (scripts/praat_vowels.praat)

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "exactness_table.hpp"
#include "mer/features/chroma.hpp"
#include "mer/features/formants.hpp"
#include "mer/features/pitch.hpp"
#include "mer/features/stft.hpp"
#include "synthetic_sounds.hpp"

namespace {

constexpr int kRateHz = 44100;
constexpr int kWindow = 2048;
constexpr std::size_t kFrame = kWindow;

std::vector<float> hiss(std::size_t num_samples, double deviation) {
  std::mt19937_64 engine(1);
  std::normal_distribution<double> normal(0.0, deviation);
  std::vector<float> samples(num_samples);
  for (float& x : samples) x = static_cast<float>(normal(engine));
  return samples;
}

// Harmonic tones: the errors of the pitch, and noise and silence, which have none.
void print_pitch_of_tones() {
  std::printf(
      "| F0 of 60 detuned tones, 57–1800 Hz | within 50 cents | median error (cents) | "
      "largest | least voicing |\n|---|---|---|---|---|\n");
  mer::PitchTracker tracker(mer::PitchOptions(), kWindow, kRateHz);
  for (const int partials : {1, 5, 20}) {
    std::vector<double> errors;
    int near = 0;
    float voicing = 1.0F;
    for (const double hz : mer::test::detuned_pitches_hz()) {
      std::vector<float> samples(kFrame, 0.0F);
      mer::test::add_note(samples, hz, 0.3, 1e9, partials);
      const mer::Pitch pitch = tracker.compute(samples);
      errors.push_back(std::abs(1200.0 * std::log2(pitch.frequency_hz / hz)));
      near += errors.back() <= 50.0;
      voicing = std::min(voicing, pitch.voicing);
    }
    std::printf("| %d partial%s | %.3f | %.2f | %.1f | %.2f |\n", partials,
                partials == 1 ? "" : "s", near / 60.0, mer::test::quantile(errors, 0.5),
                *std::max_element(errors.begin(), errors.end()), static_cast<double>(voicing));
  }

  const std::vector<float> noise = hiss(1000 * kFrame, 0.1);
  int voiced = 0;
  float strongest = 0.0F;
  for (std::size_t start = 0; start < noise.size(); start += kFrame) {
    const mer::Pitch pitch = tracker.compute({noise.data() + start, kFrame});
    voiced += pitch.voiced;
    strongest = std::max(strongest, pitch.voicing);
  }
  const mer::Pitch silent = tracker.compute(std::vector<float>(kFrame, 0.0F));
  std::printf(
      "\n| no pitch | frames | voiced | strongest voicing |\n|---|---|---|---|\n"
      "| white noise | 1000 | %d | %.2f |\n| silence | 1 | %d | %.2f |\n\n",
      voiced, static_cast<double>(strongest), silent.voiced ? 1 : 0,
      static_cast<double>(silent.voicing));
}

// Struck notes and chords over their first second.
void print_octave_errors() {
  std::printf(
      "| F0 of struck sounds, frames of 1 s | frames | voiced | a note | an octave of one | "
      "neither |\n|---|---|---|---|---|---|\n");
  mer::PitchTracker tracker(mer::PitchOptions(), kWindow, kRateHz);
  const std::vector<float> noise = hiss(kRateHz, 1e-3);
  const auto row = [&](const char* name, const std::vector<mer::test::Struck>& sounds) {
    int frames = 0;
    int voiced = 0;
    std::array<int, 3> counts{};
    for (const mer::test::Struck& sound : sounds) {
      std::vector<float> samples = mer::test::samples_of(sound, kRateHz);
      for (std::size_t n = 0; n < samples.size(); ++n) samples[n] += noise[n];
      for (std::size_t start = 0; start + kFrame <= samples.size(); start += kFrame / 2) {
        ++frames;
        const mer::Pitch pitch = tracker.compute({samples.data() + start, kFrame});
        if (!pitch.voiced) continue;
        ++voiced;
        ++counts[static_cast<std::size_t>(mer::test::judge_pitch(pitch.frequency_hz, sound))];
      }
    }
    std::printf("| %s | %d | %d | %d | %d | %d |\n", name, frames, voiced, counts[0], counts[1],
                counts[2]);
  };
  row("24 decaying notes", mer::test::struck_notes());
  row("24 decaying triads", mer::test::struck_chords());
  std::printf("\n");
}

constexpr std::array<const char*, 3> kSources{"bare pulses", "−6 dB an octave", "−12 dB an octave"};
constexpr std::size_t kVowelSamples = kRateHz / 2;
constexpr std::size_t kVowelFrame = 12000;  // where the judged frame starts

// Errors of F1–F3 of all vowels at all pitches.
template <class FormantsOf>
void print_formant_row(const std::string& name, int source, const FormantsOf& formants_of) {
  std::array<std::vector<double>, 3> errors;
  for (const mer::test::Vowel& vowel : mer::test::kVowels) {
    for (const double pitch_hz : mer::test::kVowelPitchHz) {
      const std::vector<float> samples =
          mer::test::sung_vowel(vowel, pitch_hz, source, kVowelSamples);
      const mer::Formants found = formants_of({samples.data() + kVowelFrame, kFrame});
      for (std::size_t i = 0; i < 3; ++i) {
        errors[i].push_back(
            std::abs(static_cast<double>(found.frequency_hz[i]) - vowel.formant_hz[i]));
      }
    }
  }
  std::printf("| %s | %s |", kSources[static_cast<std::size_t>(source)], name.c_str());
  for (const double share : {0.5, 0.9}) {
    for (std::size_t i = 0; i < 3; ++i) {
      std::printf("%s%.0f", i == 0 ? " " : " / ", mer::test::quantile(errors[i], share));
    }
    std::printf(" |");
  }
  std::printf("\n");
}

// Vowels: the default, and what its parts are for.
void print_formants_of_vowels() {
  std::printf(
      "| 10 vowels at 7 pitches of 100–250 Hz: source | model | median error F1/F2/F3 (Hz) | "
      "90th percentile |\n|---|---|---|---|\n");
  mer::PowerSpectrum spectrum((mer::FrameOptions()));
  mer::PitchTracker pitch(mer::PitchOptions(), kWindow, kRateHz);
  for (int source = 0; source < 3; ++source) {
    const auto row = [&](const std::string& name, mer::PreEmphasis emphasis, bool use_pitch) {
      mer::FormantOptions options;
      options.pre_emphasis = emphasis;
      mer::FormantTracker tracker(options, kWindow, kRateHz);
      print_formant_row(name, source, [&](std::span<const float> frame) {
        const mer::Pitch found = pitch.compute(frame);
        return tracker.compute(spectrum.compute(frame),
                               use_pitch && found.voiced ? found.frequency_hz : 0.0F);
      });
    };
    row("**default**", mer::PreEmphasis::kAuto, true);
    row("harmonics unused", mer::PreEmphasis::kAuto, false);
    row("`pre_emphasis: always`", mer::PreEmphasis::kAlways, true);
    row("`pre_emphasis: never`", mer::PreEmphasis::kNever, true);
  }
  std::printf("\n");
}

// Detuned triads below 500 Hz: are the three loudest pitch classes theirs?
void print_chroma_of_low_chords() {
  int chords = 0;
  std::array<int, 3> right{};
  std::vector<double> tuning_errors;
  mer::PowerSpectrum spectrum((mer::FrameOptions()));
  for (int root = 0; root < 12; ++root) {
    for (const double semitones : {-0.4, -0.2, 0.15, 0.35}) {
      std::vector<float> samples(4 * 8192, 0.0F);
      std::array<bool, 12> is_note{};
      for (const int step : {0, 4, 7}) {
        is_note[static_cast<std::size_t>((root + step) % 12)] = true;
        mer::test::add_note(samples, 130.813 * std::exp2((root + step + semitones) / 12.0), 0.1,
                            1e9, 4);
      }
      const double tuning = mer::estimate_tuning(samples, kRateHz);
      tuning_errors.push_back(100.0 * std::abs(tuning - semitones));
      const std::span<const float> around(samples.data() + 8192, 8192);
      const auto all_loudest = [&](Eigen::ArrayXf chroma) {
        for (int i = 0; i < 3; ++i) {
          Eigen::Index loudest = 0;
          chroma.maxCoeff(&loudest);
          if (!is_note[static_cast<std::size_t>(loudest)]) return false;
          chroma[loudest] = -1.0F;
        }
        return true;
      };
      const auto with = [&](int window, double used_tuning) {
        mer::ChromaOptions options;
        options.window_samples = window;
        options.tuning = used_tuning;
        mer::Chroma chroma(options, kWindow, kRateHz);
        if (window != 0) return all_loudest(chroma.compute_long(around));
        return all_loudest(chroma.compute(spectrum.compute(around.subspan(3072, kFrame))));
      };
      right[0] += with(0, tuning);
      right[1] += with(8192, 0.0);
      right[2] += with(8192, tuning);
      ++chords;
    }
  }
  std::printf(
      "| chroma of detuned triads, C3–F♯4 | all three pitch classes right |\n|---|---|\n"
      "| 2048 samples, tuning estimated | %d of %d |\n"
      "| 8192 samples, tuning 0 | %d of %d |\n"
      "| 8192 samples, tuning estimated | %d of %d |\n\n"
      "Tuning: median error %.1f cents, largest %.1f.\n\n",
      right[0], chords, right[1], chords, right[2], chords, mer::test::quantile(tuning_errors, 0.5),
      *std::max_element(tuning_errors.begin(), tuning_errors.end()));
}

void put(std::ofstream& file, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) file.put(static_cast<char>((value >> (8 * i)) & 0xFFU));
}

void write_wav(const std::filesystem::path& path, const std::vector<float>& samples) {
  std::ofstream file(path, std::ios::binary);
  const std::uint32_t bytes = static_cast<std::uint32_t>(2 * samples.size());
  file << "RIFF";
  put(file, 36 + bytes, 4);
  file << "WAVEfmt ";
  put(file, 16, 4);
  put(file, 1, 2);  // integers
  put(file, 1, 2);  // one channel
  put(file, kRateHz, 4);
  put(file, 2 * kRateHz, 4);
  put(file, 2, 2);
  put(file, 16, 2);
  file << "data";
  put(file, bytes, 4);
  for (const float x : samples) {
    put(file, static_cast<std::uint32_t>(std::lround(32767.0F * x)) & 0xFFFFU, 2);
  }
  if (!file) throw std::runtime_error("cannot write " + path.string());
}

// <source>_<vowel>_<pitch>_<F1>_<F2>_<F3>.wav
void write_vowels(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  for (int source = 0; source < 3; ++source) {
    for (std::size_t v = 0; v < mer::test::kVowels.size(); ++v) {
      const mer::test::Vowel& vowel = mer::test::kVowels[v];
      for (const double pitch_hz : mer::test::kVowelPitchHz) {
        std::string name = std::to_string(source) + "_" + std::to_string(v);
        name += "_" + std::to_string(std::lround(pitch_hz));
        for (std::size_t i = 0; i < 3; ++i) {
          name += "_" + std::to_string(std::lround(vowel.formant_hz[i]));
        }
        write_wav(folder / (name + ".wav"),
                  mer::test::sung_vowel(vowel, pitch_hz, source, kVowelSamples));
      }
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() == 2 && words[0] == "--sounds") {
      write_vowels(words[1]);
    } else if (!words.empty()) {
      std::fprintf(stderr, "usage: mer_accuracy_report [--sounds FOLDER]\n");
      return 2;
    }
    mer::test::print_exactness();
    print_pitch_of_tones();
    print_octave_errors();
    print_formants_of_vowels();
    print_chroma_of_low_chords();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
  return 0;
}
