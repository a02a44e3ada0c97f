#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

#include "mer/audio/audio_reader.hpp"
#include "mer/core/error.hpp"
#include "mer/core/scratch_folder.hpp"
#include "mer/core/text.hpp"
#include "test_synth.hpp"

namespace mer {
namespace {

class CorpusTest : public testing::Test {
 protected:
  static SynthOptions small() {
    SynthOptions options;
    options.songs = 6;
    options.seconds = 2.0;
    options.sample_rate_hz = 22050;
    return options;
  }

  void SetUp() override { std::filesystem::create_directory(folder_); }

  ScratchFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path() / "songs";
};

TEST(CorpusPlan, IsBalancedAndMixesEmotionsWithinArtists) {
  const std::vector<SongPlan> plans = plan_corpus(SynthOptions{});
  ASSERT_EQ(plans.size(), 128U);
  std::map<Emotion, int> per_emotion;
  std::map<std::string, std::vector<Emotion>> per_artist;
  std::set<std::string> paths;
  for (const SongPlan& plan : plans) {
    ++per_emotion[plan.emotion];
    per_artist[plan.group].push_back(plan.emotion);
    paths.insert(plan.path);
  }
  EXPECT_EQ(paths.size(), 128U);
  for (const Emotion emotion : kEmotions) EXPECT_EQ(per_emotion[emotion], 32);
  for (const auto& [artist, emotions] : per_artist) {
    EXPECT_LE(emotions.size(), 3U) << artist;
    EXPECT_EQ(std::set<Emotion>(emotions.begin(), emotions.end()).size(), emotions.size())
        << artist;
  }
}

TEST(CorpusPlan, ALongerCorpusBeginsWithTheShorterOne) {
  SynthOptions options;
  const std::vector<SongPlan> all = plan_corpus(options);
  options.songs = 10;
  const std::vector<SongPlan> some = plan_corpus(options);
  for (std::size_t i = 0; i < some.size(); ++i) {
    EXPECT_EQ(some[i].path, all[i].path);
    EXPECT_EQ(some[i].song_seed, all[i].song_seed);
    EXPECT_EQ(some[i].group, all[i].group);
  }
}

TEST_F(CorpusTest, HasAManifestWhoseSongsCanBeRead) {
  std::size_t calls = 0;
  const SynthReport report = make_corpus(
      folder_, small(), 2, [&](std::size_t done, std::size_t total, const std::string&) {
        EXPECT_EQ(done, ++calls);
        EXPECT_EQ(total, 6U);
      });
  EXPECT_EQ(calls, 6U);
  EXPECT_EQ(report.num_songs, 6U);
  EXPECT_FALSE(report.was_there);
  const std::vector<CsvRow> rows = read_csv(report.manifest);
  ASSERT_EQ(rows.size(), 7U);
  EXPECT_EQ(rows[0].cells, (std::vector<std::string>{"path", "label", "group"}));
  AudioOptions options;
  options.sample_rate_hz = 22050;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    EXPECT_EQ(read_audio(folder_ / rows[i].cells[0], options).size(), 44100U);
    EXPECT_EQ(rows[i].cells[0].substr(0, rows[i].cells[1].size() + 1), rows[i].cells[1] + "/");
  }
}

TEST_F(CorpusTest, DoesNotDependOnTheNumberOfThreads) {
  make_corpus(folder_ / "one", small(), 1, {});
  make_corpus(folder_ / "three", small(), 3, {});
  for (const SongPlan& plan : plan_corpus(small())) {
    EXPECT_EQ(bytes_of(folder_ / "one" / plan.path), bytes_of(folder_ / "three" / plan.path));
  }
  EXPECT_EQ(bytes_of(folder_ / "one/manifest.csv"), bytes_of(folder_ / "three/manifest.csv"));
}

TEST_F(CorpusTest, MadeTwiceIsDoneOnceAndMadeWholeWhenASongIsMissing) {
  make_corpus(folder_, small(), 1, {});
  EXPECT_TRUE(make_corpus(folder_, small(), 1, {}).was_there);
  const std::filesystem::path song = folder_ / plan_corpus(small())[2].path;
  const std::string bytes = bytes_of(song);
  std::filesystem::remove(song);
  EXPECT_FALSE(make_corpus(folder_, small(), 1, {}).was_there);
  EXPECT_EQ(bytes_of(song), bytes);
  SynthOptions other = small();
  other.seed = 8;
  EXPECT_FALSE(make_corpus(folder_, other, 1, {}).was_there);
  EXPECT_NE(bytes_of(song), bytes);
}

TEST_F(CorpusTest, NeverReplacesAManifestOfSomebodyElse) {
  std::ofstream(folder_ / "manifest.csv") << "path,label\n";
  try {
    make_corpus(folder_, small(), 1, {});
    FAIL() << "no error";
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("is there already"), std::string::npos);
    EXPECT_EQ(error.hint(), "choose another folder with -o");
  }
  EXPECT_EQ(bytes_of(folder_ / "manifest.csv"), "path,label\n");
}

TEST(SampleSong, IsTheFirstSongOfTheCommandThatItsReadmeNames) {
  // mer synth --songs 1 --seconds 12 --seed 7; another math library may differ in the last bits.
  SynthOptions options;
  options.songs = 1;
  options.seconds = 12.0;
  options.seed = 7;
  const SongPlan plan = plan_corpus(options).front();
  const std::vector<float> song =
      render_song(plan.emotion, plan.song_seed, plan.artist_seed, options.seconds, 44100);
  const std::vector<float> stored = read_audio(MER_FIXTURES "/sample_song.flac", AudioOptions{});
  ASSERT_EQ(stored.size(), song.size());
  double difference = 0.0;
  for (std::size_t i = 0; i < song.size(); ++i) {
    difference += std::abs(static_cast<double>(song[i]) - stored[i]);
  }
  EXPECT_LT(difference / static_cast<double>(song.size()), 1e-4);  // 16 bits: 8e-6
}

}  // namespace
}  // namespace mer
