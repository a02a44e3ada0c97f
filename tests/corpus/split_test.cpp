#include "mer/corpus/split.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "../store/test_data.hpp"
#include "mer/core/random.hpp"

namespace mer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using Pairs = std::vector<std::pair<std::string, std::string>>;

const std::vector<std::string> kLabels = {"happy", "anger", "sad", "relaxed"};

/// Songs of several classes by artists of one to ten songs, as in real corpora: most have one, and
/// most of an artist's songs are of one class.
Manifest random_manifest(std::uint64_t seed, std::size_t num_songs, std::size_t num_classes) {
  std::mt19937_64 rng(seed);
  Pairs songs;
  for (std::size_t artist = 0; songs.size() < num_songs; ++artist) {
    const std::size_t size = uniform_real(rng) < 0.75 ? 1 : 1 + uniform_index(rng, 10);
    const std::size_t favourite = uniform_index(rng, num_classes);
    for (std::size_t i = 0; i < size && songs.size() < num_songs; ++i) {
      const std::size_t label =
          uniform_real(rng) < 0.7 ? favourite : uniform_index(rng, num_classes);
      songs.emplace_back(kLabels[label], "artist " + std::to_string(artist));
    }
  }
  return make_manifest(songs);
}

/// Songs of each class in a part.
std::map<std::string, int> counts(const Manifest& manifest, const Split& split,
                                  const std::string& part) {
  std::map<std::string, int> count;
  for (const std::size_t song : songs_in(split, part)) ++count[manifest.songs[song].label];
  return count;
}

void expect_grouped(const Manifest& manifest, const Split& split) {
  std::map<std::string, std::set<std::string>> parts_of_group;
  for (std::size_t i = 0; i < split.size(); ++i) {
    parts_of_group[manifest.songs[i].group].insert(split[i]);
  }
  for (const auto& [group, parts] : parts_of_group) EXPECT_EQ(parts.size(), 1U) << group;
}

void expect_stratified(const Manifest& manifest, const Split& split, const std::string& part,
                       double share, double tolerance_songs) {
  std::map<std::string, int> all;
  for (const Song& song : manifest.songs) ++all[song.label];
  const std::map<std::string, int> count = counts(manifest, split, part);
  for (const auto& [label, songs] : all) {
    const int found = count.count(label) != 0 ? count.at(label) : 0;
    EXPECT_NEAR(found, share * songs, tolerance_songs) << label << " in " << part;
    EXPECT_GT(found, 0) << label << " in " << part;
  }
}

TEST(MakeSplit, OfSingleSongsHitsTheRatiosExactly) {
  Pairs songs;  // 20 songs of each of two classes: 14, 4 and 2
  for (int i = 0; i < 40; ++i) songs.emplace_back(i % 2 == 0 ? "happy" : "sad", std::to_string(i));
  const Manifest manifest = make_manifest(songs);
  const Split split = make_split(manifest, SplitOptions{});
  for (const char* label : {"happy", "sad"}) {
    EXPECT_EQ(counts(manifest, split, kTrain)[label], 14);
    EXPECT_EQ(counts(manifest, split, kValidation)[label], 4);
    EXPECT_EQ(counts(manifest, split, kTest)[label], 2);
  }
}

TEST(MakeSplit, KeepsGroupsTogetherAndClassesInProportion) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Manifest manifest = random_manifest(seed, 400, 2 + seed % 3);
    SplitOptions options;
    options.seed = static_cast<std::int64_t>(seed);
    const Split split = make_split(manifest, options);
    expect_grouped(manifest, split);
    expect_stratified(manifest, split, kTrain, 0.7, 2.5);
    expect_stratified(manifest, split, kValidation, 0.2, 2.5);
    expect_stratified(manifest, split, kTest, 0.1, 2.5);
  }
}

TEST(MakeSplit, DependsOnTheSeedAndNotOnTheOrderOfLines) {
  const Manifest manifest = random_manifest(1, 200, 4);
  Manifest reversed = manifest;
  std::reverse(reversed.songs.begin(), reversed.songs.end());
  SplitOptions options;
  const Split split = make_split(manifest, options);
  EXPECT_EQ(make_split(manifest, options), split);
  Split of_reversed = make_split(reversed, options);
  std::reverse(of_reversed.begin(), of_reversed.end());
  EXPECT_EQ(of_reversed, split);
  options.seed = 1;
  EXPECT_NE(make_split(manifest, options), split);
}

TEST(MakeSplit, KeepsNearDuplicatesTogetherAndIsTheSameWithoutAny) {
  const Manifest manifest = random_manifest(3, 200, 4);
  Manifest joined = manifest;
  joined.near_duplicates = {{0, 199, 0.1}, {50, 120, 0.0}, {120, 150, 0.0}};
  SplitOptions options;
  for (const auto group_by : {SplitOptions::GroupBy::kGroup, SplitOptions::GroupBy::kNone}) {
    options.group_by = group_by;
    bool was_torn = false;  // the test means something
    for (options.seed = 0; options.seed < 10; ++options.seed) {
      options.folds = 0;
      std::vector<Split> splits = {make_split(joined, options)};
      const Split before = make_split(manifest, options);
      was_torn = was_torn || before[50] != before[120] || before[0] != before[199];
      options.folds = 5;
      for (Split& fold : make_folds(joined, options)) splits.push_back(std::move(fold));
      for (const Split& split : splits) {
        for (const NearDuplicate& pair : joined.near_duplicates) {
          EXPECT_EQ(split[pair.first], split[pair.second]);
        }
        if (group_by == SplitOptions::GroupBy::kGroup) expect_grouped(joined, split);
      }
    }
    EXPECT_TRUE(was_torn);
  }
  // The names, and so the draw, change only for songs that a pair joins.
  const auto names = names_of_units(manifest, SplitOptions::GroupBy::kNone);
  const auto joined_names = names_of_units(joined, SplitOptions::GroupBy::kNone);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool is_moved = i == 199 || i == 50 || i == 150;  // "0" < "199", "120" < "150" < "50"
    EXPECT_EQ(joined_names[i], is_moved ? (i == 199 ? "0" : "120") : names[i]);
    EXPECT_EQ(names[i], manifest.songs[i].id);
  }
}

TEST(MakeSplit, WithoutGroupingTearsGroupsApart) {
  Pairs songs;
  for (int i = 0; i < 40; ++i) songs.emplace_back(i % 2 == 0 ? "happy" : "sad", i < 20 ? "A" : "B");
  const Manifest manifest = make_manifest(songs);
  SplitOptions options;
  options.group_by = SplitOptions::GroupBy::kNone;
  const Split split = make_split(manifest, options);
  EXPECT_EQ(songs_in(split, kTest).size(), 4U);
  options.group_by = SplitOptions::GroupBy::kGroup;
  EXPECT_THAT(message_of<UsageError>([&] { make_split(manifest, options); }),
              StartsWith("m.csv: class 'happy' has 2 groups (20 songs), too few for a split into "
                         "train, validation, test, which needs 3"));
}

TEST(MakeSplit, GivesEachPartEachClassWheneverThereAreEnoughGroups) {
  // Three groups a class and ratios under which the small parts would round to nothing.
  Pairs songs;
  for (const char* label : {"happy", "sad"}) {
    for (int group = 0; group < 3; ++group) {
      for (int i = 0; i < 3; ++i) songs.emplace_back(label, label + std::to_string(group));
    }
  }
  const Manifest manifest = make_manifest(songs);
  SplitOptions options;
  options.ratios = {0.9, 0.05, 0.05};
  const Split split = make_split(manifest, options);
  for (const char* part : {kTrain, kValidation, kTest}) {
    EXPECT_EQ(counts(manifest, split, part).size(), 2U) << part;
  }
}

TEST(MakeSplit, LeavesOutPartsWithRatioZero) {
  const Manifest manifest = random_manifest(2, 100, 2);
  SplitOptions options;
  options.ratios = {1.0, 0.0, 0.0};
  EXPECT_EQ(songs_in(make_split(manifest, options), kTrain).size(), 100U);
}

TEST(MakeSplit, TakesGivenSplitsAsTheyAre) {
  Manifest manifest = make_manifest({{"happy", "a"}, {"sad", "b"}, {"sad", "c"}, {"happy", "d"}});
  manifest.has_splits = true;
  manifest.songs[0].split = kTrain;
  manifest.songs[1].split = kTest;
  manifest.songs[2].split = kTrain;
  EXPECT_THAT(message_of<UsageError>([&] { make_split(manifest, SplitOptions{}); }),
              StartsWith("m.csv:5: the split is empty"));
  manifest.songs[3].split = kValidation;
  EXPECT_THAT(make_split(manifest, SplitOptions{}),
              ElementsAre(kTrain, kTest, kTrain, kValidation));
  SplitOptions folds;
  folds.folds = 2;
  EXPECT_THAT(message_of<UsageError>([&] { make_folds(manifest, folds); }),
              HasSubstr("has a split column"));
}

TEST(MakeSplit, DrawsValidationGroupsFromTrainWhenOnlyTestIsGiven) {
  Manifest manifest = random_manifest(3, 300, 3);
  manifest.has_splits = true;
  std::map<std::string, std::string> split_of_group;
  for (Song& song : manifest.songs) {
    song.split = split_of_group.emplace(song.group, split_of_group.size() % 4 == 0 ? kTest : kTrain)
                     .first->second;
  }
  const Split split = make_split(manifest, SplitOptions{});
  expect_grouped(manifest, split);
  for (std::size_t i = 0; i < split.size(); ++i) {
    EXPECT_EQ(split[i] == kTest, manifest.songs[i].split == kTest);
  }
  // 0.2 of 0.7 + 0.2
  const double given = static_cast<double>(300 - songs_in(split, kTest).size());
  EXPECT_NEAR(static_cast<double>(songs_in(split, kValidation).size()), given * 2 / 9, 4.0);
}

TEST(MakeSplit, OfSongsWithoutClassesStratifiesByQuadrant) {
  // 30 songs in each of two quadrants and 40 of which nothing but tags is known.
  Manifest manifest = make_manifest(Pairs(100, {"happy", ""}));
  manifest.classes.clear();
  for (std::size_t i = 0; i < 100; ++i) {
    Song& song = manifest.songs[i];
    song.label.clear();
    song.group = song.id;
    if (i < 60) song.valence = song.arousal = i < 30 ? 0.5 : -0.5;
  }
  const Split split = make_split(manifest, SplitOptions{});
  for (const auto& [part, share] : {std::pair(kTrain, 0.7), {kValidation, 0.2}, {kTest, 0.1}}) {
    std::array<double, 3> counts = {};
    for (const std::size_t i : songs_in(split, part)) ++counts[i < 30 ? 0 : i < 60 ? 1 : 2];
    EXPECT_THAT(counts, ElementsAre(30 * share, 30 * share, 40 * share)) << part;
  }
  manifest.songs.resize(2);
  EXPECT_THAT(message_of<UsageError>([&] { make_split(manifest, SplitOptions{}); }),
              StartsWith("m.csv: the groups can't be divided so that every part of a split into "
                         "train, validation, test has songs"));
}

TEST(MakeFolds, TestEachSongOnceAndAreGroupedAndStratified) {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const Manifest manifest = random_manifest(100 + seed, 360, 4);
    SplitOptions options;
    options.folds = 3 + static_cast<int>(seed % 3);
    options.seed = static_cast<std::int64_t>(seed);
    const std::vector<Split> folds = make_folds(manifest, options);
    ASSERT_EQ(folds.size(), static_cast<std::size_t>(options.folds));
    std::vector<int> tested(manifest.songs.size(), 0);
    for (const Split& split : folds) {
      expect_grouped(manifest, split);
      const double test_share = 1.0 / options.folds;
      expect_stratified(manifest, split, kTest, test_share, 2.0);
      expect_stratified(manifest, split, kValidation, 0.15 * (1.0 - test_share), 2.5);
      for (const std::size_t song : songs_in(split, kTest)) ++tested[song];
    }
    EXPECT_THAT(tested, testing::Each(1));
  }
}

TEST(MakeFolds, WithATrainingShareLeaveOutTrainingGroupsAlone) {
  const Manifest manifest = random_manifest(7, 400, 4);
  SplitOptions options;
  options.folds = 4;
  const std::vector<Split> whole = make_folds(manifest, options);
  options.train_fraction = 0.25;
  const std::vector<Split> thinned = make_folds(manifest, options);
  for (std::size_t fold = 0; fold < whole.size(); ++fold) {
    expect_grouped(manifest, thinned[fold]);
    for (std::size_t song = 0; song < manifest.songs.size(); ++song) {
      const std::string& now = thinned[fold][song];
      EXPECT_TRUE(now == whole[fold][song] || (now == kUnused && whole[fold][song] == kTrain));
    }
    const auto before = static_cast<double>(songs_in(whole[fold], kTrain).size());
    EXPECT_NEAR(static_cast<double>(songs_in(thinned[fold], kTrain).size()), before / 4, 4.0);
    expect_stratified(manifest, thinned[fold], kTrain, 0.25 * 0.75 * 0.85, 3.0);
  }
}

TEST(MakeFolds, BalanceClassesEvenWithArtistsOfManySongs) {
  // 720 songs like the 4Q corpus: 180 a class; per class ten artists of six songs, the rest single.
  Pairs songs;
  for (const std::string& label : kLabels) {
    for (int i = 0; i < 180; ++i) {
      songs.emplace_back(label, label + (i < 60 ? " band " + std::to_string(i / 6)
                                                : " singer " + std::to_string(i)));
    }
  }
  const Manifest manifest = make_manifest(songs);
  SplitOptions options;
  options.folds = 5;
  for (const Split& split : make_folds(manifest, options)) {
    expect_stratified(manifest, split, kTest, 0.2, 1.0);  // 36 ± 1
  }
}

TEST(MakeFolds, OfTooFewGroupsAreAnErrorThatSaysSo) {
  Pairs songs;
  for (int i = 0; i < 10; ++i) songs.emplace_back("happy", std::to_string(i));
  for (int i = 0; i < 4; ++i) songs.emplace_back("sad", "x" + std::to_string(i));
  const Manifest manifest = make_manifest(songs);
  SplitOptions options;
  options.folds = 5;
  EXPECT_THAT(message_of<UsageError>([&] { make_folds(manifest, options); }),
              StartsWith("m.csv: class 'sad' has 4 groups (4 songs), too few for 5 folds, which "
                         "needs 5 | add songs of this class"));
  options.folds = 4;
  EXPECT_EQ(make_folds(manifest, options).size(), 4U);
}

TEST(SplitOptions, AreCheckedAcrossFields) {
  SplitOptions options;
  options.ratios = {0.7, 0.2};
  EXPECT_THAT(message_of<UsageError>([&] { options.validate(); }),
              StartsWith("data.split.ratios [0.7, 0.2] must be three numbers whose sum is 1"));
  options.ratios = {0.7, 0.2, 0.2};
  EXPECT_THROW(options.validate(), UsageError);
  options.ratios = {0.0, 0.5, 0.5};
  EXPECT_THROW(options.validate(), UsageError);
  options = SplitOptions{};
  options.folds = 1;
  EXPECT_THROW(options.validate(), UsageError);
}

}  // namespace
}  // namespace mer
