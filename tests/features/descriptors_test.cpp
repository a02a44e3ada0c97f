#include "mer/features/descriptors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "mer/core/error.hpp"
#include "mer/features/descriptor_options.hpp"
#include "mer/features/feature_extractor.hpp"
#include "reference.hpp"

namespace mer {
namespace {

using ::testing::HasSubstr;

constexpr double kFramesPerS = 44100.0 / 1024.0;

/// All families, of all mel bands.
DescriptorOptions all_families() {
  DescriptorOptions options;
  options.max_hz = 22050.0;
  options.families.push_back("loudness");
  return options;
}

/// The descriptors of a range of frames, by name.
class Described {
 public:
  Described(const FeatureSet& frames, const FeatureOptions& features = {},
            const DescriptorOptions& options = all_families())
      : descriptors_(options, features, test::kRate),
        values_(descriptors_.compute(
            frames.spectrogram, frames.lld,
            {frames.energy_db.data(), static_cast<std::size_t>(frames.energy_db.size())})) {}

  double operator[](const std::string& name) const {
    for (std::size_t i = 0; i < list().size(); ++i) {
      if (list()[i].name == name) return values_[static_cast<Eigen::Index>(i)];
    }
    throw std::runtime_error("there is no descriptor " + name);
  }
  const std::vector<Descriptor>& list() const { return descriptors_.descriptors(); }
  const Eigen::VectorXf& values() const { return values_; }

 private:
  MusicalDescriptors descriptors_;
  Eigen::VectorXf values_;
};

/// Frames of the default layout in which nothing sounds; tests set what they are about.
class MadeFrames {
 public:
  explicit MadeFrames(Eigen::Index num_frames)
      : layout_(FeatureExtractor(FeatureOptions(), test::kRate).layout()) {
    frames.spectrogram = RowMatrixXf::Constant(num_frames, 128, -100.0F);
    frames.lld = RowMatrixXf::Zero(num_frames, layout_.lld_width());
    frames.energy_db = Eigen::VectorXf::Constant(num_frames, -120.0F);
  }
  auto columns(const std::string& group) {
    const ColumnGroup& columns = layout_.group(group);
    return frames.lld.middleCols(columns.first_column, columns.num_columns);
  }
  /// Every frame has these pitch classes alone.
  void set_chroma(std::initializer_list<int> classes) {
    for (const int c : classes) columns("chroma").col(c).setOnes();
  }
  FeatureSet frames;

 private:
  FeatureLayout layout_;
};

/// Of every frame, silent ones too.
FeatureSet frames_of(const std::vector<float>& samples, const FeatureOptions& features = {}) {
  VadOptions vad;
  vad.enabled = false;
  return extract_features(samples, features, vad, test::kRate);
}

std::vector<float> clicks(double bpm, double seconds) {
  std::vector<float> samples(static_cast<std::size_t>(seconds * test::kRate), 0.0F);
  const std::vector<float> click = test::noise(2000, 0.3);
  for (double beat_s = 0.1; beat_s + 0.1 < seconds; beat_s += 60.0 / bpm) {
    const auto start = static_cast<std::size_t>(beat_s * test::kRate);
    for (std::size_t n = 0; n < click.size(); ++n) {
      samples[start + n] += click[n] * std::exp(-static_cast<float>(n) / 400.0F);
    }
  }
  return samples;
}

/// I IV V I, a second each, with the third of each triad so many semitones above its root.
std::vector<float> cadence(double tonic_hz, std::array<int, 4> thirds) {
  constexpr std::array<int, 4> kRoots = {0, 5, 7, 0};
  std::vector<float> samples;
  for (std::size_t chord = 0; chord < 4; ++chord) {
    std::vector<float> sum(test::kRate, 0.0F);
    for (const int above : {0, thirds[chord], 7}) {
      const double hz = tonic_hz * std::exp2((kRoots[chord] + above) / 12.0);
      const std::vector<float> tone = test::tone(hz, 5, sum.size(), 0.1);
      for (std::size_t n = 0; n < sum.size(); ++n) sum[n] += tone[n];
    }
    samples.insert(samples.end(), sum.begin(), sum.end());
  }
  return samples;
}

TEST(Descriptors, HaveNamesOfTheirOwnInTheOrderOfTheFamilies) {
  const DescriptorOptions options = all_families();
  const MusicalDescriptors descriptors(options, FeatureOptions(), test::kRate);
  std::set<std::string> names;
  std::vector<std::string> families;
  for (const Descriptor& descriptor : descriptors.descriptors()) {
    EXPECT_TRUE(names.insert(descriptor.name).second) << descriptor.name;
    EXPECT_FALSE(descriptor.unit.empty()) << descriptor.name;
    if (families.empty() || families.back() != descriptor.family) {
      families.push_back(descriptor.family);
    }
  }
  EXPECT_EQ(families, options.families);
  EXPECT_EQ(builtin_descriptors().names().size(), families.size());
}

TEST(Descriptors, OfAFamilyAloneAreThoseBesideTheOthers) {
  const FeatureSet frames = frames_of(test::reference_signal());
  const Described all(frames);
  for (const std::string& family : all_families().families) {
    DescriptorOptions options = all_families();
    options.families = {family};
    const Described alone(frames, {}, options);
    for (const Descriptor& descriptor : alone.list()) {
      EXPECT_EQ(alone[descriptor.name], all[descriptor.name]) << descriptor.name;
    }
  }
}

TEST(Descriptors, OfALouderRecordingAreTheSameButForLoudness) {
  // Chords over noise: digital silence would stay where it is.
  std::vector<float> samples = cadence(261.63, {4, 3, 4, 4});
  const std::vector<float> noise = test::noise(samples.size(), 1e-3);
  for (std::size_t n = 0; n < samples.size(); ++n) samples[n] += noise[n];
  const Described soft(frames_of(samples));
  for (float& x : samples) x *= 2.0F;
  const Described loud(frames_of(samples));
  int num_loudness = 0;
  for (const Descriptor& descriptor : soft.list()) {
    // Twice the amplitude: 20 · log10(2) = 6.0206 dB.
    const bool follows = descriptor.family == "loudness";
    num_loudness += follows ? 1 : 0;
    const double expected = soft[descriptor.name] + (follows ? 6.0206 : 0.0);
    EXPECT_NEAR(loud[descriptor.name], expected, 1e-4 * (1.0 + std::abs(expected)))
        << descriptor.name;
  }
  EXPECT_EQ(num_loudness, 3);
}

TEST(Descriptors, OfSilenceAndOfFewFramesAreFinite) {
  const FeatureSet music = frames_of(test::reference_signal());
  for (int num_frames = 1; num_frames <= 12; ++num_frames) {
    const Described silence(MadeFrames(num_frames).frames);
    EXPECT_TRUE(silence.values().allFinite()) << num_frames;
    FeatureSet few;
    few.spectrogram = music.spectrogram.topRows(num_frames);
    few.lld = music.lld.topRows(num_frames);
    few.energy_db = music.energy_db.head(num_frames);
    EXPECT_TRUE(Described(few).values().allFinite()) << num_frames;
  }
  const Described silence(MadeFrames(430).frames);
  EXPECT_TRUE(silence.values().allFinite());
  for (const char* name :
       {"onset_mean", "onset_peaks_per_s", "tempo_bpm", "pulse_clarity", "level_deviation",
        "level_change", "flux_mean", "key_mode", "tonal_movement_mean", "chroma_entropy",
        "modulation_peak_hz", "voiced_share", "pitch_p50"}) {
    EXPECT_EQ(silence[name], 0.0) << name;
  }
  EXPECT_EQ(silence["loudness_mean"], -120.0);
}

TEST(Descriptors, OfMelPowerAreThoseOfItsDecibels) {
  FeatureOptions power;
  power.spectrogram = SpectrogramKind::kMel;
  const Described from_power(frames_of(test::reference_signal(), power), power);
  const Described from_db(frames_of(test::reference_signal()));
  EXPECT_LT((from_power.values() - from_db.values()).cwiseAbs().maxCoeff(), 1e-3F);
}

TEST(Descriptors, OfCompressedPowerAreThoseOfItsDecibelsButForWhatItLosesInSoftBands) {
  FeatureOptions compressed;
  compressed.spectrogram = SpectrogramKind::kCompressedMel;
  const Described from_compressed(frames_of(test::reference_signal(), compressed), compressed);
  const Described from_db(frames_of(test::reference_signal()));
  EXPECT_LT((from_compressed.values() - from_db.values()).cwiseAbs().maxCoeff(), 0.1F);
}

TEST(Descriptors, AreTheSameFromManyThreads) {
  const FeatureSet frames = frames_of(test::reference_signal());
  const MusicalDescriptors descriptors(DescriptorOptions(), FeatureOptions(), test::kRate);
  const auto compute = [&] {
    return descriptors.compute(
        frames.spectrogram, frames.lld,
        {frames.energy_db.data(), static_cast<std::size_t>(frames.energy_db.size())});
  };
  const Eigen::VectorXf expected = compute();
  std::vector<Eigen::VectorXf> found(4);
  std::vector<std::thread> threads;
  for (Eigen::VectorXf& values : found) {
    threads.emplace_back([&compute, &values] {
      for (int i = 0; i < 5; ++i) values = compute();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Eigen::VectorXf& values : found) EXPECT_EQ(values, expected);
}

TEST(Descriptors, DoNotHearWhatLiesAboveTheHighestFrequency) {
  // What a codec leaves of the bands above 11 kHz must not matter.
  const auto bands_above = (mel_band_hz(MelOptions(), test::kRate) > 11000.0).count();
  ASSERT_GT(bands_above, 10);
  FeatureSet frames = frames_of(test::reference_signal());
  DescriptorOptions options;
  options.max_hz = 11000.0;
  const Described whole(frames, {}, options);
  const Described all_bands(frames);
  frames.spectrogram.rightCols(bands_above).setConstant(-100.0F);
  EXPECT_EQ(Described(frames, {}, options).values(), whole.values());
  EXPECT_NE(Described(frames).values(), all_bands.values());
}

TEST(Descriptors, OfKeptFramesLeaveOutTheOthers) {
  FeatureSet frames = frames_of(test::reference_signal());
  const MusicalDescriptors descriptors(DescriptorOptions(), FeatureOptions(), test::kRate);
  const std::vector<float> energy_db(frames.energy_db.begin(), frames.energy_db.end());
  std::vector<std::uint8_t> kept(energy_db.size(), 0);
  std::fill(kept.begin() + 10, kept.begin() + 40, std::uint8_t{1});
  EXPECT_EQ(
      describe(descriptors, frames.spectrogram, frames.lld, energy_db, kept),
      descriptors.compute(frames.spectrogram.middleRows(10, 30), frames.lld.middleRows(10, 30),
                          std::span(energy_db).subspan(10, 30)));
  std::fill(kept.begin(), kept.end(), std::uint8_t{0});
  EXPECT_EQ(describe(descriptors, frames.spectrogram, frames.lld, energy_db, kept),
            Eigen::VectorXf::Zero(descriptors.size()));
}

TEST(Descriptors, RefuseWhatDoesNotFit) {
  const MusicalDescriptors descriptors(DescriptorOptions(), FeatureOptions(), test::kRate);
  const FeatureSet frames = MadeFrames(3).frames;
  const std::vector<float> energy_db(3, 0.0F);
  EXPECT_THROW(descriptors.compute(frames.spectrogram.leftCols(100), frames.lld, energy_db),
               std::invalid_argument);
  EXPECT_THROW(descriptors.compute(frames.spectrogram, frames.lld.topRows(2), energy_db),
               std::invalid_argument);
  EXPECT_THROW(descriptors.compute(frames.spectrogram, frames.lld, std::span(energy_db).first(2)),
               std::invalid_argument);
  EXPECT_THROW(descriptors.compute(frames.spectrogram.topRows(0), frames.lld.topRows(0), {}),
               std::invalid_argument);
}

TEST(DescriptorOptions, NameWhatIsWrong) {
  const auto message_of = [](const DescriptorOptions& options, const FeatureOptions& features) {
    try {
      MusicalDescriptors(options, features, test::kRate);
    } catch (const UsageError& error) {
      return std::string(error.what()) + " | " + error.hint();
    }
    return std::string();
  };
  DescriptorOptions options;
  options.families = {"onset", "rythm"};
  EXPECT_THAT(message_of(options, {}),
              HasSubstr("families has 'rythm': there is no such family | known are onset"));
  options.families = {"onset", "tempo", "onset"};
  EXPECT_THAT(message_of(options, {}), HasSubstr("families has 'onset' twice"));
  options.families = {};
  EXPECT_THAT(message_of(options, {}), HasSubstr("families is empty"));
  options = {};
  FeatureOptions high;
  high.mel.min_hz = 5000.0;
  options.max_hz = 4000.0;
  EXPECT_THAT(message_of(options, high), HasSubstr("descriptors.max_hz is 4000: the lowest mel"));
  options = {};
  options.of<descriptors::TempoOptions>().min_bpm = 240.0;
  EXPECT_THAT(message_of(options, {}), HasSubstr("min_bpm is 240: it must be below max_bpm, 240"));
  FeatureOptions linear;
  linear.spectrogram = SpectrogramKind::kLinear;
  EXPECT_THAT(message_of({}, linear), HasSubstr("features.spectrogram is linear"));
  FeatureOptions without_voicing;
  without_voicing.lld = {"f0", "contrast", "chroma"};
  EXPECT_THAT(message_of({}, without_voicing), HasSubstr("features.lld leaves out voicing"));
}

TEST(Onset, StrengthIsTheMeanRiseOfTheBands) {
  // Ten steps between eleven frames; in one of them a quarter of the bands rises by 40 dB, in the
  // next all fall back: strength 10 once, else 0. Mean 1, deviation √(100/10 − 1) = 3.
  MadeFrames made(11);
  made.frames.spectrogram.setConstant(-20.0F);
  made.frames.spectrogram.row(5).head(32).setConstant(20.0F);
  const Described described(made.frames);
  EXPECT_NEAR(described["onset_mean"], 1.0, 1e-5);
  EXPECT_NEAR(described["onset_deviation"], 3.0, 1e-5);
  EXPECT_NEAR(described["onset_p50"], 0.0, 1e-5);
  // All of it in the strongest of ten steps.
  EXPECT_NEAR(described["onset_concentration"], 1.0, 1e-5);
  EXPECT_NEAR(described["onset_high_mean"], 0.0, 1e-5);
}

TEST(Tempo, OfAClickTrackIsItsTempo) {
  for (const double bpm : {70.0, 97.0, 131.0, 160.0}) {
    const Described described(frames_of(clicks(bpm, 15.0)));
    EXPECT_NEAR(described["tempo_bpm"], bpm, 0.01 * bpm);
    EXPECT_NEAR(described["onset_peaks_per_s"], bpm / 60.0, 0.15) << bpm;
    // Frames are 23 ms apart.
    EXPECT_NEAR(described["onset_interval_median"], 60.0 / bpm, 0.024) << bpm;
    EXPECT_LT(described["onset_interval_variation"], 0.05) << bpm;
  }
}

TEST(Tempo, OfAClickTrackIsClearerThanOfNoise) {
  const Described beats(frames_of(clicks(97.0, 10.0)));
  const Described hiss(frames_of(test::noise(10 * test::kRate, 0.1)));
  EXPECT_GT(beats["pulse_clarity"], 0.6);
  EXPECT_LT(hiss["pulse_clarity"], 0.3);
  // 97 a minute lies in 90 … 120, whose range is named by its slower end; every second click is a
  // period too, in 40 … 65.
  for (const char* other : {"pulse_65", "pulse_120", "pulse_160"}) {
    EXPECT_GT(beats["pulse_90"], beats[other] + 0.5) << other;
  }
}

TEST(Tempo, OfLessThanTwoBeatsIsNone) {
  // Half of one second is shorter than a beat at the fastest tempo allowed here.
  DescriptorOptions options;
  options.of<descriptors::TempoOptions>().min_bpm = 60.0;
  options.of<descriptors::TempoOptions>().max_bpm = 100.0;
  EXPECT_EQ(Described(frames_of(clicks(97.0, 1.0)), {}, options)["tempo_bpm"], 0.0);
}

TEST(Dynamics, OfACrescendoIsItsSlope) {
  // 3 dB a second for ten seconds; the middle half of a uniform distribution over 30 dB is 15 wide.
  MadeFrames made(431);
  for (Eigen::Index t = 0; t < 431; ++t) {
    made.frames.energy_db[t] =
        static_cast<float>(-40.0 + 3.0 * static_cast<double>(t) / kFramesPerS);
  }
  const Described described(made.frames);
  const double range_db = 3.0 * 430.0 / kFramesPerS;
  EXPECT_NEAR(described["level_slope"], 3.0, 1e-4);
  EXPECT_NEAR(described["level_middle_range"], range_db / 2.0, 1e-3);
  EXPECT_NEAR(described["level_range"], 0.9 * range_db, 1e-3);
  EXPECT_NEAR(described["level_change"], 3.0 / kFramesPerS, 1e-4);
  EXPECT_NEAR(described["level_skewness"], 0.0, 1e-4);
  // The 95th percentile lies 0.95 of the range above the bottom: so does the share 10 dB below.
  EXPECT_NEAR(described["level_quiet_10db"], 0.95 - 10.0 / range_db, 0.005);
}

TEST(Texture, OfFlatFramesIsFlat) {
  MadeFrames made(20);
  made.frames.spectrogram.setConstant(-30.0F);
  const Described described(made.frames);
  EXPECT_NEAR(described["spectral_entropy_mean"], 1.0, 1e-5);
  EXPECT_NEAR(described["flatness_mean"], 0.0, 1e-4);
  EXPECT_NEAR(described["crest_mean"], 0.0, 1e-4);
  EXPECT_NEAR(described["centroid_mean"], 0.5, 1e-5);
  EXPECT_NEAR(described["roll_off_mean"], 0.85, 0.005);
  EXPECT_NEAR(described["tilt_mean"], 0.0, 1e-4);
  EXPECT_EQ(described["flux_mean"], 0.0);
}

TEST(Texture, OfASlopeIsItsTilt) {
  MadeFrames made(5);
  const Eigen::ArrayXd band_hz = mel_band_hz(MelOptions(), test::kRate);
  for (Eigen::Index band = 0; band < 128; ++band) {
    made.frames.spectrogram.col(band).setConstant(
        static_cast<float>(-6.0 * std::log2(band_hz[band] / 1000.0)));
  }
  EXPECT_NEAR(Described(made.frames)["tilt_mean"], -6.0, 1e-3);
}

TEST(Texture, OfOneBandIsThatBandsPlace) {
  MadeFrames made(4);
  made.frames.spectrogram.col(96).setZero();  // 80 dB above the rest, which is cut there
  const Described described(made.frames);
  // Amplitudes 1 and 127 times 10⁻⁴: Σ a = 1.0127; place (96 + 1/2) / 128 = 0.7539, the others'
  // mean (64 − 0.7539) / 127 = 0.498.
  EXPECT_NEAR(described["centroid_mean"], (0.7539 + 0.0127 * 0.498) / 1.0127, 1e-4);
  EXPECT_NEAR(described["roll_off_mean"], 0.7539, 1e-4);
  // 1 over the mean power of 1/128: 10 · log10(128) = 21.07 dB.
  EXPECT_NEAR(described["crest_mean"], 21.07, 0.01);
}

TEST(Tonality, OfACadenceTellsMajorFromItsParallelMinor) {
  for (const int chroma_window : {0, 8192}) {
    FeatureOptions features;
    features.of<ChromaOptions>().window_samples = chroma_window;
    const double tonic_hz = chroma_window == 0 ? 1046.5 : 261.63;  // C6, C4
    const Described major(frames_of(cadence(tonic_hz, {4, 4, 4, 4}), features), features);
    const Described minor(frames_of(cadence(tonic_hz, {3, 3, 4, 3}), features), features);
    EXPECT_GT(major["key_mode"], 0.1) << chroma_window;
    EXPECT_LT(minor["key_mode"], -0.02) << chroma_window;
    EXPECT_GT(major["key_major"], 0.85) << chroma_window;
    EXPECT_GT(minor["key_minor"], 0.8) << chroma_window;
    EXPECT_GT(major["chord_major_share"], 0.9) << chroma_window;
    // Three of its four triads are minor ones.
    EXPECT_NEAR(minor["chord_major_share"], 0.25, 0.1) << chroma_window;
    // Four chords in four seconds: three changes.
    EXPECT_NEAR(major["chord_changes_per_s"], 0.75, 0.3) << chroma_window;
    EXPECT_NEAR(major["tonal_movement_peaks_per_s"], 0.75, 0.3) << chroma_window;
  }
}

TEST(Tonality, IsTheSameInEveryKey) {
  FeatureSet frames = frames_of(cadence(1046.5, {4, 3, 4, 4}));
  const ColumnGroup chroma =
      FeatureExtractor(FeatureOptions(), test::kRate).layout().group("chroma");
  const Described in_c(frames);
  const RowMatrixXf original = frames.lld.middleCols(chroma.first_column, 12);
  for (const int semitones : {1, 6, 11}) {
    for (int c = 0; c < 12; ++c) {
      frames.lld.col(chroma.first_column + (c + semitones) % 12) = original.col(c);
    }
    const Described transposed(frames);
    EXPECT_LT((transposed.values() - in_c.values()).cwiseAbs().maxCoeff(), 1e-4F) << semitones;
  }
}

TEST(Tonality, DegreesCountFromTheTonic) {
  // The tonic triad of A flat major (8, 0, 3), each a third of all.
  MadeFrames made(10);
  made.set_chroma({8, 0, 3});
  const Described described(made.frames);
  for (int above = 0; above < 12; ++above) {
    EXPECT_NEAR(described["degree_" + std::to_string(above)],
                above == 0 || above == 4 || above == 7 ? 1.0 / 3.0 : 0.0, 1e-6)
        << above;
  }
  EXPECT_NEAR(described["chord_major_mean"], 1.0, 1e-6);
  EXPECT_EQ(described["chord_changes_per_s"], 0.0);
  EXPECT_NEAR(described["tonal_movement_mean"], 0.0, 1e-6);
}

TEST(ChromaShape, CountsPitchClassesAndTheirIntervals) {
  MadeFrames one(4);
  one.set_chroma({7});
  MadeFrames augmented(4);
  augmented.set_chroma({1, 5, 9});
  MadeFrames diminished(4);
  diminished.set_chroma({2, 5, 8, 11});
  MadeFrames all(4);
  all.set_chroma({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  EXPECT_NEAR(Described(one.frames)["chroma_entropy"], 0.0, 1e-6);
  EXPECT_NEAR(Described(one.frames)["chroma_sorted_0"], 1.0, 1e-6);
  EXPECT_NEAR(Described(one.frames)["chroma_wave_5"], 1.0, 1e-6);
  EXPECT_NEAR(Described(all.frames)["chroma_entropy"], 1.0, 1e-6);
  EXPECT_NEAR(Described(all.frames)["chroma_wave_5"], 0.0, 1e-6);
  // A major third apart: e^(2πi · 3 · 4 / 12) = 1, all three add up; a minor third: four waves.
  EXPECT_NEAR(Described(augmented.frames)["chroma_wave_3"], 1.0, 1e-6);
  EXPECT_NEAR(Described(augmented.frames)["chroma_wave_4"], 0.0, 1e-6);
  EXPECT_NEAR(Described(augmented.frames)["chroma_above_strongest_4"], 1.0, 1e-6);
  EXPECT_NEAR(Described(augmented.frames)["chroma_above_strongest_3"], 0.0, 1e-6);
  EXPECT_NEAR(Described(diminished.frames)["chroma_wave_4"], 1.0, 1e-6);
  EXPECT_NEAR(Described(diminished.frames)["chroma_frame_entropy_mean"],
              std::log(4.0) / std::log(12.0), 1e-6);
}

TEST(Modulation, OfFourHertzIsFourHertz) {
  // Band levels of −20 + 10 sin(2π · 4 Hz · t) dB: 10 / √2 dB root mean square in 2.62 … 5.25 Hz.
  MadeFrames made(430);
  for (Eigen::Index t = 0; t < 430; ++t) {
    const double phase = 2.0 * std::numbers::pi * 4.0 * static_cast<double>(t) / kFramesPerS;
    made.frames.spectrogram.row(t).setConstant(static_cast<float>(-20.0 + 10.0 * std::sin(phase)));
  }
  const Described described(made.frames);
  EXPECT_NEAR(described["modulation_peak_hz"], 4.0, 0.03);
  const double expected = std::log(0.1 + 10.0 / std::numbers::sqrt2);
  EXPECT_NEAR(described["modulation_all_3"], expected, 0.02);
  for (int group = 0; group < 8; ++group) {
    const std::string name = "modulation_" + std::to_string(group) + "_";
    EXPECT_NEAR(described[name + "3"], expected, 0.02);
    EXPECT_LT(described[name + "0"], std::log(0.3));
    EXPECT_LT(described[name + "5"], std::log(0.3));
  }
}

TEST(Modulation, OfATremoloOfASoundShowsAtItsFrequency) {
  std::vector<float> samples = test::noise(8 * test::kRate, 0.1);
  for (std::size_t n = 0; n < samples.size(); ++n) {
    const double t = static_cast<double>(n) / test::kRate;
    samples[n] *= static_cast<float>(1.0 + 0.6 * std::sin(2.0 * std::numbers::pi * 4.0 * t));
  }
  EXPECT_NEAR(Described(frames_of(samples))["modulation_peak_hz"], 4.0, 0.05);
}

TEST(Melody, OfAScaleHasItsRangeAndDirection) {
  // Twelve tones of ten frames, a semitone apart, upwards; 110 Hz is 12 semitones above 55 Hz.
  MadeFrames made(120);
  made.columns("voicing").setOnes();
  for (Eigen::Index t = 0; t < 120; ++t) {
    made.columns("f0")(t, 0) = 12.0F + static_cast<float>(t / 10);
  }
  const Described described(made.frames);
  EXPECT_EQ(described["voiced_share"], 1.0);
  EXPECT_NEAR(described["pitch_p50"], 17.5, 1e-5);
  EXPECT_NEAR(described["pitch_deviation"], std::sqrt((144.0 - 1.0) / 12.0), 1e-4);
  // Eleven of 119 steps are a semitone up.
  EXPECT_NEAR(described["pitch_movement"], 11.0 / 119.0, 1e-5);
  EXPECT_NEAR(described["pitch_steady_share"], 108.0 / 119.0, 1e-5);
  EXPECT_EQ(described["pitch_rising_share"], 1.0);
  EXPECT_EQ(described["pitch_leap_share"], 0.0);
  EXPECT_NEAR(described["voiced_run_mean"], 120.0 / kFramesPerS, 1e-4);
}

TEST(Melody, LeavesOutUnvoicedFrames) {
  // Voiced, unvoiced, voiced, …, five frames each; the unvoiced ones hold a far pitch.
  MadeFrames made(100);
  for (Eigen::Index t = 0; t < 100; ++t) {
    const bool is_voiced = t / 5 % 2 == 0;
    made.columns("voicing")(t, 0) = is_voiced ? 0.9F : 0.2F;
    made.columns("f0")(t, 0) = is_voiced ? 24.0F : 60.0F;
  }
  const Described described(made.frames);
  EXPECT_NEAR(described["voiced_share"], 0.5, 1e-6);
  EXPECT_NEAR(described["pitch_p90"], 24.0, 1e-5);
  EXPECT_EQ(described["pitch_movement"], 0.0);
  EXPECT_EQ(described["pitch_leap_share"], 0.0);
  EXPECT_NEAR(described["voiced_runs_per_s"], 0.1 * kFramesPerS, 1e-4);
  EXPECT_NEAR(described["voiced_run_mean"], 5.0 / kFramesPerS, 1e-5);
}

}  // namespace
}  // namespace mer
