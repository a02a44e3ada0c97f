#include "mer/tagging/prediction_list.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class PredictionList : public testing::Test {
 protected:
  /// A line as `mer predict` writes it of a file as it is now.
  static std::string line_of(const fs::path& file, const std::string& status = "ok",
                             const std::string& model = "m") {
    const auto stamp = stamp_of(file);
    return "{\"path\":\"" + file.string() + "\",\"status\":\"" + status +
           "\",\"duration_s\":2.5,\"emotion\":\"sad\",\"confidence\":0.75,"
           "\"probabilities\":{\"happy\":0.25,\"sad\":0.75},\"segments\":[{\"start_s\":0.0,"
           "\"emotion\":\"happy\",\"probabilities\":{\"happy\":1.0,\"sad\":0.0}}],\"warnings\":[],"
           "\"size_bytes\":" +
           (stamp ? std::to_string(stamp->size_bytes) : "null") +
           ",\"modified\":" + (stamp ? "\"" + stamp->modified + "\"" : "null") + ",\"model\":\"" +
           model + "\"}\n";
  }
  ResumePoint resume(const std::string& model = "m") const {
    return resume_prediction_list(list_, model, files_);
  }
  std::string content() const { return read_text_file(list_); }

  test::TemporaryFolder folder_;
  fs::path list_ = folder_ / "out.jsonl";
  std::vector<fs::path> files_ = {folder_.write("a.wav", "one"), folder_.write("b.wav", "two"),
                                  folder_.write("c.wav", "three")};
};

TEST(FileStampOf, HasTheSizeAndTheTimeInUtc) {
  const test::TemporaryFolder folder;
  const fs::path file = folder.write("a", "four");
  const timespec times[2] = {{}, {.tv_sec = 86400 * 365, .tv_nsec = 5}};  // 1970 had 365 days
  ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
  const auto stamp = stamp_of(file);
  ASSERT_TRUE(stamp);
  EXPECT_EQ(stamp->size_bytes, 4U);
  EXPECT_EQ(stamp->modified, "1971-01-01T00:00:00.000000005Z");
  EXPECT_FALSE(stamp_of(folder / "none"));
}

TEST_F(PredictionList, IsReadWithoutWhatSegmentsSay) {
  folder_.write("out.jsonl", line_of(files_[0]));
  const auto predictions = read_prediction_list(list_);
  ASSERT_THAT(predictions, SizeIs(1));
  EXPECT_EQ(predictions[0].path, files_[0].string());
  EXPECT_EQ(predictions[0].emotion, "sad");
  EXPECT_EQ(predictions[0].probabilities,
            (std::map<std::string, double>{{"happy", 0.25}, {"sad", 0.75}}));
  EXPECT_EQ(predictions[0].duration_s, 2.5);
  EXPECT_EQ(predictions[0].stamp, stamp_of(files_[0]));
  EXPECT_EQ(predictions[0].model, "m");
}

TEST_F(PredictionList, NamesTheLineThatIsNoPrediction) {
  for (const std::string wrong :
       {"no JSON", "[]", "3", "{\"path\":3,\"status\":\"ok\"}", "{}", ""}) {
    folder_.write("out.jsonl", line_of(files_[0]) + wrong + "\n" + line_of(files_[1]));
    for (const bool resuming : {false, true}) {
      EXPECT_THAT(message_of<UsageError>([&] {
                    if (resuming) {
                      resume();
                    } else {
                      read_prediction_list(list_);
                    }
                  }),
                  HasSubstr("out.jsonl:2: is no line of mer predict --format jsonl"))
          << wrong;
    }
  }
  folder_.write("out.jsonl", line_of(files_[0]) + "{\"path\":");
  EXPECT_THAT(message_of<UsageError>([&] { read_prediction_list(list_); }),
              AllOf(HasSubstr("out.jsonl:2: the last line is cut off"), HasSubstr("--resume")));
}

TEST_F(PredictionList, ThatIsCompleteLeavesNothingToDoAndStaysAsItIs) {
  const std::string whole = line_of(files_[0]) + line_of(files_[1]) + line_of(files_[2]);
  folder_.write("out.jsonl", whole);
  const ResumePoint point = resume();
  EXPECT_THAT(point.to_do, IsEmpty());
  EXPECT_EQ(point.num_done, 3U);
  EXPECT_EQ(content(), whole);
}

TEST_F(PredictionList, CutOffInItsLastLineLosesThatLineOnly) {
  const std::string first = line_of(files_[0]);
  const std::string second = line_of(files_[1]);
  for (const std::size_t length : {std::size_t{1}, second.size() / 2, second.size() - 1}) {
    folder_.write("out.jsonl", first + second.substr(0, length));
    const ResumePoint point = resume();
    ASSERT_THAT(point.to_do, ElementsAre(files_[1], files_[2])) << length;
    ASSERT_EQ(content(), first) << length;
  }
}

TEST_F(PredictionList, DropsWhatFailedAndWhatHasChangedSince) {
  const std::string kept = line_of(files_[1]);
  const std::string before = line_of(files_[2]);
  folder_.write("out.jsonl", line_of(files_[0], "error") + kept + before);
  folder_.write("c.wav", "three and more");
  const ResumePoint point = resume();
  EXPECT_THAT(point.to_do, ElementsAre(files_[0], files_[2]));
  EXPECT_EQ(point.num_done, 1U);
  EXPECT_EQ(point.num_failed, 1U);
  EXPECT_EQ(point.num_changed, 1U);
  EXPECT_EQ(content(), kept);
}

TEST_F(PredictionList, TellsAFileOfTheSameSizeAndAnotherTimeAsChanged) {
  folder_.write("out.jsonl", line_of(files_[0]));
  fs::last_write_time(files_[0], fs::last_write_time(files_[0]) + std::chrono::nanoseconds(1));
  EXPECT_EQ(resume().num_changed, 1U);
}

TEST_F(PredictionList, KeepsLinesOfFilesThatAreNotAskedForAndTheLastOfTwo) {
  const std::string other = line_of(folder_.write("other.wav", "x"));
  const std::string later = line_of(files_[0]);
  folder_.write("out.jsonl", line_of(files_[0], "error") + other + later);
  EXPECT_EQ(resume().num_done, 1U);
  EXPECT_EQ(content(), other + later);
}

TEST_F(PredictionList, OfAnotherModelIsNotGoneOnWith) {
  const std::string whole = line_of(files_[0], "ok", "m") + line_of(files_[1], "error", "m");
  folder_.write("out.jsonl", whole);
  EXPECT_THAT(message_of<UsageError>([&] { resume("n"); }),
              HasSubstr("out.jsonl:1: is an answer of the model 'm', not of 'n'"));
  EXPECT_EQ(content(), whole);
}

TEST_F(PredictionList, GetsNewStampsOfTheFilesNamedOnly) {
  folder_.write("out.jsonl", line_of(files_[0]) + line_of(files_[1]));
  folder_.write("a.wav", "changed");
  folder_.write("b.wav", "changed too");
  renew_stamps(list_, {files_[0].string(), "no line of this one"});
  const ResumePoint point = resume();
  EXPECT_THAT(point.to_do, ElementsAre(files_[1], files_[2]));
  EXPECT_EQ(content(), line_of(files_[0]));
}

}  // namespace
}  // namespace mer
