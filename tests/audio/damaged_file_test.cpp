#include <sys/stat.h>

#include "test_audio.hpp"

namespace mer {
namespace {

class DamagedFileTest : public AudioTest {
 protected:
  std::string error_of(const std::filesystem::path& file) const {
    return input_error_of([&] { read_audio(file, whole_file(44100)); });
  }
  static bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
};

TEST_F(DamagedFileTest, AMissingFileSaysSo) {
  EXPECT_TRUE(contains(error_of(path("none.wav")), "none.wav: no such file"));
}

TEST_F(DamagedFileTest, AFolderSaysSo) {
  std::filesystem::create_directory(path("folder.wav"));
  EXPECT_TRUE(contains(error_of(path("folder.wav")), "is a folder"));
}

TEST_F(DamagedFileTest, ANamedPipeIsRefusedAndNotWaitedFor) {
  ASSERT_EQ(mkfifo(path("pipe.wav").c_str(), 0600), 0);
  EXPECT_TRUE(contains(error_of(path("pipe.wav")), "not a regular file"));
}

TEST_F(DamagedFileTest, AFileThatMayNotBeReadSaysSo) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const auto file = write("secret.wav", kWav16, 8000, 1, std::vector<float>(10));
  std::filesystem::permissions(file, std::filesystem::perms::none);
  EXPECT_TRUE(contains(error_of(file), "permission denied"));
}

TEST_F(DamagedFileTest, AnEmptyFileSaysSo) {
  EXPECT_TRUE(contains(error_of(write_bytes("empty.mp3", "")), "the file is empty"));
}

TEST_F(DamagedFileTest, AFileWithoutSamplesSaysSo) {
  EXPECT_TRUE(contains(error_of(write("zero.wav", kWav16, 44100, 1, {})), "holds no samples"));
}

TEST_F(DamagedFileTest, TextIsNotAudio) {
  const std::string message = error_of(write_bytes("text.wav", "dear diary, no music today\n"));
  EXPECT_TRUE(contains(message, "text.wav: ")) << message;
  EXPECT_TRUE(contains(message, "neither libsndfile nor ffmpeg reads it") ||
              contains(message, "not an audio file"))
      << message;
}

TEST_F(DamagedFileTest, GarbageNeverCrashes) {
  std::uint32_t state = 7;
  for (const char* start : {"", "RIFF", "fLaC", "OggS", "ID3\3", "\xFF\xFB", "FORM", ".snd"}) {
    std::string bytes = start;
    for (int i = 0; i < 5000; ++i) {
      state = state * 1664525U + 1013904223U;
      bytes += static_cast<char>(state >> 24);
    }
    const auto file = write_bytes("garbage.mp3", bytes);
    try {
      for (const float value : read_audio(file, whole_file(44100)))
        ASSERT_TRUE(std::isfinite(value));
    } catch (const InputError& error) {
      EXPECT_TRUE(contains(error.what(), "garbage.mp3: "));
    }
  }
}

TEST_F(DamagedFileTest, ACutOffFileGivesWhatIsThereWithAWarning) {
  const std::vector<float> samples = sine(440, 0.5, 48000, 4 * 48000);
  struct Case {
    const char* name;
    int format;
  };
  for (const Case& c :
       {Case{"cut.wav", kWav16}, Case{"cut.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16},
        Case{"cut.aiff", SF_FORMAT_AIFF | SF_FORMAT_PCM_16},
        Case{"cut.mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III}}) {
    const std::string whole = bytes_of(write(c.name, c.format, 48000, 1, samples));
    const auto file = write_bytes(c.name, whole.substr(0, whole.size() / 2));
    AudioReader reader(file, whole_file(48000));
    std::vector<float> block(5 * 48000);
    const std::size_t count = reader.read(block);
    EXPECT_GT(count, 48000U) << c.name;
    EXPECT_LT(count, 3U * 48000U) << c.name;
    EXPECT_EQ(reader.read(block), 0U);
    ASSERT_FALSE(reader.warnings().empty()) << c.name;
    EXPECT_TRUE(contains(reader.warnings().front(), "the file ends early")) << c.name;
    EXPECT_DOUBLE_EQ(reader.info().duration_s, static_cast<double>(count) / 48000) << c.name;
  }
}

TEST_F(DamagedFileTest, AWholeFileHasNoWarning) {
  for (const int format : {kWav16, SF_FORMAT_AIFF | SF_FORMAT_PCM_16,
                           SF_FORMAT_FLAC | SF_FORMAT_PCM_16, SF_FORMAT_OGG | SF_FORMAT_VORBIS}) {
    AudioReader reader(write("whole.audio", format, 48000, 1, sine(440, 0.5, 48000, 48001)),
                       whole_file(48000));
    std::vector<float> block(48000);
    while (reader.read(block) > 0) {
    }
    EXPECT_TRUE(reader.warnings().empty()) << reader.warnings().front();
  }
}

TEST_F(DamagedFileTest, AnMp3WhoseLengthIsGuessedWrongIsReadToItsEnd) {
  // Loud noise, then near silence, in variable bit rate without a header that tells the length: the
  // first frame's bit rate promises a far shorter song than there is.
  std::vector<float> samples = sine(440, 0.0, 44100, 8 * 44100);
  std::uint32_t state = 3;
  for (std::size_t i = 0; i < 44100; ++i) {
    state = state * 1664525U + 1013904223U;
    samples[i] = static_cast<float>(state >> 8) / static_cast<float>(1 << 24) - 0.5F;
  }
  SF_INFO info{};
  info.samplerate = 44100;
  info.channels = 1;
  info.format = SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III;
  SNDFILE* file = sf_open(path("vbr.mp3").c_str(), SFM_WRITE, &info);
  ASSERT_NE(file, nullptr);
  int mode = SF_BITRATE_MODE_VARIABLE;
  sf_command(file, SFC_SET_BITRATE_MODE, &mode, sizeof mode);
  sf_write_float(file, samples.data(), static_cast<sf_count_t>(samples.size()));
  sf_close(file);
  std::string bytes = bytes_of(path("vbr.mp3"));
  const std::size_t xing = bytes.find("Xing");
  ASSERT_LT(xing, 2000U) << "a VBR file begins with a header that tells the length";
  const std::size_t second_frame = bytes.find(bytes.substr(bytes.find('\xFF'), 2), xing);
  const auto stripped = write_bytes("stripped.mp3", bytes.substr(second_frame));

  EXPECT_NEAR(static_cast<double>(read_audio(stripped, whole_file(44100)).size()), 8.0 * 44100,
              4 * 1152);
}

TEST_F(DamagedFileTest, AnAbsurdSampleRateIsRefused) {
  const auto file = write("odd.wav", kWav16, 100, 1, std::vector<float>(100));
  EXPECT_TRUE(contains(error_of(file), "a sample rate of 100 Hz; allowed are 1000…1000000 Hz"));
}

}  // namespace
}  // namespace mer
