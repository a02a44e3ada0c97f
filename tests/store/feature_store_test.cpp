#include "mer/store/feature_store.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "../support/job_notes.hpp"
#include "mer/store/fill_store.hpp"
#include "test_data.hpp"

namespace mer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// A manifest of five short tones.
class FeatureStoreTest : public testing::Test {
 protected:
  FeatureStoreTest() {
    std::string text = "path,label\n";
    for (int i = 0; i < 5; ++i) {
      const std::string name = "songs/s" + std::to_string(i) + ".wav";
      write_sine(folder_ / name, 0.3, 200.0 + 50.0 * i);
      text += name + (i % 2 == 0 ? ",happy\n" : ",sad\n");
    }
    manifest_ = Manifest::load(folder_.write("m.csv", text));
  }

  FeatureStore::Report fill(const FeatureStore& store, int jobs = 1, const Shard& shard = {},
                            const std::vector<std::size_t>& songs = {}) const {
    return store.fill(manifest_, songs, jobs, shard, {});
  }

  TemporaryFolder folder_;
  Manifest manifest_;
};

TEST_F(FeatureStoreTest, FilledTwiceDoesNothingTheSecondTime) {
  const FeatureStore store(folder_ / "store", Recipe{});
  const FeatureStore::Report first = fill(store);
  EXPECT_EQ(first.made, 5U);
  EXPECT_EQ(first.present, 0U);
  ASSERT_EQ(first.files.size(), 5U);
  EXPECT_EQ(first.files[2], store.file_of(manifest_.songs[2]));
  EXPECT_EQ(std::filesystem::path(first.files[2]).parent_path(),
            folder_ / "store" / Recipe{}.store_key());
  EXPECT_THAT(std::filesystem::path(first.files[2]).filename().string(),
              testing::MatchesRegex("songs_s2-[0-9a-f]{16}.safetensors"));
  EXPECT_EQ(SongFeatures::open(first.files[2]).num_frames(), (13230 - 2048) / 1024 + 1);

  const auto written = std::filesystem::last_write_time(first.files[2]);
  const FeatureStore::Report second = fill(store);
  EXPECT_EQ(second.made, 0U);
  EXPECT_EQ(second.present, 5U);
  EXPECT_EQ(second.files, first.files);
  EXPECT_EQ(std::filesystem::last_write_time(first.files[2]), written);
}

TEST_F(FeatureStoreTest, SaysInAFileWhatItsFolderHolds) {
  const Recipe recipe;
  const FeatureStore store(folder_ / "store", recipe);
  fill(store);
  EXPECT_EQ(nlohmann::ordered_json::parse(content_of(store.folder() / "recipe.json")),
            to_json(recipe));
}

TEST_F(FeatureStoreTest, HoldsTheSameBytesWhateverTheNumberOfThreads) {
  const FeatureStore one(folder_ / "one", Recipe{});
  const FeatureStore three(folder_ / "three", Recipe{});
  const FeatureStore::Report a = fill(one, 1);
  const FeatureStore::Report b = fill(three, 3);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(std::filesystem::path(a.files[i]).filename(),
              std::filesystem::path(b.files[i]).filename());
    EXPECT_EQ(content_of(a.files[i]), content_of(b.files[i]));
  }
}

TEST_F(FeatureStoreTest, ShardsCoverEverySongOnce) {
  const FeatureStore store(folder_ / "store", Recipe{});
  std::vector<int> covered(5, 0);
  for (int shard = 1; shard <= 3; ++shard) {
    const FeatureStore::Report report = fill(store, 1, {shard, 3});
    EXPECT_EQ(report.present, 0U);  // no song is in two shards
    for (std::size_t i = 0; i < 5; ++i) covered[i] += report.files[i].empty() ? 0 : 1;
  }
  EXPECT_THAT(covered, testing::Each(1));
  EXPECT_EQ(fill(store).present, 5U);
}

TEST_F(FeatureStoreTest, TakesTheSongsAskedForInTheirOrder) {
  const FeatureStore store(folder_ / "store", Recipe{});
  const FeatureStore::Report report = fill(store, 1, {}, {3, 1});
  EXPECT_THAT(report.files,
              ElementsAre(store.file_of(manifest_.songs[3]), store.file_of(manifest_.songs[1])));
  EXPECT_EQ(files_below(folder_.path()).size(),
            5U + 1U + 2U + 1U);  // songs, m.csv, features, recipe.json
}

TEST_F(FeatureStoreTest, RecordsWhatFailsAndGoesOn) {
  folder_.write("songs/s1.wav", "this is not audio");
  std::filesystem::remove(folder_ / "songs/s3.wav");  // gone since the manifest was read
  const FeatureStore store(folder_ / "store", Recipe{});
  for (const int jobs : {1, 2}) {
    std::mutex mutex;
    std::set<std::size_t> done;
    const FeatureStore::Report report =
        store.fill(manifest_, {}, jobs, {}, [&](std::size_t n, std::size_t total, auto&) {
          const std::scoped_lock lock(mutex);
          done.insert(n);
          EXPECT_EQ(total, 5U);
        });
    EXPECT_THAT(done, ElementsAre(1, 2, 3, 4, 5));
    EXPECT_EQ(report.made + report.present, 3U);
    ASSERT_EQ(report.failures.size(), 2U);
    EXPECT_EQ(report.failures[0].song, 1U);
    EXPECT_THAT(report.failures[0].message, StartsWith((folder_ / "songs/s1.wav").string()));
    EXPECT_EQ(report.failures[1].song, 3U);
    EXPECT_THAT(report.failures[1].message, HasSubstr("s3.wav"));
    EXPECT_TRUE(report.files[1].empty());
    EXPECT_TRUE(report.files[3].empty());
    EXPECT_FALSE(report.files[4].empty());
  }
  // Only whole files and the description lie in the store.
  for (const auto& entry : std::filesystem::directory_iterator(store.folder())) {
    EXPECT_THAT(entry.path().filename().string(),
                testing::AnyOf("recipe.json", testing::EndsWith(".safetensors")));
  }
}

TEST_F(FeatureStoreTest, KeepsFeaturesOfDifferentRecipesApart) {
  Recipe shorter;
  shorter.audio.duration_s = 0.1;
  const FeatureStore store(folder_ / "store", Recipe{});
  const FeatureStore other(folder_ / "store", shorter);
  const FeatureStore::Report a = fill(store);
  const FeatureStore::Report b = fill(other);
  EXPECT_EQ(b.made, 5U);
  EXPECT_GT(SongFeatures::open(a.files[0]).num_frames(),
            SongFeatures::open(b.files[0]).num_frames());
}

TEST_F(FeatureStoreTest, AChangedAudioFileGetsNewFeatures) {
  const FeatureStore store(folder_ / "store", Recipe{});
  const std::filesystem::path before = fill(store).files[0];
  write_sine(manifest_.songs[0].path, 0.3, 999.0);
  const FeatureStore::Report report = fill(store);
  EXPECT_EQ(report.made, 1U);
  EXPECT_EQ(report.present, 4U);
  EXPECT_NE(report.files[0], before);
}

TEST_F(FeatureStoreTest, AFileOfAnotherRecipeIsAnErrorNamingTheOptionAndBothValues) {
  Recipe other;
  other.features.frame.hop_samples = 512;
  const FeatureStore store(folder_ / "store", Recipe{});
  fill(store);
  const std::filesystem::path file = store.file_of(manifest_.songs[0]);
  extract_song(manifest_.songs[0].path, other, file);
  EXPECT_THAT(message_of<UsageError>([&] { fill(store, 2); }),
              StartsWith(file.string() +
                         ": made with features.frame.hop_samples 512, while this recipe has 1024"));
  folder_.write(file.lexically_relative(folder_.path()), "damaged");
  EXPECT_THAT(message_of<UsageError>([&] { fill(store); }),
              HasSubstr("remove this file and run `mer preprocess` again"));
}

TEST_F(FeatureStoreTest, StopsWhenAskedAndCanBeContinued) {
  const FeatureStore store(folder_ / "store", Recipe{});
  int asked = 0;
  const FeatureStore::Report report =
      store.fill(manifest_, {}, 1, {}, {}, [&asked] { return ++asked > 2; });
  EXPECT_EQ(report.made, 2U);
  EXPECT_EQ(fill(store).made, 3U);
}

TEST(Shard, IsReadFromText) {
  const Shard shard = Shard::parse("2/8");
  EXPECT_EQ(shard.index, 2);
  EXPECT_EQ(shard.count, 8);
  for (const char* text : {"0/8", "9/8", "8", "1/", "/2", "1/0", "-1/2", "1/2/3", "a/b", "1.5/2"}) {
    EXPECT_THAT(message_of<UsageError>([&] { Shard::parse(text); }),
                StartsWith("shard '" + std::string(text) + "' is not I/N"));
  }
}

TEST_F(FeatureStoreTest, TellsWhichSongsFailedAndMakesTheOthersForTheNextStore) {
  folder_.write("songs/s1.wav", "no sound");
  const FeatureStore store(folder_ / "store", Recipe{});
  test::JobNotes notes;
  const auto report = fill_store(store.songs(), manifest_, {}, 1, {}, "features", notes);
  EXPECT_EQ(report.made, 4U);
  ASSERT_EQ(notes.lines.size(), 2U);
  EXPECT_EQ(notes.lines[0], "features");
  EXPECT_THAT(notes.lines[1], HasSubstr("s1.wav"));

  const FeatureStore other(folder_ / "other", Recipe{});
  const auto next =
      fill_store_where(other.songs(), manifest_, {1, 3}, {"", "made"}, 1, "more", notes);
  EXPECT_EQ(next.files, (std::vector<std::string>{"", other.file_of(manifest_.songs[3])}));
  EXPECT_EQ(notes.lines.size(), 3U);  // what failed before is not told again
}

TEST_F(FeatureStoreTest, SaysThatItWasStopped) {
  const FeatureStore store(folder_ / "store", Recipe{});
  test::JobNotes notes;
  notes.stop = true;
  EXPECT_THROW(fill_store(store.songs(), manifest_, {}, 1, {}, "features", notes), Interrupted);
}

}  // namespace
}  // namespace mer
