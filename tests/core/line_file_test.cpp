#include "mer/core/line_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using testing::HasSubstr;
using Start = LineFile::Start;

class LineFileTest : public testing::Test {
 protected:
  bool is_taken() const {
    return message_of<UsageError>([&] { LineFile(file_, Start::kAppend); })
        .starts_with(file_.string() + ": another mer writes this list");
  }
  test::TemporaryFolder folder_;
  fs::path file_ = folder_ / "list";
};

TEST_F(LineFileTest, GrowsAndHasOneWriter) {
  {
    LineFile list(file_, Start::kAppend);
    list.add("one\n");
    EXPECT_EQ(read_text_file(file_), "one\n");
    EXPECT_TRUE(is_taken());
  }
  LineFile list(file_, Start::kAppend);
  list.add("two\n");
  list.finish();
  EXPECT_EQ(read_text_file(file_), "one\ntwo\n");
}

TEST_F(LineFileTest, StaysOfOneWriterWhenItIsRewritten) {
  LineFile list(file_, Start::kAppend);
  list.add("one\ntwo\n");
  list.rewrite([](AtomicFile& file) { file.write("two\n"); });
  EXPECT_EQ(read_text_file(file_), "two\n");
  EXPECT_TRUE(is_taken());
  list.add("three\n");
  EXPECT_EQ(read_text_file(file_), "two\nthree\n");
}

TEST_F(LineFileTest, IsReplacedWhenTheNewOneIsComplete) {
  folder_.write("list", "old\n");
  {
    LineFile list(file_, Start::kReplace);
    list.add("given up\n");
  }
  EXPECT_EQ(read_text_file(file_), "old\n");
  LineFile list(file_, Start::kReplace);
  EXPECT_TRUE(is_taken());
  list.add("new\n");
  EXPECT_EQ(read_text_file(file_), "old\n");
  list.finish();
  EXPECT_EQ(read_text_file(file_), "new\n");
  EXPECT_TRUE(is_taken());
}

TEST_F(LineFileTest, ThatIsNewGrowsInItsPlace) {
  LineFile list(file_, Start::kReplace);
  list.add("one\n");
  EXPECT_EQ(read_text_file(file_), "one\n");
}

TEST_F(LineFileTest, SaysWhyItCannotBeWritten) {
  EXPECT_THAT(message_of<Error>([&] { LineFile(folder_ / "no/list", Start::kAppend); }),
              HasSubstr("no/list: cannot be written: no such folder"));
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  LineFile full("/dev/full", Start::kReplace);
  EXPECT_THAT(message_of<Error>([&] { full.add("x\n"); }),
              HasSubstr("/dev/full: cannot be written: disk full"));
}

}  // namespace
}  // namespace mer
