#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "run_mer.hpp"

namespace mer::test {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

/// Five short songs and a config whose features are quick.
class Preprocess : public testing::Test {
 protected:
  Preprocess() {
    std::string manifest = "path,label\n";
    for (int song = 0; song < 5; ++song) {
      const std::string name = "song" + std::to_string(song) + ".wav";
      folder_.write(name, wav(tone(200.0 + 70.0 * song, 0.8 + 0.1 * song, 22050), 22050));
      manifest += name + (song % 2 == 0 ? ",happy\n" : ",sad\n");
    }
    folder_.write("m.csv", manifest);
    folder_.write("c.yaml", "data: {manifest: m.csv}\naudio: {sample_rate_hz: 22050}\n");
  }

  Outcome preprocess(const std::string& store, const Words& more = {}) const {
    Words words = {"preprocess", "-c", "c.yaml", "--set", "data.store=" + store};
    words.insert(words.end(), more.begin(), more.end());
    return run_mer(words, {.folder = folder_.path()});
  }

  TemporaryFolder folder_;
};

TEST_F(Preprocess, ASecondTimeDoesNothing) {
  const Outcome first = preprocess("store");
  EXPECT_EQ(first.exit_code, 0);
  EXPECT_EQ(first.out, "");
  EXPECT_THAT(first.err, HasSubstr("5 songs preprocessed, 0 were there already, 0 failed"));
  const auto files = files_below(folder_ / "store");
  EXPECT_THAT(files, SizeIs(6));  // five songs and recipe.json
  std::map<std::string, std::filesystem::file_time_type> times;
  for (const auto& [name, content] : files) {
    times[name] = std::filesystem::last_write_time(folder_ / "store" / name);
  }
  const Outcome second = preprocess("store");
  EXPECT_EQ(second.exit_code, 0);
  EXPECT_THAT(second.err, HasSubstr("0 songs preprocessed, 5 were there already, 0 failed"));
  for (const auto& [name, time] : times) {
    EXPECT_EQ(std::filesystem::last_write_time(folder_ / "store" / name), time) << name;
  }
}

TEST_F(Preprocess, GivesTheSameBytesForEveryNumberOfJobs) {
  ASSERT_EQ(preprocess("one", {"-j", "1"}).exit_code, 0);
  ASSERT_EQ(preprocess("two", {"-j", "2"}).exit_code, 0);
  ASSERT_EQ(preprocess("eight", {"-j", "8"}).exit_code, 0);
  const auto one = files_below(folder_ / "one");
  EXPECT_THAT(one, SizeIs(6));
  EXPECT_EQ(files_below(folder_ / "two"), one);
  EXPECT_EQ(files_below(folder_ / "eight"), one);
}

TEST_F(Preprocess, InShardsMakesTheSameStoreAsAtOnce) {
  ASSERT_EQ(preprocess("whole").exit_code, 0);
  EXPECT_THAT(preprocess("parts", {"--shard", "1/2"}).err, HasSubstr("3 songs preprocessed"));
  EXPECT_THAT(files_below(folder_ / "parts"), SizeIs(4));
  EXPECT_THAT(preprocess("parts", {"--shard", "2/2"}).err, HasSubstr("2 songs preprocessed"));
  EXPECT_EQ(files_below(folder_ / "parts"), files_below(folder_ / "whole"));
}

TEST_F(Preprocess, GoesOnAfterACorruptSongAndReportsIt) {
  folder_.write("song2.wav", "this was a song once");
  const Outcome outcome = preprocess("store");
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("error: "));
  EXPECT_THAT(outcome.err, HasSubstr("song2.wav"));
  EXPECT_THAT(outcome.err, HasSubstr("4 songs preprocessed, 0 were there already, 1 failed"));
  EXPECT_THAT(files_below(folder_ / "store"), SizeIs(5));
}

TEST_F(Preprocess, KeepsSongsOfAnotherRecipeApart) {
  ASSERT_EQ(preprocess("store").exit_code, 0);
  const Outcome other = preprocess("store", {"--set", "features.frame.hop_samples=512"});
  EXPECT_THAT(other.err, HasSubstr("5 songs preprocessed, 0 were there already"));
  EXPECT_THAT(files_below(folder_ / "store"), SizeIs(12));
}

TEST_F(Preprocess, MakesEmbeddingsOfTheNetworksThatAreNamed) {
  const Words embed = {"--set", "embed.networks=[vgg_tagger]"};
  const Outcome first = preprocess("store", embed);
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.err, HasSubstr("5 songs preprocessed, 0 were there already, 0 failed"));
  EXPECT_THAT(first.err, HasSubstr("5 songs embedded, 0 were there already, 0 failed"));
  EXPECT_THAT(files_below(folder_ / "store"), SizeIs(12));
  const Outcome second = preprocess("store", embed);
  EXPECT_THAT(second.err, HasSubstr("0 songs preprocessed, 5 were there already, 0 failed"));
  EXPECT_THAT(second.err, HasSubstr("0 songs embedded, 5 were there already, 0 failed"));
  const Outcome unknown = preprocess("store", {"--set", "embed.networks=[vgg]"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("'networks' has 'vgg', allowed: musicnn, vgg_tagger"));
}

TEST_F(Preprocess, IsQuietWhenAsked) {
  const Outcome outcome = preprocess("store", {"-q"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out + outcome.err, "");
}

}  // namespace
}  // namespace mer::test
