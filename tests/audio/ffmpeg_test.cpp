#include <dirent.h>
#include <sys/wait.h>

#include "test_audio.hpp"

namespace mer {
namespace {

/// Files that only ffmpeg reads, made by ffmpeg.
class FfmpegTest : public AudioTest {
 protected:
  void SetUp() override {
    if (std::system("ffmpeg -version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no ffmpeg here";
  }

  std::filesystem::path encode(const std::filesystem::path& wav, const std::string& name,
                               const std::string& options) const {
    const std::string command = "ffmpeg -v error -nostdin -y -i '" + wav.string() + "' " + options +
                                " 'file:" + path(name).string() + "'";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return path(name);
  }
};

int open_descriptors() {
  int count = 0;
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

/// True when no child process is left, running or dead.
bool has_no_children() { return waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

TEST_F(FfmpegTest, ReadsAacWithARemark) {
  const auto wav = write("a.wav", kWav16, 48000, 1, sine(1000, 0.5, 48000, 2 * 48000));
  AudioReader reader(encode(wav, "a.m4a", "-c:a aac -b:a 128k"), whole_file(44100));
  EXPECT_TRUE(reader.info().by_ffmpeg);
  EXPECT_EQ(reader.info().sample_rate_hz, 48000);
  EXPECT_EQ(reader.info().num_channels, 1);
  ASSERT_FALSE(reader.warnings().empty());
  EXPECT_EQ(reader.warnings().front(), "decoded by ffmpeg");
  std::vector<float> samples(3 * 44100);
  samples.resize(reader.read(samples));
  EXPECT_NEAR(static_cast<double>(samples.size()), 2 * 44100, 2000);  // AAC pads to whole frames
  EXPECT_NEAR(amplitude_at(samples, 1000, 44100), 0.5, 0.02);
  EXPECT_NEAR(reader.info().duration_s, 2.0, 0.05);
}

TEST_F(FfmpegTest, LosslessFilesGiveTheSamplesThatTheWavGives) {
  std::vector<float> interleaved;
  for (int i = 0; i < 20000; ++i) {
    interleaved.push_back(static_cast<float>(i % 16384) / 32768.0F);
    interleaved.push_back(static_cast<float>(i % 8192) / 32768.0F);
  }
  const auto wav = write("a.wav", kWav16, 44100, 2, interleaved);
  const auto alac = encode(wav, "größe & co.m4a", "-c:a alac -sample_fmt s16p");
  AudioOptions options = whole_file(44100);
  EXPECT_EQ(read_audio(alac, options), read_audio(wav, options));
  options.start_s = 0.1;
  options.duration_s = 0.2;
  EXPECT_EQ(read_audio(alac, options), read_audio(wav, options));
}

TEST_F(FfmpegTest, AFileNameIsNeverAnOption) {
  const auto wav = write("a.wav", kWav16, 44100, 1, sine(440, 0.5, 44100, 44100));
  encode(wav, "-i.m4a", "-c:a alac");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(path("."));
  EXPECT_EQ(read_audio("-i.m4a", whole_file(44100)).size(), 44100U);
  std::filesystem::current_path(before);
}

TEST_F(FfmpegTest, AReaderLeftEarlyLeavesNoProcessAndNoOpenFile) {
  const auto wav = write("a.wav", kWav16, 44100, 1, sine(440, 0.5, 44100, 60 * 44100));
  const auto alac = encode(wav, "a.m4a", "-c:a alac");
  const int before = open_descriptors();
  for (int i = 0; i < 3; ++i) {
    AudioReader reader(alac, whole_file(44100));
    std::vector<float> block(100);
    EXPECT_EQ(reader.read(block), 100U);
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_TRUE(has_no_children());
}

TEST_F(FfmpegTest, AFileThatFfmpegRefusesSaysWhy) {
  const auto wav = write("a.wav", kWav16, 44100, 1, sine(440, 0.5, 44100, 10 * 44100));
  const std::string whole = bytes_of(encode(wav, "a.m4a", "-c:a aac"));
  const auto cut = write_bytes("cut.m4a", whole.substr(0, whole.size() / 2));  // its index is gone
  const std::string message = input_error_of([&] { read_audio(cut, whole_file(44100)); });
  EXPECT_NE(message.find("cut.m4a: neither libsndfile nor ffmpeg reads it: "), std::string::npos)
      << message;
  EXPECT_TRUE(has_no_children());
}

TEST_F(FfmpegTest, AVideoWithoutSoundIsAnError) {
  const std::string command =
      "ffmpeg -v error -nostdin -y -f lavfi -i testsrc=d=0.2:s=32x32 -c:v mpeg4 '" +
      path("silent.m4a").string() + ".mp4' && mv '" + path("silent.m4a").string() + ".mp4' '" +
      path("silent.m4a").string() + "'";
  if (std::system(command.c_str()) != 0) GTEST_SKIP() << "no mpeg4 encoder here";
  EXPECT_NE(input_error_of([&] {
              read_audio(path("silent.m4a"), whole_file(44100));
            }).find("neither libsndfile nor ffmpeg reads it"),
            std::string::npos);
}

TEST_F(AudioTest, WithoutFfmpegTheErrorNamesTheCodecAndTheCommand) {
  const auto file = write_bytes("my song.m4a",
                                std::string("\0\0\0\x20", 4) + "ftypM4A " + std::string(100, '\0'));
  const std::string path_before = std::getenv("PATH");
  setenv("PATH", path(".").c_str(), 1);
  const std::string message = input_error_of([&] { read_audio(file, whole_file(44100)); });
  setenv("PATH", path_before.c_str(), 1);
  EXPECT_NE(message.find("cannot decode MPEG-4 audio (AAC or ALAC) without ffmpeg"),
            std::string::npos)
      << message;
  EXPECT_NE(message.find("ffmpeg -i '" + file.string() + "' 'my song.wav'"), std::string::npos)
      << message;
}

}  // namespace
}  // namespace mer
