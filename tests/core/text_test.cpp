#include "mer/core/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"
#include "mer/core/progress.hpp"

namespace mer {
namespace {

using test::message_of;
using test::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(NearestWord, FindsATypingErrorAndNothingElse) {
  const std::vector<std::string> verbs = {"predict", "preprocess", "eval"};
  EXPECT_EQ(nearest_word("predcit", verbs), "predict");  // a swap counts once
  EXPECT_EQ(nearest_word("PREDICT", verbs), "predict");
  EXPECT_EQ(nearest_word("evl", verbs), "eval");
  EXPECT_EQ(nearest_word("something", verbs), std::nullopt);
}

TEST(Csv, QuotesLineBreaksAndLineNumbers) {
  const auto rows = parse_csv(
      "\xEF\xBB\xBF"
      "a,b\r\n\"x, \"\"y\"\"\",\"two\nlines\"\n\nz,\n",
      "t.csv");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_THAT(rows[0].cells, ElementsAre("a", "b"));
  EXPECT_THAT(rows[1].cells, ElementsAre("x, \"y\"", "two\nlines"));
  EXPECT_THAT(rows[2].cells, ElementsAre("z", ""));
  EXPECT_EQ(rows[1].line, 2);
  EXPECT_EQ(rows[2].line, 5);
}

TEST(Csv, ARowOfAnotherLengthAndAnOpenQuoteNameTheLine) {
  EXPECT_THAT(message_of<UsageError>([] { parse_csv("a,b\n1,2\n1,2,3\n", "t.csv"); }),
              HasSubstr("t.csv:3: 3 columns where the header has 2"));
  EXPECT_THAT(message_of<UsageError>([] { parse_csv("a,b\n1,\"2\n", "t.csv"); }),
              HasSubstr("t.csv:2: a quote is opened and never closed"));
}

TEST(Csv, OtherSeparatorsAndEncodingsAreNamed) {
  using namespace std::string_literals;
  const auto error_of = [](const std::string& text) {
    return message_of<UsageError>([&] { parse_csv(text, "songs.csv"); });
  };
  EXPECT_THAT(error_of("path;valence\na.mp3;0,5\n"),
              testing::StartsWith("songs.csv:1: the columns are separated by ';', not by commas"));
  EXPECT_THAT(error_of("\npath\tlabel\na.mp3\tsad\n"),
              testing::StartsWith("songs.csv:2: the columns are separated by tabs, not by commas"));
  EXPECT_THAT(
      error_of("sep=,\npath,label\n"),
      testing::StartsWith("songs.csv:1: begins with 'sep=', which only spreadsheets understand"));
  EXPECT_THAT(error_of("path,label\rcaf\xC3\xA9.mp3,sad\r"),
              testing::StartsWith("songs.csv: its lines end in CR alone"));
  EXPECT_THAT(error_of("path,label\na.mp3,sad\ncaf\xE9.mp3,sad\n"),
              testing::StartsWith("songs.csv:3: a byte that is not UTF-8: 'caf\uFFFD.mp3,sad'"));
  EXPECT_THAT(error_of("path,label\na.mp3,s\0d\n"s),
              testing::StartsWith("songs.csv:2: a zero byte: this is not a text file"));
  EXPECT_THAT(error_of("\xFF\xFEp\0a\0"s),
              testing::StartsWith("songs.csv: is text in UTF-16 or UTF-32, not in UTF-8"));
  EXPECT_THAT(
      error_of("PK\x03\x04"),
      testing::StartsWith("songs.csv: is a ZIP archive or a spreadsheet (.xlsx, .ods), not text"));
  EXPECT_EQ(parse_csv("path\n\"a;b.mp3\"\n", "songs.csv").size(), 2U);
}

TEST(Csv, AFirstCellThatBeginsLikeAByteOrderMarkIsReadBack) {
  const std::vector<std::string> cells = {
      "\xEF\xBB\xBF"
      "a",
      "b"};
  const auto rows = parse_csv(csv_line(cells), "x");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].cells, cells);
}

TEST(Csv, ALineThatIsWrittenIsReadBack) {
  const std::vector<std::string> cells = {"plain", "with, comma", "\"quoted\"", "", "line\nbreak"};
  EXPECT_EQ(parse_csv(csv_line(cells), "t").front().cells, cells);
  const std::vector<std::string> lone = {""};
  EXPECT_EQ(parse_csv(csv_line(lone), "t").front().cells, lone);
}

TEST(FormatNumber, IsShortestThatReadsBack) {
  EXPECT_EQ(format_number(0.1), "0.1");
  EXPECT_EQ(format_number(1.0), "1");
  EXPECT_EQ(format_number(std::numeric_limits<double>::quiet_NaN()), "");
  EXPECT_EQ(std::stod(format_number(1.0 / 3.0)), 1.0 / 3.0);
}

TEST(Utf8, InvalidBytesBecomeReplacementCharacters) {
  EXPECT_EQ(to_valid_utf8("Céline ♫ 𝄞"), "Céline ♫ 𝄞");
  EXPECT_EQ(to_valid_utf8("a\xE9z"), "a\xEF\xBF\xBDz");              // Latin-1 é
  EXPECT_EQ(to_valid_utf8("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");  // overlong slash
  EXPECT_EQ(to_valid_utf8("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // surrogate
}

TEST(WriteTextFile, ReplacesTheFileAndLeavesNoOther) {
  const TemporaryFolder folder;
  write_text_file(folder / "x", "one");
  write_text_file(folder / "x", "two");
  EXPECT_EQ(read_text_file(folder / "x"), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
  EXPECT_THAT(message_of<Error>([&] { write_text_file(folder.path() / "no" / "x", ""); }),
              HasSubstr("x: cannot be written: no such folder"));
}

TEST(FormatDuration, IsMinutesAndSecondsOrHours) {
  EXPECT_EQ(format_duration(214), "3:34");
  EXPECT_EQ(format_duration(3727), "1:02:07");
  EXPECT_EQ(format_duration(59.6), "1:00");
  EXPECT_EQ(rough_duration(0.2), "1 s");
  EXPECT_EQ(rough_duration(89), "89 s");
  EXPECT_EQ(rough_duration(95), "2 min");
  EXPECT_EQ(rough_duration(3.7 * 3600), "4 h");
  EXPECT_EQ(rough_duration(50 * 3600), "2 days");
}

}  // namespace
}  // namespace mer
