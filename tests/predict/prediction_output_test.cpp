#include "mer/predict/prediction_output.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mer/core/text_table.hpp"

namespace mer {
namespace {

using testing::HasSubstr;

const std::vector<std::string> kClasses = {"happy", "anger", "sad", "relaxed"};

/// 214 s (3:34): the first half sad, then 14 s of silence, then happy.
FileResult good() {
  SongPrediction song;
  song.probabilities = {0.19, 0.08, 0.71, 0.02};
  song.segments = {{0.0, 107.0, {0.0, 0.125, 0.75, 0.125}}, {121.0, 214.0, {1.0, 0.0, 0.0, 0.0}}};
  song.duration_s = 214.00049;
  song.analysed_s = 200.0;
  return {"songs/a.mp3", song, "", "", false, {}};
}

FileResult bad() {
  return {"songs/b.m4a",
          std::nullopt,
          "songs/b.m4a: cannot decode AAC",
          "ffmpeg -i songs/b.m4a b.wav",
          false,
          {}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t start = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', start)) {
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  EXPECT_EQ(start, text.size()) << "the last line has no line feed";
  return lines;
}

TEST(PredictionTable, LooksLikeThis) {
  const std::vector<std::string> paths = {"songs/a.mp3", "songs/b.m4a"};
  const PredictionTable table(paths, {kClasses}, 80);
  EXPECT_EQ(table.header(),
            "file         length  emotion    conf.  happy  anger    sad  relaxed\n");
  EXPECT_EQ(table.row(good()),
            "songs/a.mp3    3:34  sad         0.71   0.19   0.08   0.71     0.02\n");
  EXPECT_EQ(table.row(bad()),
            "songs/b.m4a       -  -              -      -      -      -        -\n"
            "  cannot decode AAC: ffmpeg -i songs/b.m4a b.wav\n");
}

TEST(PredictionTable, FitsTheTerminal) {
  FileResult result = good();
  result.path = std::string(100, 'x');
  result.prediction->warnings = {"one warning that is long enough for a line", "and another one"};
  const std::vector<std::string> paths = {result.path};
  const PredictionTable table(paths, {kClasses}, 80);
  EXPECT_EQ(table.header().size(), 81U);
  const std::vector<std::string> lines = lines_of(table.row(result));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(display_width(lines[0]), 80U);
  EXPECT_EQ(lines[1], "  one warning that is long enough for a line; and another one");
  EXPECT_EQ(lines_of(PredictionTable(paths, {kClasses}, 40).row(result)).size(), 3U);
}

TEST(PredictionTable, ShowsWarningsAndUncertaintyInTheNote) {
  FileResult result = good();
  result.uncertain = true;
  result.prediction->warnings = {"decoded by ffmpeg"};
  const std::vector<std::string> paths = {result.path};
  const std::string row = PredictionTable(paths, {kClasses}, 80).row(result);
  EXPECT_THAT(row, HasSubstr("  uncertain   0.71   0.19"));
  EXPECT_THAT(row, HasSubstr("\n  not sure enough to name an emotion; decoded by ffmpeg\n"));
}

TEST(PredictionTable, SendsNoControlCharactersToTheTerminal) {
  FileResult result = bad();
  result.path = "a\x1b[2J\n.wav";
  result.error = "a\x1b[2J\n.wav: gone";
  const std::vector<std::string> paths = {result.path};
  const std::string row = PredictionTable(paths, {kClasses}, 80).row(result);
  EXPECT_EQ(row.find('\x1b'), std::string::npos);
  EXPECT_EQ(lines_of(row).size(), 2U);
}

TEST(ClosingLine, SaysHowManyFailed) {
  EXPECT_EQ(closing_line({1, 0}), "1 file");
  EXPECT_EQ(closing_line({2, 1}), "2 files, 1 failed (exit code 3)");
}

TEST(Timeline, DrawsEachClassOverTheLength) {
  // 50 columns: 9 for the longest label ("r relaxed"), 2 between, 39 for 214 s, 5.487 s each.
  // Column k's middle is at (k + 0.5) · 5.487 s: 0…18 lie before 107 s (18.5 · 5.487 = 101.5),
  // 19…21 (107.0 is the middle of 19) before 121 s (21.5 · 5.487 = 118.0), 22…38 after.
  const std::vector<std::string> lines = lines_of(timeline(good(), {kClasses}, 50));
  ASSERT_EQ(lines.size(), 6U);
  const auto repeat = [](const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  };
  const std::string gap = repeat("·", 3);
  EXPECT_EQ(lines[0], "emotion    " + repeat("s", 19) + gap + repeat("h", 17));
  EXPECT_EQ(lines[1], "h happy    " + repeat(" ", 19) + gap + repeat("█", 17));
  EXPECT_EQ(lines[2], "a anger    " + repeat("▁", 19) + gap + repeat(" ", 17));
  EXPECT_EQ(lines[3], "s sad      " + repeat("▆", 19) + gap + repeat(" ", 17));
  EXPECT_EQ(lines[5], "           0:00               1:47            3:34");
}

TEST(Timeline, GivesClassesOfTheSameInitialDifferentKeys) {
  FileResult result = good();
  const std::string text = timeline(result, {{"sad", "serene", "ss", "s"}}, 60);
  EXPECT_THAT(text, HasSubstr("\ns sad "));
  EXPECT_THAT(text, HasSubstr("\ne serene "));
  EXPECT_THAT(text, HasSubstr("\n1 ss "));
  EXPECT_THAT(text, HasSubstr("\n2 s "));
}

TEST(Timeline, OfAFailedFileIsItsError) {
  EXPECT_EQ(timeline(bad(), {kClasses}, 80),
            "songs/b.m4a: cannot decode AAC: ffmpeg -i songs/b.m4a b.wav\n");
}

TEST(PredictionTable, ShowsValenceArousalAndLabels) {
  FileResult result;
  result.path = "a.wav";
  SongPrediction& song = result.prediction.emplace();
  song.duration_s = 20.0;
  song.valence = 0.314;
  song.arousal = -0.5;
  song.tags = {{"calm", 0.75}, {"film", 0.25}};
  song.labels = {"calm"};
  for (const double start : {0.0, 10.0}) {
    SegmentPrediction& segment = song.segments.emplace_back();
    segment.start_s = start;
    segment.end_s = start + 10.0;
    segment.valence = start == 0.0 ? 1.0 : -1.0;
    segment.arousal = 0.0;
  }
  const std::vector<std::string> paths = {result.path};
  const AnswerKinds answers = {{}, true, {"calm", "film"}};
  const PredictionTable table(paths, answers, 80);
  EXPECT_EQ(table.header(), "file   length  valence  arousal  labels\n");
  EXPECT_EQ(table.row(result), "a.wav    0:20    +0.31    -0.50  calm\n");
  const std::vector<std::string> lines = lines_of(timeline(result, answers, 40));
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_THAT(lines[0], testing::StartsWith("valence  █"));
  EXPECT_THAT(lines[0], testing::EndsWith(" "));
  EXPECT_THAT(lines[1], testing::StartsWith("arousal  ▄▄"));
}

TEST(PredictionTable, MarksValenceAndArousalThatAreDerived) {
  FileResult result = good();
  result.path = "a.mp3";
  result.prediction->valence = -0.58;
  result.prediction->arousal = -0.46;
  const std::vector<std::string> paths = {result.path};
  const PredictionTable table(paths, {kClasses, true, {}, true}, 100);
  EXPECT_EQ(table.header(),
            "file   length  emotion    conf.  happy  anger    sad  relaxed  ~val.  ~aro.\n");
  EXPECT_EQ(table.row(result),
            "a.mp3    3:34  sad         0.71   0.19   0.08   0.71     0.02  -0.58  -0.46\n");
  EXPECT_TRUE(table.shows_derived_values());
  const PredictionTable narrow(paths, {kClasses, true, {}, true}, 80);
  EXPECT_FALSE(narrow.shows_derived_values());
  EXPECT_EQ(narrow.header(), "file   length  emotion    conf.  happy  anger    sad  relaxed\n");
}

}  // namespace
}  // namespace mer
