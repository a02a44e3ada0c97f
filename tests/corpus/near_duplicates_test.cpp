#include "mer/corpus/near_duplicates.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "../store/test_data.hpp"
#include "../support/changing_chords.hpp"
#include "mer/audio/audio_reader.hpp"

namespace mer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kRateHz = test::kChordsRateHz;

class NearDuplicatesTest : public testing::Test {
 protected:
  Fingerprint fingerprint(const std::string& name, std::span<const float> samples,
                          int rate_hz = kRateHz) {
    write_audio(folder_ / name, samples, rate_hz);
    return fingerprint_of(folder_ / name);
  }

  /// The file `name`, encoded by ffmpeg.
  Fingerprint encoded(const std::string& name, const std::string& as, const std::string& options) {
    const std::string command = "ffmpeg -v error -nostdin -y -i '" + (folder_ / name).string() +
                                "' " + options + " '" + (folder_ / as).string() + "'";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return fingerprint_of(folder_ / as);
  }

  TemporaryFolder folder_;
};

TEST_F(NearDuplicatesTest, AreOtherVersionsOfOneRecording) {
  if (std::system("ffmpeg -version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no ffmpeg here";
  std::vector<float> song = test::changing_chords(1, 30.0);
  const Fingerprint original = fingerprint("a.wav", song);
  // 30 s: 11025 · 30 samples, of which 1365 make a sub-fingerprint; the first needs 2.4 s.
  EXPECT_NEAR(static_cast<double>(original.size()), 27.5 * 11025 / 1365, 5.0);
  for (float& sample : song) sample *= 0.1F;
  const std::vector<std::pair<std::string, Fingerprint>> others = {
      {"20 dB quieter", fingerprint("quiet.wav", song)},
      {"2.3 s shorter", fingerprint("cut.wav", std::span(song).subspan(kRateHz * 23 / 10))},
      {"10 s of it", fingerprint("part.wav", std::span(song).subspan(kRateHz * 7, kRateHz * 10))},
      {"MP3 64k", encoded("a.wav", "64.mp3", "-b:a 64k")},
      {"MP3 320k", encoded("a.wav", "320.mp3", "-b:a 320k")},
      {"MP3 at 22.05 kHz", encoded("a.wav", "22.mp3", "-ar 22050 -b:a 48k")},
      {"Ogg", encoded("a.wav", "a.ogg", "-c:a libvorbis -q:a 1")}};
  for (const auto& [name, other] : others) {
    const auto pairs = find_near_duplicates(
        {original, fingerprint("b.wav", test::changing_chords(2, 30.0)), other});
    ASSERT_EQ(pairs.size(), 1U) << name;
    EXPECT_EQ(pairs[0].first, 0U) << name;
    EXPECT_EQ(pairs[0].second, 2U) << name;
    EXPECT_LT(pairs[0].bit_error_rate, 0.2) << name;
  }
}

TEST_F(NearDuplicatesTest, AreNeitherOtherSongsNorSoundsThatHardlyChange) {
  std::vector<Fingerprint> songs;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    songs.push_back(fingerprint("song.wav", test::changing_chords(seed, 15.0)));
  }
  const std::vector<float> silence(kRateHz * 15, 0.0F);
  for (int i = 0; i < 2; ++i) songs.push_back(fingerprint("silence.wav", silence));
  write_sine(folder_ / "sine.wav", 15.0, 440.0);
  for (int i = 0; i < 2; ++i) songs.push_back(fingerprint_of(folder_ / "sine.wav"));
  for (int i = 0; i < 2; ++i)
    songs.push_back(fingerprint("short.wav", test::changing_chords(99, 2.0)));
  EXPECT_TRUE(find_near_duplicates(songs).empty());
}

TEST_F(NearDuplicatesTest, OfAManifestAreMarkedAndUnreadableSongsAreNamed) {
  Manifest manifest = make_manifest({{"happy", "A"}, {"sad", "B"}, {"sad", "C"}, {"happy", "D"}});
  for (std::size_t i = 0; i < 4; ++i) {
    manifest.songs[i].path = (folder_ / manifest.songs[i].listed_path).string();
    if (i < 3) write_audio(manifest.songs[i].path, test::changing_chords(i % 2, 10.0), kRateHz);
  }
  EXPECT_THAT(mark_near_duplicates(manifest, {}, {}), ElementsAre(HasSubstr("3.wav")));
  ASSERT_EQ(manifest.near_duplicates.size(), 1U);
  EXPECT_THAT(describe_near_duplicates(manifest, {}),
              ElementsAre("'0' and '2' are one recording (0 % of the fingerprint differs), "
                          "labelled happy and sad"));
  EXPECT_THAT(describe_near_duplicates(manifest, {{kTrain, kTest, kUnused, kTest}}),
              ElementsAre(HasSubstr("happy and sad")));
  EXPECT_THAT(describe_near_duplicates(manifest, {{kTrain, kTest, kTest, kTrain}}),
              ElementsAre(HasSubstr(", in train AND test: the given split flatters the scores")));
  manifest.near_duplicates.resize(12, manifest.near_duplicates.front());
  const auto lines = describe_near_duplicates(manifest, {});
  ASSERT_EQ(lines.size(), 11U);
  EXPECT_EQ(lines.back(), "2 more of 12 pairs of songs are one recording");
}

}  // namespace
}  // namespace mer
