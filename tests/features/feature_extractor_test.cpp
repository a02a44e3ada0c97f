#include "mer/features/feature_extractor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "mer/core/error.hpp"
#include "reference.hpp"

namespace mer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

FeatureSet whole(const std::vector<float>& samples, const FeatureOptions& options = {},
                 int rate_hz = test::kRate) {
  return extract_features(samples, options, VadOptions(), rate_hz);
}

void expect_same(const FeatureSet& a, const FeatureSet& b) {
  ASSERT_EQ(a.num_frames(), b.num_frames());
  EXPECT_TRUE((a.spectrogram.array() == b.spectrogram.array()).all());
  EXPECT_TRUE((a.lld.array() == b.lld.array()).all());
  EXPECT_TRUE((a.energy_db.array() == b.energy_db.array()).all());
}

// Pushes the samples in random blocks, pulls at random, and puts the pieces together.
FeatureSet in_blocks(const std::vector<float>& samples, const FeatureOptions& options, int rate_hz,
                     unsigned seed, std::size_t largest_block) {
  std::mt19937_64 engine(seed);
  FeatureExtractor extractor(options, rate_hz);
  std::vector<FeatureSet> pieces;
  std::size_t start = 0;
  while (start < samples.size()) {
    const std::size_t length = std::min(samples.size() - start, engine() % (largest_block + 1));
    extractor.push({samples.data() + start, length});
    start += length;
    if (engine() % 3 == 0) pieces.push_back(extractor.pull());
  }
  extractor.finish();
  pieces.push_back(extractor.pull());
  Eigen::Index rows = 0;
  for (const FeatureSet& piece : pieces) rows += piece.lld.rows();
  FeatureSet set;
  set.spectrogram.resize(rows, extractor.layout().spectrogram_columns());
  set.lld.resize(rows, extractor.layout().lld_width());
  set.energy_db.resize(rows);
  Eigen::Index row = 0;
  for (const FeatureSet& piece : pieces) {
    const Eigen::Index count = piece.lld.rows();
    set.spectrogram.middleRows(row, count) = piece.spectrogram;
    set.lld.middleRows(row, count) = piece.lld;
    set.energy_db.segment(row, count) = piece.energy_db;
    row += count;
  }
  return set;
}

TEST(FeatureExtractor, GivesTheSameValuesForAnyBlocks) {
  std::vector<float> samples = test::reference_signal();
  samples.resize(60000);
  const FeatureSet expected = whole(samples);
  unsigned seed = 1;
  for (const std::size_t largest : {1U, 7U, 500U, 1024U, 5000U, 100000U}) {
    SCOPED_TRACE(largest);
    expect_same(in_blocks(samples, FeatureOptions(), test::kRate, seed++, largest), expected);
  }
}

TEST(FeatureExtractor, GivesTheSameValuesForAnyBlocksWithOddOptions) {
  // A hop that the decimation factor does not divide, one that is longer than the window (samples
  // in between are skipped), and chroma that looks ahead.
  std::vector<float> samples = test::reference_signal();
  samples.resize(50000);
  for (const int hop : {333, 1023, 9001}) {
    FeatureOptions options;
    options.frame.hop_samples = hop;
    options.of<ChromaOptions>().window_samples = 8192;
    const FeatureSet expected = whole(samples, options);
    EXPECT_EQ(expected.num_frames(), count_frames(50000, options.frame));
    for (const std::size_t largest : {100U, 3000U, 20000U}) {
      SCOPED_TRACE(hop);
      expect_same(in_blocks(samples, options, test::kRate, 5, largest), expected);
    }
  }
}

TEST(FeatureExtractor, GivesTheSameValuesForAnyBlocksAcrossSilenceAndClicks) {
  // Whole stretches of digital silence are passed over, which must not depend on the blocks either.
  std::vector<float> samples = test::tone(330.0, 8, 12000);
  samples.resize(40000, 0.0F);
  samples[30000] = 1.0F;
  const std::vector<float> noise = test::noise(9000, 0.1);
  samples.insert(samples.end(), noise.begin(), noise.end());
  for (const SpectrogramKind kind :
       {SpectrogramKind::kLogMel, SpectrogramKind::kMel, SpectrogramKind::kLinear}) {
    for (const int chroma_window : {0, 8192}) {
      FeatureOptions options;
      options.spectrogram = kind;
      options.of<ChromaOptions>().window_samples = chroma_window;
      const FeatureSet expected = whole(samples, options);
      unsigned seed = 11;
      for (const std::size_t largest : {50U, 2000U, 30000U}) {
        SCOPED_TRACE(largest);
        expect_same(in_blocks(samples, options, test::kRate, seed++, largest), expected);
      }
    }
  }
}

// Frames of 512 at 16 kHz, whose windows are too short for pitch from 55 Hz: no descriptors.
FeatureOptions centred_options() {
  FeatureOptions options;
  options.spectrogram = SpectrogramKind::kCompressedMel;
  options.lld.clear();
  options.frame.window_samples = 512;
  options.frame.hop_samples = 256;
  options.frame.window = WindowKind::kHann;
  options.frame.padding = FramePadding::kCenter;
  options.mel.num_bands = 96;
  return options;
}

TEST(FeatureExtractor, CentredFramesAreThoseOfTheSignalWithZerosAroundIt) {
  const std::vector<float> samples = test::noise(5000, 0.1);
  std::vector<float> surrounded(256, 0.0F);
  surrounded.insert(surrounded.end(), samples.begin(), samples.end());
  surrounded.insert(surrounded.end(), 256, 0.0F);
  FeatureOptions plain = centred_options();
  plain.frame.padding = FramePadding::kNone;
  const FeatureSet centered = whole(samples, centred_options(), 16000);
  EXPECT_EQ(centered.num_frames(), 1 + 5000 / 256);
  expect_same(centered, whole(surrounded, plain, 16000));
}

TEST(FeatureExtractor, GivesTheSameValuesForAnyBlocksOfCentredFrames) {
  std::vector<float> samples = test::noise(12000, 0.1);
  std::fill(samples.begin() + 4000, samples.begin() + 7000, 0.0F);
  FeatureOptions with_all;  // chroma that looks ahead, residual phase that looks back
  with_all.of<ChromaOptions>().window_samples = 8192;
  with_all.frame.padding = FramePadding::kCenter;
  for (const FeatureOptions& options : {centred_options(), with_all}) {
    const FeatureSet expected = whole(samples, options, 16000);
    EXPECT_EQ(expected.num_frames(), count_frames(12000, options.frame));
    unsigned seed = 21;
    for (const std::size_t largest : {1U, 100U, 600U, 3000U, 20000U}) {
      SCOPED_TRACE(largest);
      expect_same(in_blocks(samples, options, 16000, seed++, largest), expected);
    }
  }
}

TEST(FeatureExtractor, CentredFramesOfLessThanAWindowAreNone) {
  EXPECT_EQ(whole(test::noise(511, 0.1), centred_options(), 16000).num_frames(), 0);
  EXPECT_EQ(whole(test::noise(512, 0.1), centred_options(), 16000).num_frames(), 3);
}

TEST(FeatureExtractor, ComputesOnlyTheFamiliesAskedForAndTheyAreTheSame) {
  std::vector<float> samples = test::reference_signal();
  samples.resize(20000);
  const FeatureSet all = whole(samples);
  const FeatureLayout layout = FeatureExtractor(FeatureOptions(), test::kRate).layout();
  for (const std::string& family : builtin_frame_features().names()) {
    FeatureOptions options;
    options.lld = {family};
    const FeatureSet one = whole(samples, options);
    const ColumnGroup& group = layout.group(family);
    ASSERT_EQ(one.lld.cols(), group.num_columns) << family;
    EXPECT_TRUE(
        (one.lld.array() == all.lld.middleCols(group.first_column, group.num_columns).array())
            .all())
        << family;
    EXPECT_TRUE((one.spectrogram.array() == all.spectrogram.array()).all()) << family;
  }
  FeatureOptions none;
  none.lld.clear();
  EXPECT_EQ(whole(samples, none).lld.cols(), 0);
  EXPECT_EQ(whole(samples, none).num_frames(), all.num_frames());
}

TEST(FeatureExtractor, DigitalSilenceIsTheSameWhereverItLies) {
  // Frames 16 to 25 and their surroundings are zeros: but for pitch and formants, which are held,
  // they are the first frame of a silent file.
  std::vector<float> samples = test::tone(330.0, 8, 16000);
  samples.resize(40000, 0.0F);
  const FeatureSet set = whole(samples);
  const FeatureSet silence = whole(std::vector<float>(2048, 0.0F));
  for (Eigen::Index t = 16; t < 26; ++t) {
    EXPECT_TRUE((set.spectrogram.row(t).array() == silence.spectrogram.row(0).array()).all()) << t;
    EXPECT_TRUE((set.lld.row(t).head(40).array() == silence.lld.row(0).head(40).array()).all());
    EXPECT_TRUE((set.lld.row(t).tail(19).array() == silence.lld.row(0).tail(19).array()).all());
    EXPECT_EQ(set.lld(t, 40), set.lld(15, 40)) << t;
    EXPECT_EQ(set.lld(t, 41), 0.0F) << t;
    EXPECT_TRUE(
        (set.lld.row(t).segment(42, 6).array() == set.lld.row(15).segment(42, 6).array()).all())
        << t;
    EXPECT_EQ(set.energy_db[t], -120.0F) << t;
  }
}

TEST(FeatureExtractor, OneClickInSilenceTouchesOnlyTheFramesThatHoldIt) {
  std::vector<float> samples(30000, 0.0F);
  samples[15000] = 1.0F;  // in frames 13 (from 13312 on) and 14 (to 16383)
  const FeatureSet set = whole(samples);
  for (Eigen::Index t = 0; t < set.num_frames(); ++t) {
    const bool holds = t == 13 || t == 14;
    EXPECT_EQ(set.energy_db[t] > -120.0F, holds) << t;
    EXPECT_EQ(set.spectrogram.row(t).maxCoeff() > -99.0F, holds) << t;
    EXPECT_EQ(set.lld.row(t).tail(12).maxCoeff(), holds ? 1.0F : 0.0F) << t;
  }
  // A click's spectrum is flat: no contrast, and a level of 1/2048 in power.
  EXPECT_LT(set.lld.row(13).segment(48, 7).cwiseAbs().maxCoeff(), 1e-2F);
  EXPECT_NEAR(set.energy_db[13], -10.0 * std::log10(2048.0), 1e-3);
}

TEST(FeatureExtractor, AConstantOffsetMovesNeitherPitchNorTheHighBands) {
  const std::vector<float> tone = test::tone(440.0, 10, 8192, 0.2);
  std::vector<float> shifted = tone;
  for (float& x : shifted) x += 0.5F;
  const FeatureSet plain = whole(tone);
  const FeatureSet offset = whole(shifted);
  for (Eigen::Index t = 0; t < plain.num_frames(); ++t) {
    EXPECT_NEAR(offset.lld(t, 40), plain.lld(t, 40), 0.01F) << t;
    EXPECT_NEAR(offset.lld(t, 41), plain.lld(t, 41), 0.01F) << t;
    // Blackman–Harris keeps the offset within three bins of 0 Hz (65 Hz): from band 16 on (430 Hz)
    // the bands differ by what rounding the shifted samples to single precision adds.
    EXPECT_LT((offset.spectrogram.row(t) - plain.spectrogram.row(t))
                  .segment(16, 40)
                  .cwiseAbs()
                  .maxCoeff(),
              0.5F)
        << t;
  }
}

TEST(FeatureExtractor, OneSampleIsNoFrame) {
  FeatureExtractor extractor(FeatureOptions(), test::kRate);
  extractor.push(std::vector<float>(1, 1.0F));
  extractor.finish();
  const FeatureSet set = extractor.pull();
  EXPECT_EQ(set.num_frames(), 0);
  EXPECT_EQ(set.lld.cols(), 67);
}

TEST(FeatureExtractor, GivesTheSameValuesInEveryThread) {
  std::vector<float> samples = test::reference_signal();
  samples.resize(20000);
  const FeatureSet expected = whole(samples);
  std::vector<FeatureSet> results(4);
  std::vector<std::thread> threads;
  for (FeatureSet& result : results) {
    threads.emplace_back([&result, &samples] { result = whole(samples); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const FeatureSet& result : results) expect_same(result, expected);
}

TEST(FeatureExtractor, FramesDependOnNothingBeforeTheirHistory) {
  // A frame's features (those apart that are held from earlier frames) come from its own samples
  // and a little history: five hops of other music before it change nothing.
  const std::vector<float> tail = test::tone(300.0, 6, 8192);
  std::vector<float> other = test::noise(5 * 1024, 0.2);
  other.insert(other.end(), tail.begin(), tail.end());
  const FeatureSet alone = whole(tail);
  const FeatureSet later = whole(other);
  for (Eigen::Index t = 1; t < alone.num_frames(); ++t) {
    EXPECT_TRUE((alone.spectrogram.row(t).array() == later.spectrogram.row(t + 5).array()).all());
    EXPECT_LT((alone.lld.row(t) - later.lld.row(t + 5)).cwiseAbs().maxCoeff(), 0.02F) << t;
  }
}

TEST(FeatureExtractor, CountsFramesWithoutPadding) {
  const std::vector<float> noise = test::noise(4096, 0.1);
  for (const auto& [samples, frames] : std::vector<std::pair<std::size_t, std::int64_t>>{
           {0, 0}, {1, 0}, {2047, 0}, {2048, 1}, {2049, 1}, {3071, 1}, {3072, 2}, {4096, 3}}) {
    const FeatureSet set = whole({noise.begin(), noise.begin() + static_cast<int>(samples)});
    EXPECT_EQ(set.num_frames(), frames) << samples;
    EXPECT_EQ(set.spectrogram.rows(), frames) << samples;
    EXPECT_EQ(set.spectrogram.cols(), 128) << samples;
    EXPECT_EQ(set.lld.cols(), 67) << samples;
    EXPECT_EQ(set.energy_db.size(), frames) << samples;
    EXPECT_EQ(static_cast<std::int64_t>(set.kept.size()), frames) << samples;
  }
}

TEST(FeatureExtractor, LayoutNamesEveryColumnOnce) {
  const FeatureExtractor extractor(FeatureOptions(), test::kRate);
  const FeatureLayout& layout = extractor.layout();
  EXPECT_EQ(layout.lld_width(), 67);
  int column = 0;
  std::vector<std::string> names;
  for (const ColumnGroup& group : layout.lld) {
    EXPECT_EQ(group.first_column, column) << group.name;
    EXPECT_FALSE(group.unit.empty() || group.source.empty() || group.description.empty());
    column += group.num_columns;
    names.push_back(group.name);
  }
  EXPECT_EQ(column, 67);
  EXPECT_THAT(names, ElementsAre("mfcc", "residual_phase", "f0", "voicing", "formants", "contrast",
                                 "chroma"));
  std::vector<std::string> sorted = layout.lld_columns;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(std::adjacent_find(sorted.begin(), sorted.end()), sorted.end());
  EXPECT_EQ(layout.lld_columns[0], "mfcc_0");
  EXPECT_EQ(layout.lld_columns[20], "residual_phase_0");
  EXPECT_EQ(layout.lld_columns[42], "formant_1_hz");
  EXPECT_EQ(layout.lld_columns[66], "chroma_B");
  EXPECT_EQ(layout.group("contrast").num_columns, 7);
  EXPECT_THROW(layout.group("colour"), std::invalid_argument);
  EXPECT_DOUBLE_EQ(layout.frame_time_s(3), (3 * 1024 + 1024) / 44100.0);
}

TEST(FeatureExtractor, SpectrogramIsOfTheKindAskedFor) {
  const std::vector<float> sine = test::tone(1000.0, 1, 2048, 0.5);
  FeatureOptions options;
  const FeatureSet log_mel = whole(sine, options);
  options.spectrogram = SpectrogramKind::kMel;
  const FeatureSet mel = whole(sine, options);
  options.spectrogram = SpectrogramKind::kLinear;
  const FeatureSet linear = whole(sine, options);
  EXPECT_EQ(linear.spectrogram.cols(), 1025);
  for (int band = 0; band < 128; ++band) {
    EXPECT_NEAR(log_mel.spectrogram(0, band),
                10.0 * std::log10(std::max(mel.spectrogram(0, band), 1e-10F)), 1e-3)
        << band;
  }
  Eigen::Index peak = 0;
  linear.spectrogram.row(0).maxCoeff(&peak);
  EXPECT_EQ(peak, 46);  // 1000 / 21.53
}

TEST(FeatureExtractor, EnergyOfASineIs3DecibelsBelowItsPeak) {
  // 16 whole periods in a frame: the mean square is a²/2.
  const FeatureSet set = whole(test::tone(44100.0 * 16 / 2048, 1, 2048, 0.5));
  EXPECT_NEAR(set.energy_db[0], 20.0 * std::log10(0.5) - 3.0103, 1e-3);
}

TEST(FeatureExtractor, HoldsPitchAndFormantsWhereThereAreNone) {
  std::vector<float> samples(4096, 0.0F);  // before the first voiced frame
  const std::vector<float> tone = test::tone(220.0, 10, 8192);
  samples.insert(samples.end(), tone.begin(), tone.end());
  samples.insert(samples.end(), 8192, 0.0F);
  const FeatureSet set = whole(samples);
  const FeatureExtractor extractor(FeatureOptions(), test::kRate);
  const int f0 = extractor.layout().group("f0").first_column;
  const int voicing = extractor.layout().group("voicing").first_column;
  const int formant = extractor.layout().group("formants").first_column;
  EXPECT_EQ(set.lld(0, f0), 0.0F);
  EXPECT_EQ(set.lld(0, voicing), 0.0F);
  EXPECT_EQ(set.lld(0, formant), 0.0F);
  const Eigen::Index last = set.num_frames() - 1;
  EXPECT_NEAR(set.lld(last, f0), 24.0F, 0.05F);  // 220 Hz: two octaves above 55 Hz
  EXPECT_EQ(set.lld(last, voicing), 0.0F);
  EXPECT_GT(set.lld(last, formant), 0.0F);
  EXPECT_EQ(set.lld(last, formant), set.lld(last - 1, formant));
}

TEST(FeatureExtractor, ResidualPhaseUsesTheSamplesBeforeTheFrame) {
  // The same frame after other samples has another residual in its first `order` samples, so
  // another cepstrum, though a nearly equal one.
  const std::vector<float> tail = test::tone(300.0, 6, 2048);
  std::vector<float> samples = test::noise(1024, 0.3);
  samples.insert(samples.end(), tail.begin(), tail.end());
  const FeatureSet alone = whole(tail);
  const FeatureSet later = whole(samples);
  const auto difference = (alone.lld.row(0) - later.lld.row(1)).segment(20, 20).cwiseAbs();
  EXPECT_GT(difference.maxCoeff(), 0.0F);
  EXPECT_TRUE((alone.lld.row(0).head(20).array() == later.lld.row(1).head(20).array()).all());
}

TEST(FeatureExtractor, IsFiniteOnEverythingFinite) {
  std::vector<float> click(10000, 0.0F);
  click[5000] = 1.0F;
  std::vector<float> square(10000);
  std::vector<float> nyquist(10000);
  std::vector<float> ramp(10000);
  for (std::size_t n = 0; n < 10000; ++n) {
    square[n] = n / 50 % 2 == 0 ? 1.0F : -1.0F;
    nyquist[n] = n % 2 == 0 ? 1.0F : -1.0F;
    ramp[n] = static_cast<float>(n) * 1e-4F;
  }
  const std::map<std::string, std::vector<float>> signals{
      {"silence", std::vector<float>(10000, 0.0F)},
      {"constant", std::vector<float>(10000, 1.0F)},
      {"one click", click},
      {"full-scale square wave", square},
      {"half the sample rate", nyquist},
      {"ramp", ramp},
      {"denormal", std::vector<float>(10000, 1e-40F)},
      {"tiny noise", test::noise(10000, 1e-20)},
      {"noise far beyond full scale", test::noise(10000, 1e5)},
      {"sine", test::tone(440.0, 1, 10000)}};
  for (const auto& [name, samples] : signals) {
    const FeatureSet set = whole(samples);
    EXPECT_TRUE(set.lld.allFinite()) << name;
    EXPECT_TRUE(set.spectrogram.allFinite()) << name;
    EXPECT_TRUE(set.energy_db.allFinite()) << name;
    EXPECT_GE(set.energy_db.minCoeff(), -120.0F) << name;
    const auto voicing = set.lld.col(41);
    EXPECT_TRUE(voicing.minCoeff() >= 0.0F && voicing.maxCoeff() <= 1.0F) << name;
    const auto chroma = set.lld.rightCols(12);
    EXPECT_TRUE(chroma.minCoeff() >= 0.0F && chroma.maxCoeff() <= 1.0F) << name;
  }
}

TEST(FeatureExtractor, OfSilenceIsWhatTheHeadersSay) {
  const FeatureSet set = whole(std::vector<float>(4096, 0.0F));
  EXPECT_NEAR(set.spectrogram.minCoeff(), -100.0F, 1e-4F);
  EXPECT_NEAR(set.spectrogram.maxCoeff(), -100.0F, 1e-4F);
  EXPECT_NEAR(set.lld(0, 0), -100.0 * std::sqrt(128.0), 1e-2);   // mfcc_0
  EXPECT_NEAR(set.lld(0, 20), -100.0 * std::sqrt(128.0), 1e-2);  // residual_phase_0
  EXPECT_EQ(set.lld.row(0).segment(40, 27).cwiseAbs().maxCoeff(), 0.0F);
  EXPECT_EQ(set.energy_db[0], -120.0F);
  EXPECT_THAT(set.kept, ElementsAre(0, 0, 0));
}

TEST(FeatureExtractor, RefusesSamplesThatAreNotNumbersAndSaysWhere) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), -2e6F}) {
    FeatureExtractor extractor(FeatureOptions(), test::kRate);
    extractor.push(std::vector<float>(1000, 0.1F));
    std::vector<float> samples(10, 0.0F);
    samples[3] = bad;
    try {
      extractor.push(samples);
      FAIL() << bad << " was accepted";
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), HasSubstr("sample 1003 is "));
      EXPECT_THAT(error.what(), HasSubstr("samples must lie in -1e6…1e6"));
    }
  }
}

TEST(FeatureExtractor, TakesNoSamplesAfterTheEnd) {
  FeatureExtractor extractor(FeatureOptions(), test::kRate);
  extractor.finish();
  extractor.finish();
  EXPECT_EQ(extractor.pull().num_frames(), 0);
  EXPECT_THROW(extractor.push(std::vector<float>(10, 0.0F)), std::logic_error);
}

TEST(FeatureExtractor, WorksAt8And192Kilohertz) {
  // At 8 kHz the contrast's six octaves from 200 Hz don't fit; at 192 kHz two periods of 55 Hz need
  // 6982 samples.
  FeatureOptions low;
  low.of<ContrastOptions>().num_bands = 4;
  const FeatureSet at_8k = whole(test::tone(440.0, 5, 16000, 0.3, 8000), low, 8000);
  EXPECT_EQ(at_8k.lld.cols(), 65);
  EXPECT_TRUE(at_8k.lld.allFinite());
  EXPECT_NEAR(at_8k.lld(3, 40), 36.0F, 0.05F);

  FeatureOptions high;
  high.frame.window_samples = 8192;
  high.frame.hop_samples = 4096;
  const FeatureSet at_192k = whole(test::tone(440.0, 5, 40000, 0.3, 192000), high, 192000);
  EXPECT_TRUE(at_192k.lld.allFinite());
  EXPECT_NEAR(at_192k.lld(3, 40), 36.0F, 0.05F);
}

TEST(FeatureExtractor, SaysWhichOptionDoesNotFitTheRate) {
  const auto message = [](int rate_hz) -> std::string {
    try {
      FeatureExtractor extractor(FeatureOptions(), rate_hz);
    } catch (const UsageError& error) {
      EXPECT_FALSE(error.hint().empty());
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(message(44100), "accepted");
  EXPECT_EQ(message(16000), "accepted");
  EXPECT_THAT(message(8000), HasSubstr("features.contrast.num_bands"));
  EXPECT_THAT(message(192000), HasSubstr("features."));
  EXPECT_THAT(message(0), HasSubstr("the sample rate is 0 Hz"));
}

TEST(FeatureExtractor, ChromaOfALongWindowIsCentredOnTheFrame) {
  // A note that sounds only within the frame's own 2048 samples is heard by its frame …
  std::vector<float> samples(20480, 0.0F);
  const std::vector<float> note = test::tone(880.0, 1, 2048);
  std::copy(note.begin(), note.end(), samples.begin() + 8 * 1024);
  FeatureOptions options;
  options.of<ChromaOptions>().window_samples = 8192;
  const FeatureSet set = whole(samples, options);
  const auto chroma = [&](Eigen::Index t) { return set.lld.row(t).rightCols(12); };
  EXPECT_EQ(chroma(8)[9], 1.0F);
  // … and by those whose long window (3072 samples more on either side) reaches it, no others.
  EXPECT_EQ(chroma(3).maxCoeff(), 0.0F);
  EXPECT_EQ(chroma(4)[9], 1.0F);
  EXPECT_EQ(chroma(12)[9], 1.0F);
  EXPECT_EQ(chroma(13).maxCoeff(), 0.0F);
}

TEST(FeatureOptions, GoThroughYamlAndBack) {
  FeatureOptions options;
  options.spectrogram = SpectrogramKind::kLinear;
  options.mel.scale = MelScale::kHtk;
  options.of<ResidualPhaseOptions>().order = 32;
  options.of<ChromaOptions>().window_samples = 8192;
  const FeatureOptions copy = options_from_json<FeatureOptions>(to_json(options), "test");
  EXPECT_EQ(to_json(copy), to_json(options));
  EXPECT_EQ(copy.of<ResidualPhaseOptions>().order, 32);
}

TEST(FeatureOptions, RefuseValuesOutOfRange) {
  for (const std::string assignment : {"frame.window_samples=63",
                                       "frame.window_samples=2047",
                                       "frame.hop_samples=0",
                                       "mel.num_bands=1",
                                       "mel.scale=bark",
                                       "mel.min_hz=-1",
                                       "mfcc.num_coefficients=0",
                                       "residual_phase.order=0",
                                       "residual_phase.white_noise_correction=0.2",
                                       "residual_phase.envelope_floor=0",
                                       "pitch.min_hz=0",
                                       "pitch.threshold=1.1",
                                       "pitch.min_voicing=-0.1",
                                       "pitch.max_hz=50",
                                       "formants.order=5",
                                       "formants.max_bandwidth_hz=0",
                                       "contrast.num_bands=0",
                                       "contrast.quantile=0.6",
                                       "chroma.tuning=0.51",
                                       "chroma.window_samples=4097",
                                       "spectrogram=cepstrum",
                                       "lld=[mfccs]",
                                       "lld=[chroma, mfcc]",
                                       "lld=[mfcc, mfcc]",
                                       "frame.padding=both",
                                       "chroma.colour=1"}) {
    ConfigDocument document;
    FeatureOptions options;
    EXPECT_THROW(
        {
          document.set(assignment);
          document.read(options);
        },
        UsageError)
        << assignment;
  }
}

}  // namespace
}  // namespace mer
