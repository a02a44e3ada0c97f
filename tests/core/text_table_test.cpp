#include "mer/core/text_table.hpp"

#include <gtest/gtest.h>

namespace mer {
namespace {

TEST(DisplayWidth, CountsWhatATerminalShows) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("é"), 1U);        // one character of two bytes
  EXPECT_EQ(display_width("e\u0301"), 1U);  // e and a combining acute
  EXPECT_EQ(display_width("音楽"), 4U);     // each takes two columns
}

TEST(Printable, ReplacesControlCharactersAndBrokenUtf8) {
  EXPECT_EQ(printable("a\nb\x1b[31m\x7f"), "a?b?[31m?");
  EXPECT_EQ(printable("\xC2\x85"), "?");  // a control character beyond ASCII
  EXPECT_EQ(printable("caf\xE9.wav"), "caf\uFFFD.wav");
  EXPECT_EQ(printable("café"), "café");
}

TEST(Padding, CountsColumnsNotBytes) {
  EXPECT_EQ(pad_left("é", 3), "  é");
  EXPECT_EQ(pad_right("é", 3), "é  ");
  EXPECT_EQ(pad_right("long", 2), "long");
}

TEST(Sparkline, ShowsTheShapeOfACurve) {
  const std::vector<double> rising = {0, 1, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(sparkline(rising, 40), "▁▂▃▄▅▆▇█");
  EXPECT_EQ(sparkline(rising, 2), "▁█");  // means of four
  EXPECT_EQ(sparkline(std::vector<double>{2, 2, std::nan("")}, 40), "▁▁");
  EXPECT_EQ(sparkline({}, 40), "");
}

TEST(AlignedRows, AreAsWideAsTheirWidestCell) {
  const std::vector<std::vector<std::string>> rows = {{"a", "number"}, {"é音", "1"}};
  EXPECT_EQ(aligned_rows(rows), "a    number\né音  1\n");
  EXPECT_EQ(aligned_rows({}), "");
}

TEST(Significant, IsAsShortAsItsDigitsAllow) {
  EXPECT_EQ(significant(12.34, 3), "12.3");
  EXPECT_EQ(significant(0.00001, 2), "1e-05");
  EXPECT_EQ(fixed(1e300, 0).size(), 301U);
}

TEST(Shorten, KeepsBothEndsWithinTheWidth) {
  EXPECT_EQ(shorten("abcdefghij", 10), "abcdefghij");
  EXPECT_EQ(shorten("abcdefghij", 7), "abc…hij");
  EXPECT_EQ(shorten("abcdefghij", 6), "ab…hij");
  EXPECT_EQ(shorten("音楽音楽音楽", 7), "音…楽");  // three columns on each side hold one each
}

}  // namespace
}  // namespace mer
