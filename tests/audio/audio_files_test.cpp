#include "test_audio.hpp"

namespace mer {
namespace {

class AudioFilesTest : public AudioTest {};

TEST_F(AudioFilesTest, WrittenSamplesAreReadBackToHalfAStepOf16Bits) {
  const std::vector<float> samples = sine(441, 0.9, 22050, 10000);
  for (const char* name : {"a.wav", "a.flac", "A.FLAC"}) {
    write_audio(path(name), samples, 22050);
    const std::vector<float> read = read_audio(path(name), whole_file(22050));
    ASSERT_EQ(read.size(), samples.size());
    for (std::size_t i = 0; i < read.size(); ++i) {
      ASSERT_NEAR(read[i], samples[i], 0.5 / 32768 + 1e-7) << name;
    }
  }
}

TEST_F(AudioFilesTest, WritingClips) {
  write_audio(path("loud.wav"), std::vector<float>{2.0F, -2.0F}, 44100);
  EXPECT_EQ(read_audio(path("loud.wav"), whole_file(44100)),
            (std::vector<float>{32767.0F / 32768.0F, -1.0F}));
}

TEST_F(AudioFilesTest, WritingWhereNothingCanBeWrittenIsAnErrorAndLeavesNothing) {
  EXPECT_THROW(write_audio(path("none/a.wav"), std::vector<float>(10), 44100), Error);
  EXPECT_THROW(write_audio(path("a.xyz"), std::vector<float>(10), 44100), Error);
  std::filesystem::create_directory(path("folder.wav"));
  write_bytes("folder.wav/x", "x");
  EXPECT_THROW(write_audio(path("folder.wav"), std::vector<float>(10), 44100), Error);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path(".")), {}), 1);
}

TEST_F(AudioFilesTest, AudioIsKnownByItsExtensionInAnyCase) {
  for (const char* name : {"a.wav", "b.MP3", "c.Flac", "d.opus", "e.m4a", "x/y.ogg"}) {
    EXPECT_TRUE(has_audio_extension(name)) << name;
  }
  for (const char* name : {"a.txt", "wav", "b.wav.csv", "cover.jpg", "", ".mp3"}) {
    EXPECT_FALSE(has_audio_extension(name)) << name;
  }
}

}  // namespace
}  // namespace mer
