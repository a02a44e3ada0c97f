#include "mer/store/segments.hpp"

#include <gtest/gtest.h>

#include <random>

#include "mer/core/random.hpp"
#include "test_data.hpp"

namespace mer {

bool operator==(const Segment& a, const Segment& b) {
  return a.first == b.first && a.length == b.length;
}
void PrintTo(const Segment& segment, std::ostream* out) {
  *out << "{" << segment.first << ", " << segment.length << "}";
}

namespace {

using testing::ElementsAre;
using testing::StartsWith;
using Tail = SegmentOptions::Tail;

TEST(SegmentOptions, ThirtySecondsHoldThreeSegmentsOfTen) {
  const SegmentOptions options;
  // 10 · 44100 / 1024 = 430.66; 30 s give (1323000 − 2048) / 1024 + 1 = 1290 frames = 3 · 430
  EXPECT_EQ(options.num_frames(44100, 1024), 430);
  EXPECT_EQ(cut_segments(1290, 430, 430, Tail::kDrop, 0).size(), 3U);
}

TEST(SegmentOptions, LengthsOfWholeFramesLoseNoneToRounding) {
  SegmentOptions options;
  options.length_s = 0.3;  // 0.3 · 1000 / 100 is 2.9999999999999996 or 3, depending on the order
  EXPECT_EQ(options.num_frames(1000, 100), 3);
  options.length_s = 0.01;  // less than a frame is one frame
  EXPECT_EQ(options.num_frames(1000, 100), 1);
}

TEST(SegmentOptions, TheHopOfTestingFallsBackToTrainingsAndThatToTheLength) {
  SegmentOptions options;
  options.length_s = 1.0;
  EXPECT_EQ(options.hop_frames(1000, 100, false), 10);
  EXPECT_EQ(options.hop_frames(1000, 100, true), 10);
  options.hop_s = 0.5;
  EXPECT_EQ(options.hop_frames(1000, 100, true), 5);
  options.test_hop_s = 0.25;
  EXPECT_EQ(options.hop_frames(1000, 100, true), 2);
  EXPECT_EQ(options.hop_frames(1000, 100, false), 5);
}

TEST(SegmentOptions, AHopThatSkipsMusicIsAnError) {
  SegmentOptions options;
  options.test_hop_s = 11;
  EXPECT_THAT(message_of<UsageError>([&] { options.validate(); }),
              StartsWith("segment.test_hop_s 11 is longer than segment.length_s 10"));
}

TEST(CutSegments, KeepsATailThatIsAtLeastHalfMusic) {
  EXPECT_THAT(cut_segments(25, 10, 10, Tail::kPad, 0),
              ElementsAre(Segment{0, 10}, Segment{10, 10}, Segment{20, 5}));
  EXPECT_THAT(cut_segments(24, 10, 10, Tail::kPad, 0),
              ElementsAre(Segment{0, 10}, Segment{10, 10}));
  EXPECT_THAT(cut_segments(25, 10, 10, Tail::kDrop, 0),
              ElementsAre(Segment{0, 10}, Segment{10, 10}));
}

TEST(CutSegments, MakesOneShortSegmentOfAShortSongAndNoneOfNothing) {
  EXPECT_THAT(cut_segments(1, 10, 10, Tail::kPad, 0), ElementsAre(Segment{0, 1}));
  EXPECT_THAT(cut_segments(9, 10, 5, Tail::kDrop, 0), ElementsAre(Segment{0, 9}));
  EXPECT_THAT(cut_segments(0, 10, 10, Tail::kPad, 0), ElementsAre());
  EXPECT_THAT(cut_segments(0, 10, 10, Tail::kPad, 30), ElementsAre());
}

TEST(CutSegments, OverlappingOnesAddNoTailThatIsCoveredAlready) {
  EXPECT_THAT(cut_segments(20, 10, 5, Tail::kPad, 0),
              ElementsAre(Segment{0, 10}, Segment{5, 10}, Segment{10, 10}));
  EXPECT_THAT(cut_segments(22, 10, 5, Tail::kPad, 0),
              ElementsAre(Segment{0, 10}, Segment{5, 10}, Segment{10, 10}, Segment{15, 7}));
}

TEST(CutSegments, OfAPaddedSongEndWithTheMusic) {
  // 30 frames by padding, 12 of music: the second segment holds two frames, the third none.
  EXPECT_THAT(cut_segments(12, 10, 10, Tail::kDrop, 30),
              ElementsAre(Segment{0, 10}, Segment{10, 2}));
  EXPECT_THAT(cut_segments(10, 10, 10, Tail::kPad, 30), ElementsAre(Segment{0, 10}));
  // Padding never shortens a song.
  EXPECT_THAT(cut_segments(20, 10, 10, Tail::kDrop, 5),
              ElementsAre(Segment{0, 10}, Segment{10, 10}));
}

TEST(CutSegments, StayWithinTheSongAndCoverAllButLessThanHalfASegment) {
  std::mt19937_64 rng(5);
  for (int trial = 0; trial < 2000; ++trial) {
    const auto segment = static_cast<std::int64_t>(1 + uniform_index(rng, 40));
    const auto hop =
        static_cast<std::int64_t>(1 + uniform_index(rng, static_cast<std::uint64_t>(segment)));
    const auto music = static_cast<std::int64_t>(1 + uniform_index(rng, 200));
    const auto padded = static_cast<std::int64_t>(uniform_index(rng, 2) * uniform_index(rng, 250));
    const std::vector<Segment> segments = cut_segments(music, segment, hop, Tail::kPad, padded);
    ASSERT_FALSE(segments.empty());
    for (std::size_t i = 0; i < segments.size(); ++i) {
      EXPECT_EQ(segments[i].first, static_cast<std::int64_t>(i) * hop);
      EXPECT_GE(segments[i].length, 1);
      EXPECT_LE(segments[i].length, segment);
      EXPECT_LE(segments[i].first + segments[i].length, music);
    }
    const Segment& last = segments.back();
    EXPECT_LT(2 * (music - (last.first + last.length)), std::max<std::int64_t>(segment, 1));
  }
}

TEST(TimeSpan, IsThatOfTheFramesInTheSourceFile) {
  const TemporaryFolder folder;
  const RowMatrixXf values = RowMatrixXf::Zero(6, 2);
  const SongFeatures song = make_song(folder / "s.safetensors", values, values, {0, 1, 1, 0, 0, 1});
  // Kept frames 1, 2 and 5 have their centers at 1, 2 and 5 s; half a window is 0.5 s.
  const TimeSpan all = time_span(song, {0, 3}, 1000, 1000);
  EXPECT_DOUBLE_EQ(all.start_s, 0.5);
  EXPECT_DOUBLE_EQ(all.end_s, 5.5);
  const TimeSpan second = time_span(song, {1, 1}, 1000, 1000);
  EXPECT_DOUBLE_EQ(second.start_s, 1.5);
  EXPECT_DOUBLE_EQ(second.end_s, 2.5);
  EXPECT_THROW(time_span(song, {2, 2}, 1000, 1000), std::invalid_argument);
}

}  // namespace
}  // namespace mer
