#include "mer/store/segment_rows.hpp"

#include <gtest/gtest.h>

#include "mer/corpus/split.hpp"
#include "test_data.hpp"

namespace mer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Two songs of 0.3 s: 1 + (13230 - 2048) / 1024 = 11 frames each, of which a segment has 3.
class SegmentRows : public testing::Test {
 protected:
  SegmentRows() {
    write_sine(folder_ / "a.wav", 0.3, 200.0);
    write_sine(folder_ / "b.wav", 0.3, 300.0);
    manifest_ =
        Manifest::load(folder_.write("m.csv", "path,label,group\na.wav,happy,x\nb.wav,sad,y\n"));
    segment_.length_s = 3.5 * 1024 / 44100;  // three hops
    features_ = FeatureStore(folder_ / "store", recipe_).fill(manifest_, {}, 1, {}, {});
  }

  TemporaryFolder folder_;
  Recipe recipe_;
  SegmentOptions segment_;
  Manifest manifest_;
  FeatureStore::Report features_;
};

TEST_F(SegmentRows, AreOneASegmentWithTheSongsFile) {
  const std::vector<std::string> files = features_.files;
  expand_to_segments(recipe_, segment_, manifest_, features_);
  // Three whole segments of 11 frames, and a tail of two frames, more than half of one.
  ASSERT_EQ(manifest_.songs.size(), 8U);
  EXPECT_EQ(manifest_.songs[0].id, "a#1");
  EXPECT_EQ(manifest_.songs[5].id, "b#2");
  EXPECT_EQ(manifest_.songs[5].segment, 1);
  EXPECT_EQ(manifest_.songs[5].label, "sad");
  EXPECT_EQ(manifest_.songs[5].group, "y");
  ASSERT_EQ(features_.files.size(), 8U);
  EXPECT_EQ(features_.files[3], files[0]);
  EXPECT_EQ(features_.files[4], files[1]);
}

TEST_F(SegmentRows, LetASplitCutThroughASong) {
  expand_to_segments(recipe_, segment_, manifest_, features_);
  SplitOptions options;
  options.ratios = {0.5, 0.0, 0.5};
  options.group_by = SplitOptions::GroupBy::kNone;
  const Split split = make_split(manifest_, options);
  for (const std::size_t first : {0U, 4U}) {  // each song's four segments: two in either part
    EXPECT_EQ(std::count(split.begin() + first, split.begin() + first + 4, kTrain), 2) << first;
  }
}

TEST_F(SegmentRows, KeepARowForASongThatCouldNotBeRead) {
  features_.files[0].clear();
  features_.failures = {{0, "a.wav: broken", ""}};
  std::swap(manifest_.songs[0], manifest_.songs[1]);
  std::swap(features_.files[0], features_.files[1]);
  features_.failures[0].song = 1;
  expand_to_segments(recipe_, segment_, manifest_, features_);
  ASSERT_EQ(manifest_.songs.size(), 5U);
  EXPECT_EQ(manifest_.songs[4].id, "a");
  EXPECT_EQ(manifest_.songs[4].segment, -1);
  EXPECT_EQ(features_.failures[0].song, 4U);
}

TEST_F(SegmentRows, HaveNothingToDivideInAManifestWithSplits) {
  manifest_.has_splits = true;
  EXPECT_THAT(
      message_of<UsageError>([&] { expand_to_segments(recipe_, segment_, manifest_, features_); }),
      HasSubstr("has a split column"));
}

TEST_F(SegmentRows, RefuseAnIdThatASongHasAlready) {
  manifest_.songs[1].id = "a#2";
  features_.files[1].clear();  // stays one row, called like the second segment of the other song
  EXPECT_THAT(
      message_of<UsageError>([&] { expand_to_segments(recipe_, segment_, manifest_, features_); }),
      HasSubstr("the id 'a#2'"));
}

}  // namespace
}  // namespace mer
