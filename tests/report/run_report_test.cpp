#include "mer/report/run_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kMetrics =
    R"({"classes": ["happy", "<sad>"], "baseline_accuracy": 0.5, "baseline_class": "happy",
        "failed": ["gone.mp3"],
        "songs": {"count": 8, "accuracy": 0.75, "accuracy_ci95": [0.5, 0.875], "macro_f1": 0.7,
                  "macro_f1_ci95": [0.4, 0.8],
                  "per_class": {"happy": {"precision": 0.6, "recall": 0.75, "f1": 0.667, "support": 4}},
                  "confusion": [[3, 1], [0, 4]]},
        "segments": {"count": 80, "accuracy": 0.5}})";
constexpr const char* kPredictions =
    "id,path,label,predicted,confidence,p_happy,p_<sad>,segments\n"
    "1,a.mp3,happy,happy,0.9,0.9,0.1,3\n"
    "2,b & c.mp3,happy,<sad>,0.6,0.4,0.6,3\n"
    "3,d.mp3,<sad>,happy,0.8,0.8,0.2,3\n";

class ReportPage : public testing::Test {
 protected:
  void SetUp() override {
    folder_.write("run/run.json",
                  R"({"status": "finished", "network": {"name": "cnn", "parameters": 42},
                      "commit": "abc123", "seeds": {"train": 7, "split": 3}})");
    folder_.write("run/config.yaml", "model:\n  name: cnn\ntrain:\n  lr: 0.25\n");
    folder_.write("run/metrics.csv",
                  "iteration,train_loss,val_loss,val_accuracy,val_macro_f1\n"
                  "1,2.0,,,\n2,1.5,1.75,0.5,0.4\n");
    folder_.write("run/eval/test/metrics.json", kMetrics);
    folder_.write("run/eval/test/predictions.csv", kPredictions);
  }
  std::string page(const std::string& without_pictures = "") const {
    return run_report(folder_ / "run",
                      {.page = folder_ / "run/report.html", .without_pictures = without_pictures});
  }

  test::TemporaryFolder folder_;
};

TEST_F(ReportPage, SaysWhatWasTrainedAndHowGoodItIs) {
  const std::string text = page();
  EXPECT_THAT(text, AllOf(HasSubstr("<h1>run</h1>"), HasSubstr("cnn, 42 parameters"),
                          HasSubstr("commit abc123"), HasSubstr("training 7, split 3"),
                          HasSubstr("train.lr 0.25")));
  EXPECT_THAT(text, AllOf(HasSubstr("0.750 [0.500, 0.875]"), HasSubstr("0.700 [0.400, 0.800]"),
                          HasSubstr("1 of the songs could not be read")));
  // A row of three and one: 75 % and 25 %.
  EXPECT_THAT(text, AllOf(HasSubstr(">3<br><small>75 %"), HasSubstr(">1<br><small>25 %"),
                          HasSubstr(">0<br><small>0 %"), HasSubstr(">4<br><small>100 %")));
}

TEST_F(ReportPage, ListsTheSurestErrorsFirstAndEscapesWhatItShows) {
  const std::string text = page();
  EXPECT_LT(text.find("<td>d.mp3</td>"), text.find("<td>b &amp; c.mp3</td>"));
  EXPECT_THAT(text, AllOf(Not(HasSubstr("<td>a.mp3</td>")), HasSubstr("2 of 2 errors"),
                          Not(HasSubstr("<sad>")), HasSubstr("&lt;sad&gt;")));
}

TEST_F(ReportPage, DrawsFourPicturesOrSaysWhyNot) {
  const std::string text = page();
  std::size_t count = 0;
  for (std::size_t at = text.find("<svg"); at != std::string::npos;
       at = text.find("<svg", at + 1)) {
    ++count;
  }
  EXPECT_EQ(count, 4U);  // loss, validation, reliability, coverage
  EXPECT_THAT(text,
              AllOf(HasSubstr("train_loss"), HasSubstr("val_macro_f1"), HasSubstr("3 songs, ECE")));
  const std::string bare = page("no gnuplot");
  EXPECT_THAT(bare, AllOf(Not(HasSubstr("<svg")), HasSubstr("left out: no gnuplot")));
}

TEST_F(ReportPage, OfARunThatNobodyHasScoredSaysSo) {
  fs::remove_all(folder_ / "run/eval");
  EXPECT_THAT(page(), HasSubstr("Nothing has been scored yet"));
}

TEST_F(ReportPage, NamesTheFileThatIsDamaged) {
  folder_.write("run/eval/test/metrics.json", "{");
  EXPECT_THAT(message_of<UsageError>([&] { page(); }),
              HasSubstr("eval/test/metrics.json: is not valid JSON"));
  folder_.write("run/eval/test/metrics.json", kMetrics);
  folder_.write("run/eval/test/predictions.csv", "id,path\n1,a.mp3\n");
  EXPECT_THAT(message_of<UsageError>([&] { page(); }),
              HasSubstr("predictions.csv: its columns are not id,path,label,predicted,confidence,"
                        "p_happy,p_<sad>,segments"));
}

TEST_F(ReportPage, OfFoldsHasThePooledScoresAndEachFold) {
  fs::rename(folder_ / "run", folder_ / "first");
  folder_.write("run/config.yaml", "model:\n  name: cnn\n");
  fs::create_directories(folder_ / "run/eval/test");
  fs::copy(folder_ / "first/eval", folder_ / "run/eval", fs::copy_options::recursive);
  fs::copy(folder_ / "first", folder_ / "run/fold-1", fs::copy_options::recursive);
  fs::copy(folder_ / "first", folder_ / "run/fold-2", fs::copy_options::recursive);
  folder_.write("run/fold-2/report.html", "");
  ASSERT_EQ(report_kind_of(folder_ / "run"), ReportKind::kFolds);
  EXPECT_THAT(page(), AllOf(HasSubstr("2 folds"), HasSubstr("<a href=\"fold-1\">fold-1</a>"),
                            HasSubstr("<a href=\"fold-2/report.html\">fold-2</a>"),
                            HasSubstr("Scores on the test songs")));
}

TEST_F(ReportPage, OfASweepShowsItsSummaryAndLinksItsCells) {
  folder_.write("sweep/summary.md",
                "# a sweep: accuracy\n\n| cell | songs |\n| --- | --- |\n| one | 61.0 |\n\n"
                "## Claims\n\n* it **holds** <script>alert(1)</script>\n");
  folder_.write("sweep/loss.csv", "iteration,one\n1,2\n2,1\n");
  fs::copy(folder_ / "run", folder_ / "sweep/one & only", fs::copy_options::recursive);
  ASSERT_EQ(report_kind_of(folder_ / "sweep"), ReportKind::kSweep);
  const std::string text =
      sweep_report(folder_ / "sweep", {.page = folder_ / "page.html", .without_pictures = ""});
  EXPECT_THAT(text, AllOf(HasSubstr("<h1>a sweep: accuracy</h1>"), HasSubstr("<td>61.0</td>"),
                          HasSubstr("<strong>holds</strong>"), Not(HasSubstr("<script>")),
                          HasSubstr("training loss"),
                          HasSubstr("<a href=\"sweep/one%20%26%20only\">one &amp; only</a>"),
                          HasSubstr("0.750 [0.500, 0.875]")));
}

TEST_F(ReportPage, IsMadeOfRunsAndSweepsOnly) {
  fs::create_directories(folder_ / "empty");
  EXPECT_THAT(message_of<UsageError>([&] { report_kind_of(folder_ / "empty"); }),
              HasSubstr("empty: is neither a run nor a sweep"));
  fs::create_directories(folder_ / "new/configs");
  fs::create_directories(folder_ / "new/logs");
  EXPECT_THAT(message_of<UsageError>([&] { report_kind_of(folder_ / "new"); }),
              HasSubstr("new: is a sweep that has not been summed up yet"));
}

}  // namespace
}  // namespace mer
