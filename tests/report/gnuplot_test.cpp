#include "mer/report/gnuplot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"

namespace mer {
namespace {

using test::message_of;
using testing::HasSubstr;
using testing::StartsWith;

TEST(GnuplotQuoted, DoublesQuotesAndDropsControlCharactersAndBrokenUtf8) {
  EXPECT_EQ(gnuplot_quoted("a'b"), "'a''b'");
  EXPECT_EQ(gnuplot_quoted("a\nb\x07"), "'a b '");
  EXPECT_EQ(gnuplot_quoted("\xFFü"), "'\xEF\xBF\xBDü'");
}

TEST(Gnuplot, ReturnsWhatTheScriptPrintsAndRunsNothingInATitle) {
  const test::TemporaryFolder folder;
  const std::string trap = "`touch " + (folder / "trap").string() + "`";
  EXPECT_EQ(run_gnuplot("set print '-'\nprint " + gnuplot_quoted(trap) + "\n"), trap + "\n");
  EXPECT_FALSE(std::filesystem::exists(folder / "trap"));
}

TEST(Gnuplot, RepeatsInItsErrorWhatGnuplotSays) {
  const std::string message = message_of<Error>([] { run_gnuplot("plot nothing_of_that_name\n"); });
  EXPECT_THAT(message, StartsWith("gnuplot failed: "));
  EXPECT_THAT(message, HasSubstr("undefined variable: nothing_of_that_name"));
}

}  // namespace
}  // namespace mer
