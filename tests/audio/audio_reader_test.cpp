#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "test_audio.hpp"

namespace mer {
namespace {

class AudioReaderTest : public AudioTest {};

/// 0, -1, 2, -3, … in 16-bit steps: every sample says where it stood in the file, and there is no
/// constant offset to remove.
std::vector<float> ramp(std::size_t num_samples) {
  std::vector<float> samples(num_samples);
  for (std::size_t i = 0; i < num_samples; ++i) {
    samples[i] = static_cast<float>(i) / (i % 2 == 0 ? 32768.0F : -32768.0F);
  }
  return samples;
}

TEST_F(AudioReaderTest, GivesPcmSamplesExactlyAtTheFilesOwnRate) {
  const std::vector<float> samples = ramp(20000);
  for (const int format : {kWav16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, kWavFloat,
                           SF_FORMAT_AIFF | SF_FORMAT_PCM_24, SF_FORMAT_W64 | SF_FORMAT_PCM_32}) {
    const auto file = write("ramp.audio", format, 8000, 1, samples);
    EXPECT_EQ(read_audio(file, whole_file(8000)), samples) << std::hex << format;
  }
}

TEST_F(AudioReaderTest, KnowsFormatRateChannelsAndLength) {
  const auto file = write("a.wav", kWav16, 48000, 2, std::vector<float>(2 * 24000));
  const AudioReader reader(file, AudioOptions{});
  EXPECT_EQ(reader.info().format, "WAV (16 bit PCM)");
  EXPECT_EQ(reader.info().sample_rate_hz, 48000);
  EXPECT_EQ(reader.info().num_channels, 2);
  EXPECT_DOUBLE_EQ(reader.info().duration_s, 0.5);
  EXPECT_FALSE(reader.info().by_ffmpeg);
  EXPECT_TRUE(reader.warnings().empty());
}

TEST_F(AudioReaderTest, RemarksARateBelowHalfOfTheOneAskedFor) {
  const auto telephone = write("low.wav", kWav16, 8000, 1, std::vector<float>(8000));
  const AudioReader low(telephone, AudioOptions{});
  ASSERT_EQ(low.warnings().size(), 1U);
  EXPECT_EQ(low.warnings()[0],
            "recorded at 8000 Hz: nothing sounds above 4000 Hz, unlike in music at 44100 Hz");
  const auto half = write("half.wav", kWav16, 22050, 1, std::vector<float>(8000));
  EXPECT_TRUE(AudioReader(half, AudioOptions{}).warnings().empty());
}

TEST_F(AudioReaderTest, AveragesTheChannels) {
  // Frame t holds t, 2t, 3t, … 8t (in 2^-15, every second frame negative), so the mean is 4.5 t.
  std::vector<float> interleaved;
  for (int t = 0; t < 900; ++t) {
    const float step = t % 2 == 0 ? 1.0F / 32768.0F : -1.0F / 32768.0F;
    for (int c = 1; c <= 8; ++c) interleaved.push_back(static_cast<float>(c * t) * step);
  }
  const auto file = write("eight.wav", kWavFloat, 44100, 8, interleaved);
  const std::vector<float> mono = read_audio(file, whole_file(44100));
  ASSERT_EQ(mono.size(), 900U);
  for (std::size_t t = 0; t < mono.size(); ++t) {
    EXPECT_FLOAT_EQ(mono[t], 4.5F * static_cast<float>(t) / (t % 2 == 0 ? 32768.0F : -32768.0F));
  }
}

/// Frames of as many channels as there are gains: each is the signal times its gain.
std::vector<float> with_gains(const std::vector<float>& signal, const std::vector<float>& gains) {
  std::vector<float> interleaved;
  for (const float value : signal) {
    for (const float gain : gains) interleaved.push_back(gain * value);
  }
  return interleaved;
}

bool has_warning(const AudioReader& reader, const std::string& part) {
  const auto& warnings = reader.warnings();
  return std::any_of(warnings.begin(), warnings.end(), [&](const std::string& warning) {
    return warning.find(part) != std::string::npos;
  });
}

TEST_F(AudioReaderTest, OfChannelsThatCancelEachOtherTheLouderOneIsTaken) {
  const std::vector<float> tone = sine(440, 0.5, 44100, 44100);
  struct Case {
    std::vector<float> gains;
    float gain;  // of what is read
    int channel;
  };
  for (const Case& c : {Case{{1.0F, -1.0F}, 1.0F, 1}, Case{{-0.5F, 0.51F}, 0.51F, 2},
                        Case{{0.25F, -0.5F, 0.25F}, -0.5F, 2}}) {
    const auto file = write("side.wav", kWavFloat, 44100, static_cast<int>(c.gains.size()),
                            with_gains(tone, c.gains));
    AudioReader reader(file, whole_file(44100));
    EXPECT_TRUE(has_warning(reader, "the channels cancel each other when they are mixed: channel " +
                                        std::to_string(c.channel) + " alone was taken"));
    std::vector<float> samples(tone.size());
    ASSERT_EQ(reader.read(samples), tone.size());
    for (std::size_t i = 0; i < tone.size(); ++i) ASSERT_FLOAT_EQ(samples[i], c.gain * tone[i]);
  }
}

TEST_F(AudioReaderTest, ChannelsThatCancelForHalfOfASongCancel) {
  std::vector<float> interleaved = with_gains(sine(440, 0.5, 8000, 4 * 8000), {1.0F, -1.0F});
  const std::vector<float> second = with_gains(sine(440, 0.5, 8000, 4 * 8000), {1.0F, 1.0F});
  interleaved.insert(interleaved.end(), second.begin(), second.end());
  AudioReader reader(write("half.wav", kWavFloat, 8000, 2, interleaved), whole_file(8000));
  EXPECT_TRUE(has_warning(reader, "the channels cancel each other"));
}

TEST_F(AudioReaderTest, SoftMusicInOneChannelIsNotMixedIntoSilence) {
  // A sine of -68 dBFS; the mean with a silent channel has -74, below what counts as music.
  const std::vector<float> tone = sine(440, 5.63e-4, 8000, 8000);
  AudioReader reader(write("soft.wav", kWavFloat, 8000, 2, with_gains(tone, {0.0F, 1.0F})),
                     whole_file(8000));
  EXPECT_TRUE(
      has_warning(reader, "the mean of the channels is silence: channel 2 alone was taken"));
  std::vector<float> samples(8000);
  ASSERT_EQ(reader.read(samples), 8000U);
  EXPECT_NEAR(amplitude_at(samples, 440, 8000), 5.63e-4, 1e-6);
}

TEST_F(AudioReaderTest, ChannelsThatDifferAreMixedWithoutAWord) {
  std::vector<float> independent;  // the usual stereo: something in both, something in one
  const std::vector<float> left = sine(440, 0.5, 8000, 8000);
  const std::vector<float> right = sine(550, 0.5, 8000, 8000);
  for (std::size_t i = 0; i < left.size(); ++i) {
    independent.push_back(left[i]);
    independent.push_back(right[i]);
  }
  std::vector<float> one_of_eight(8, 0.0F);
  one_of_eight[3] = 1.0F;
  struct Case {
    int channels;
    std::vector<float> interleaved;
  };
  for (const Case& c :
       {Case{2, independent}, Case{8, with_gains(left, one_of_eight)},
        Case{2, with_gains(left, {1.0F, -0.7F})}, Case{2, std::vector<float>(2 * 8000)}}) {
    AudioReader reader(write("mix.wav", kWavFloat, 8000, c.channels, c.interleaved),
                       whole_file(8000));
    EXPECT_TRUE(reader.warnings().empty()) << reader.warnings().front();
  }
}

TEST_F(AudioReaderTest, AConstantOffsetChangesNothing) {
  const std::vector<float> tone = sine(440, 0.25, 8000, 4 * 8000);
  for (const float level : {0.0F, -20.0F}) {
    AudioOptions options = whole_file(16000);
    options.level_dbfs = static_cast<double>(level);
    const auto expected = read_audio(write("tone.wav", kWavFloat, 8000, 1, tone), options);
    for (const float offset : {0.5F, -0.1F, 0.001F}) {
      std::vector<float> shifted = tone;
      for (float& value : shifted) value += offset;
      const auto file = write("offset.wav", kWavFloat, 8000, 1, shifted);
      const std::vector<float> samples = read_audio(file, options);
      ASSERT_EQ(samples.size(), expected.size());
      for (std::size_t i = 0; i < samples.size(); ++i) {
        ASSERT_NEAR(samples[i], expected[i], 1e-6F) << offset << " at " << i;
      }
      EXPECT_NEAR(song_level_dbfs(file, options), 20 * std::log10(0.25 / std::numbers::sqrt2),
                  1e-3);
    }
  }
}

TEST_F(AudioReaderTest, WhereThereIsDigitalSilenceThatIsTheOffset) {
  // Asymmetric music, whose own mean is not 0, and 0.1 s of silence; all in 16-bit steps.
  std::vector<float> music(8000);
  for (std::size_t i = 0; i < 7200; ++i) {
    music[i] = static_cast<float>(i % 37 == 0 ? 9000 : -static_cast<int>(i % 500)) / 32768.0F;
  }
  std::vector<float> shifted = music;
  for (float& value : shifted) value += 3277.0F / 32768.0F;
  const auto plain = read_audio(write("plain.wav", kWavFloat, 8000, 1, music), whole_file(8000));
  EXPECT_EQ(plain, music);
  EXPECT_EQ(read_audio(write("shifted.wav", kWavFloat, 8000, 1, shifted), whole_file(8000)), music);
}

TEST_F(AudioReaderTest, AnOffsetOfEachChannelHidesNotThatTheyCancel) {
  std::vector<float> interleaved = with_gains(sine(440, 0.25, 8000, 8000), {1.0F, -1.0F});
  for (std::size_t i = 0; i < interleaved.size(); i += 2) {
    interleaved[i] += 0.5F;
    interleaved[i + 1] += 0.25F;
  }
  AudioReader reader(write("both.wav", kWavFloat, 8000, 2, interleaved), whole_file(8000));
  EXPECT_TRUE(has_warning(reader, "the channels cancel each other"));
  std::vector<float> samples(8000);
  ASSERT_EQ(reader.read(samples), 8000U);
  EXPECT_NEAR(amplitude_at(samples, 440, 8000), 0.25, 1e-4);
  EXPECT_NEAR(std::accumulate(samples.begin(), samples.end(), 0.0) / 8000, 0.0, 1e-6);
}

TEST_F(AudioReaderTest, AConstantIsSilence) {
  for (const int rate_hz : {8000, 44100}) {
    const auto file = write("constant.wav", kWav16, 8000, 2, std::vector<float>(2 * 8000, 0.3F));
    for (const float value : read_audio(file, whole_file(rate_hz))) ASSERT_EQ(value, 0.0F);
    EXPECT_EQ(song_level_dbfs(file, whole_file(rate_hz)), -std::numeric_limits<double>::infinity());
  }
}

TEST_F(AudioReaderTest, ALongSongGivesTheSamplesThatAShortOneGives) {
  // 7 minutes at 44.1 kHz are not kept in memory but decoded twice.
  std::vector<float> tone = sine(440, 0.25, 44100, 7 * 60 * 44100);
  for (float& value : tone) value += 0.125F;
  const auto file = write("long.wav", kWavFloat, 44100, 1, tone);
  const std::vector<float> samples = read_audio(file, whole_file(44100));
  ASSERT_EQ(samples.size(), tone.size());
  for (std::size_t i = 0; i < tone.size(); i += 997) {
    ASSERT_NEAR(samples[i], tone[i] - 0.125F, 1e-6F) << i;
  }
}

TEST_F(AudioReaderTest, AgainGivesWhatAReaderOfItsOwnGives) {
  const std::vector<float> tone = sine(440, 0.25, 44100, 2 * 44100);
  const auto all = [](AudioReader& reader) {
    std::vector<float> samples(200000);
    samples.resize(reader.read(samples));
    return samples;
  };
  // Held in memory, and of channels that cancel, which is decoded twice.
  for (const std::vector<float>& gains : {std::vector{1.0F, 0.5F}, std::vector{1.0F, -1.0F}}) {
    const auto file = write("two.wav", kWavFloat, 44100, 2, with_gains(tone, gains));
    AudioOptions other = whole_file(96000);
    other.level_dbfs = -20.0;
    AudioReader first(file, whole_file(22050));
    const std::vector<float> of_first = all(first);
    AudioReader again = first.again(other);
    AudioReader own(file, other);
    EXPECT_EQ(all(again), all(own));
    EXPECT_EQ(again.warnings(), own.warnings());
    EXPECT_TRUE(has_warning(again, "recorded at 44100 Hz"));
    EXPECT_FALSE(has_warning(first, "recorded at 44100 Hz"));
    AudioReader same = first.again(whole_file(22050));
    EXPECT_EQ(all(same), of_first);
    other.start_s = 1.0;
    EXPECT_THROW(first.again(other), std::invalid_argument);
  }
}

TEST_F(AudioReaderTest, ResamplingKeepsFrequencyLevelAndLength) {
  for (const int rate_hz : {8000, 11025, 22050, 32000, 48000, 96000, 192000}) {
    const auto file = write("sine.wav", kWavFloat, rate_hz, 1,
                            sine(1000, 0.5, rate_hz, static_cast<std::size_t>(rate_hz)));
    const std::vector<float> samples = read_audio(file, whole_file(44100));
    EXPECT_NEAR(static_cast<double>(samples.size()), 44100, 1) << rate_hz;
    EXPECT_NEAR(amplitude_at(samples, 1000, 44100), 0.5, 0.5 * 1e-3) << rate_hz;
    // Nothing of the sine's energy is anywhere else: sum of squares = amplitude² / 2.
    double energy = 0.0;
    for (std::size_t i = 10000; i < 34100; ++i) energy += samples[i] * samples[i];
    EXPECT_NEAR(energy / 24100, 0.125, 0.125 * 2e-3) << rate_hz;
  }
}

TEST_F(AudioReaderTest, ResamplingKeepsTheTimeOfAnEvent) {
  // One click at 0.5 s of a 48 kHz file is the largest sample at 0.5 s of the 44.1 kHz one.
  std::vector<float> samples(48000);
  samples[24000] = 1.0F;
  const auto file = write("click.wav", kWavFloat, 48000, 1, samples);
  const std::vector<float> read = read_audio(file, whole_file(44100));
  EXPECT_EQ(std::max_element(read.begin(), read.end()) - read.begin(), 22050);
}

TEST_F(AudioReaderTest, ResamplingRemovesWhatTheNewRateCannotHold) {
  const auto file = write("high.wav", kWavFloat, 96000, 1, sine(30000, 0.5, 96000, 96000));
  const std::vector<float> samples = read_audio(file, whole_file(44100));
  for (std::size_t i = 1000; i < 43000; ++i) ASSERT_LT(std::abs(samples[i]), 1e-4F);
}

TEST_F(AudioReaderTest, SamplesDoNotDependOnTheBlockSize) {
  std::vector<float> noise(30000);
  std::uint32_t state = 1;
  for (float& value : noise) {
    state = state * 1664525U + 1013904223U;
    value = static_cast<float>(state >> 8) / static_cast<float>(1 << 25);
  }
  const auto file = write("noise.wav", kWavFloat, 48000, 1, noise);
  const std::vector<float> expected = read_audio(file, whole_file(44100));
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{7}, std::size_t{1024}, std::size_t{100000}}) {
    AudioReader reader(file, whole_file(44100));
    std::vector<float> block(size);
    std::vector<float> samples;
    while (const std::size_t count = reader.read(block)) {
      samples.insert(samples.end(), block.begin(),
                     block.begin() + static_cast<std::ptrdiff_t>(count));
    }
    EXPECT_EQ(samples, expected) << size;
    EXPECT_EQ(reader.read(block), 0U) << "the end stays the end";
  }
}

TEST_F(AudioReaderTest, StartAndDurationAreExactToTheSampleAtTheFilesOwnRate) {
  const std::vector<float> samples = ramp(32000);
  AudioOptions options = whole_file(8000);
  options.start_s = 1.25;     // frame 10000
  options.duration_s = 0.75;  // 6000 frames
  for (const int format : {kWav16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16}) {
    const auto file = write("ramp.audio", format, 8000, 1, samples);
    const std::vector<float> read = read_audio(file, options);
    EXPECT_EQ(read, std::vector<float>(samples.begin() + 10000, samples.begin() + 16000));
  }
}

TEST_F(AudioReaderTest, SkippingGivesWhatReadingFromTheFrontGives) {
  // Also where libsndfile's own seeking would land beside the frame.
  const std::vector<float> samples = sine(440, 0.5, 48000, 3 * 48000);
  for (const int format :
       {SF_FORMAT_OGG | SF_FORMAT_VORBIS, SF_FORMAT_OGG | SF_FORMAT_OPUS,
        SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, SF_FORMAT_WAV | SF_FORMAT_IMA_ADPCM}) {
    const auto file = write("song.audio", format, 48000, 1, samples);
    const std::vector<float> whole = read_audio(file, whole_file(48000));
    AudioOptions options = whole_file(48000);
    options.start_s = 1.7;  // frame 81600
    const std::vector<float> rest = read_audio(file, options);
    EXPECT_EQ(rest, std::vector<float>(whole.begin() + 81600, whole.end())) << std::hex << format;
  }
}

TEST_F(AudioReaderTest, DurationIsTimeInTheFileWhateverTheRateAskedFor) {
  const auto file = write("long.wav", kWav16, 8000, 1, std::vector<float>(8000 * 4, 0.1F));
  AudioOptions options;
  options.duration_s = 1.5;
  EXPECT_NEAR(static_cast<double>(read_audio(file, options).size()), 1.5 * 44100, 1);
}

TEST_F(AudioReaderTest, ADurationBeyondTheEndGivesWhatIsThere) {
  const auto file = write("short.wav", kWav16, 44100, 1, std::vector<float>(1000, 0.1F));
  EXPECT_EQ(read_audio(file, AudioOptions{}).size(), 1000U);
}

TEST_F(AudioReaderTest, LossyFormatsKeepFrequencyLevelAndLength) {
  struct Case {
    const char* name;
    int format;
    int slack_samples;  // an MP3 from libsndfile carries no gapless length: whole frames and delay
  };
  for (const Case& c : {Case{"a.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 0},
                        Case{"a.opus", SF_FORMAT_OGG | SF_FORMAT_OPUS, 0},
                        Case{"a.mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 4 * 1152}}) {
    const auto file = write(c.name, c.format, 48000, 1, sine(1000, 0.5, 48000, 2 * 48000));
    const std::vector<float> samples = read_audio(file, whole_file(48000));
    EXPECT_NEAR(static_cast<double>(samples.size()), 2 * 48000, c.slack_samples) << c.name;
    EXPECT_NEAR(amplitude_at(samples, 1000, 48000), 0.5, 0.03) << c.name;
  }
}

TEST_F(AudioReaderTest, MeasuresTheLevelWithoutWhatIsMuchSofter) {
  // 4 s of ±0.5 (-6.02 dBFS), 4 s 40 dB below it, 4 s of silence: only the first counts.
  std::vector<float> samples(12 * 8000, 0.0F);
  for (std::size_t i = 0; i < 4 * 8000; ++i) {
    samples[i] = i % 2 == 0 ? 0.5F : -0.5F;
    samples[i + 4 * 8000] = 0.01F * samples[i];
  }
  const auto file = write("gates.wav", kWavFloat, 8000, 1, samples);
  EXPECT_NEAR(song_level_dbfs(file, whole_file(8000)), 20 * std::log10(0.5), 1e-6);
  const auto silent = write("silent.wav", kWavFloat, 8000, 1, std::vector<float>(8000));
  EXPECT_EQ(song_level_dbfs(silent, whole_file(8000)), -std::numeric_limits<double>::infinity());
}

TEST_F(AudioReaderTest, BroughtToALevelGivesTheSameSamplesHoweverLoudTheFileIs) {
  std::vector<float> loud = ramp(20000);
  std::vector<float> soft;
  for (const float sample : loud) soft.push_back(sample / 16.0F);  // exact in binary
  AudioOptions options = whole_file(16000);
  options.level_dbfs = -20.0;
  const auto of_loud = read_audio(write("loud.wav", kWavFloat, 8000, 1, loud), options);
  const auto of_soft = read_audio(write("soft.wav", kWavFloat, 8000, 1, soft), options);
  ASSERT_EQ(of_loud.size(), of_soft.size());
  for (std::size_t i = 0; i < of_loud.size(); ++i) ASSERT_NEAR(of_loud[i], of_soft[i], 1e-6F) << i;

  // A square wave has its amplitude's level: -20 dBFS are ±0.1.
  std::vector<float> square(8000);
  for (std::size_t i = 0; i < square.size(); ++i) square[i] = i % 2 == 0 ? 0.7F : -0.7F;
  options = whole_file(8000);
  options.level_dbfs = -20.0;
  const auto scaled = read_audio(write("square.wav", kWavFloat, 8000, 1, square), options);
  EXPECT_NEAR(scaled.at(100), 0.1F, 1e-6F);
  const std::vector<float> silence(8000);
  EXPECT_EQ(read_audio(write("silent.wav", kWavFloat, 8000, 1, silence), options), silence);
}

TEST_F(AudioReaderTest, ReadsTwoSamplesAndOneWhichIsAConstant) {
  const std::vector<float> two = {0.25F, -0.25F};
  EXPECT_EQ(read_audio(write("two.wav", kWavFloat, 44100, 1, two), whole_file(44100)), two);
  const auto one = write("one.wav", kWavFloat, 44100, 1, {0.25F});
  EXPECT_EQ(read_audio(one, whole_file(44100)), std::vector<float>{0.0F});
}

TEST_F(AudioReaderTest, NamesTheTimeAndChannelOfASampleThatIsNotANumber) {
  std::vector<float> interleaved(2 * 30000, 0.1F);
  interleaved[2 * 20000 + 1] = std::nanf("");
  const auto file = write("nan.wav", kWavFloat, 8000, 2, interleaved);
  const std::string message = input_error_of([&] { read_audio(file, whole_file(44100)); });
  EXPECT_NE(message.find("nan.wav: the sample at 2.500 s is not a number (frame 20000, channel 2)"),
            std::string::npos)
      << message;
}

TEST_F(AudioReaderTest, TimesInErrorsCountFromTheFilesBeginning) {
  std::vector<float> samples(30000, 0.1F);
  samples[20000] = std::numeric_limits<float>::infinity();
  const auto file = write("inf.wav", kWavFloat, 8000, 1, samples);
  AudioOptions options = whole_file(8000);
  options.start_s = 2.0;
  const std::string message = input_error_of([&] { read_audio(file, options); });
  EXPECT_NE(message.find("the sample at 2.500 s is infinite (frame 20000"), std::string::npos)
      << message;
  options.duration_s = 0.25;  // ends before it
  EXPECT_EQ(read_audio(file, options).size(), 2000U);
}

TEST_F(AudioReaderTest, RefusesSamplesWhoseSquareWouldOverflow) {
  const auto file = write("huge.wav", kWavFloat, 8000, 1, {0.0F, 1e30F});
  EXPECT_NE(
      input_error_of([&] { read_audio(file, whole_file(8000)); }).find("far beyond full scale"),
      std::string::npos);
}

TEST_F(AudioReaderTest, AStartBehindTheEndIsAnErrorThatSaysTheLength) {
  for (const int format : {kWav16, SF_FORMAT_OGG | SF_FORMAT_VORBIS}) {
    const auto file = write("short.audio", format, 8000, 1, std::vector<float>(12000, 0.1F));
    AudioOptions options = whole_file(8000);
    options.start_s = 1.5;
    const std::string message = input_error_of([&] { read_audio(file, options); });
    EXPECT_NE(message.find("audio.start_s is 1.5 but the file is only 1.500 s long"),
              std::string::npos)
        << message;
  }
}

TEST_F(AudioReaderTest, ReadsFilesOfAnyName) {
  const std::vector<float> samples = ramp(1000);
  for (const char* name :
       {"-song.wav", "-", "größe 日本 'x'.wav", "\xFF\xFE.wav", "no extension"}) {
    const auto file = write(name, kWav16, 8000, 1, samples);
    EXPECT_EQ(read_audio(file, whole_file(8000)), samples) << name;
  }
}

TEST_F(AudioReaderTest, ADashIsAFileNameAndNotStandardInput) {
  const auto before = std::filesystem::current_path();
  write("-", kWav16, 8000, 1, ramp(100));
  std::filesystem::current_path(path("."));
  EXPECT_EQ(read_audio("-", whole_file(8000)).size(), 100U);
  std::filesystem::current_path(before);
}

TEST_F(AudioReaderTest, RefusesARateOfNothing) {
  const auto file = write("a.wav", kWav16, 8000, 1, ramp(10));
  EXPECT_THROW(AudioReader(file, whole_file(0)), std::invalid_argument);
}

TEST(FormatChecks, EveryFormatOfLibsndfileDecodesASineHere) {
  int checked = 0;
  for (const FormatCheck& check : check_formats()) {
    for (const char* name : {"WAV", "FLAC", "AIFF", "Ogg Vorbis", "Opus", "MP3"}) {
      if (check.name != name) continue;
      EXPECT_TRUE(check.works) << check.name << ": " << check.note;
      ++checked;
    }
    EXPECT_TRUE(check.works || !check.note.empty()) << check.name << " must say why";
  }
  EXPECT_EQ(checked, 6);
}

TEST_F(AudioReaderTest, TakesSamplesInMemoryLikeThoseOfAFile) {
  // Stereo at another rate, with an offset, its right channel softer, and a part of it alone.
  std::vector<float> interleaved = with_gains(sine(440.0, 0.3, 8000, 3 * 8000), {1.0F, 0.5F});
  for (float& value : interleaved) value += 0.1F;
  const auto file = write("a.wav", kWavFloat, 8000, 2, interleaved);
  AudioOptions options = whole_file(44100);
  options.start_s = 0.5;
  options.duration_s = 2.0;
  AudioReader reader({interleaved, 2, 8000}, "the array", options);
  std::vector<float> samples(3 * 44100);
  samples.resize(reader.read(samples));
  EXPECT_EQ(samples, read_audio(file, options));
  EXPECT_EQ(reader.info().num_channels, 2);
  EXPECT_DOUBLE_EQ(reader.info().sample_rate_hz, 8000);
  EXPECT_TRUE(has_warning(reader, "recorded at 8000 Hz"));
}

TEST_F(AudioReaderTest, RefusesSamplesInMemoryByTheNameThatIsGiven) {
  const auto message_of = [](const std::vector<float>& samples, const AudioOptions& options) {
    try {
      AudioReader({samples, 1, 8000}, "the array", options);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  std::vector<float> samples(8000, 0.1F);
  AudioOptions options;
  options.start_s = 2.0;
  EXPECT_EQ(message_of(samples, options),
            "the array: audio.start_s is 2 but the file is only 1.000 s long");
  samples[4000] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(message_of(samples, AudioOptions{}),
            "the array: the sample at 0.500 s is not a number (frame 4000, channel 1)");
  EXPECT_EQ(message_of({}, AudioOptions{}), "the array: holds no samples");
  EXPECT_THROW(AudioReader({samples, 3, 8000}, "the array", options), std::invalid_argument);
}

}  // namespace
}  // namespace mer
