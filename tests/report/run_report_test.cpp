#include "mer/report/run_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

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

constexpr const char* kNumbers =
    R"({"classes": [], "split": "test", "failed": [],
        "valence_arousal": {
          "valence": {"count": 2, "r2": -0.25, "r2_ci95": [-1, 0.5], "rmse": 0.3, "pearson": 0.4,
                      "concordance": 0.375, "concordance_ci95": [0.25, 0.5]},
          "over_time": {"valence": {"songs": 2, "points": 60, "concordance": 0.125, "rmse": 0.2,
                        "tolerant_concordance": 0.625, "tolerant_rmse": 0.1}}},
        "tags": {"count": 2, "macro": {"positives": 1, "roc_auc": 0.875, "pr_auc": 0.5},
                 "per_tag": {"<dark>": {"positives": 1, "roc_auc": 0.875, "pr_auc": 0.5}}}})";
constexpr const char* kPredictedNumbers =
    "id,path,label,predicted,confidence,segments,valence,arousal,true_valence,true_arousal,"
    "tag_<dark>,true_labels\n"
    "1,a.mp3,,,,3,0.5,0.25,0.75,0.5,0.5,<dark>\n2,b.mp3,,,,3,-0.5,0,-0.25,,0.25,\n";

TEST_F(ReportPage, OfNumbersAndLabelsShowsThemAndNoClasses) {
  folder_.write("run/eval/test/metrics.json", kNumbers);
  folder_.write("run/eval/test/predictions.csv", kPredictedNumbers);
  folder_.write("run/metrics.csv",
                "iteration,train_loss,val_concordance,val_roc_auc\n1,2,0.1,0.5\n2,1,0.2,0.6\n");
  const std::string text = page();
  EXPECT_THAT(text, AllOf(HasSubstr("<td class=\"n\">-0.250 [-1.000, 0.500]</td>"),
                          HasSubstr("0.375 [0.250, 0.500]"), HasSubstr("within ± 2 s"),
                          HasSubstr("<td class=\"n\">0.625</td>"), HasSubstr("&lt;dark&gt;"),
                          HasSubstr("<td class=\"n\">0.875</td>")));
  EXPECT_THAT(text, AllOf(Not(HasSubstr("Confusion")), Not(HasSubstr("Each class")),
                          Not(HasSubstr("Saying always")), Not(HasSubstr("accuracy"))));
  // The plane, agreement, labels; loss, concordance, ROC-AUC.
  EXPECT_THAT(text, AllOf(HasSubstr("valence: R²"), HasSubstr("val_concordance"),
                          HasSubstr("val_roc_auc"), HasSubstr("PR-AUC, 95 % intervals")));
}

TEST_F(ReportPage, OfNumbersHasThemInTheTableOfFolds) {
  folder_.write("run/eval/test/metrics.json", kNumbers);
  folder_.write("run/eval/test/predictions.csv", kPredictedNumbers);
  fs::create_directories(folder_ / "all");
  fs::copy(folder_ / "run", folder_ / "all/fold-1", fs::copy_options::recursive);
  const std::string text = run_report(
      folder_ / "all", {.page = folder_ / "page.html", .without_pictures = "no gnuplot"});
  EXPECT_THAT(text, AllOf(HasSubstr("<th>valence: concordance [95 %]</th><th>ROC-AUC [95 %]</th>"),
                          Not(HasSubstr("macro F1"))));
}

TEST_F(ReportPage, ForAPaperIsPicturesAndTablesOfEachPart) {
  EXPECT_EQ(write_paper_files(folder_ / "run", folder_ / "new"), 18U);
  // Three pictures of the test songs and two of the course, each thrice; three tables.
  for (const char* name : {"test_confusion", "test_reliability", "test_coverage", "learning_loss",
                           "learning_classes"}) {
    const fs::path file = folder_ / "new" / name;
    EXPECT_THAT(read_text_file(file.string() + ".svg"), HasSubstr("</svg>")) << name;
    EXPECT_THAT(read_text_file(file.string() + ".png"), testing::StartsWith("\x89PNG")) << name;
    EXPECT_THAT(read_text_file(file.string() + ".pdf"), testing::StartsWith("%PDF")) << name;
  }
  EXPECT_THAT(read_text_file(folder_ / "new/test_confusion.tex"),
              AllOf(testing::StartsWith("% \\usepackage{booktabs}\n"),
                    HasSubstr("happy & 3 (75.0) & 1 (25.0)"), HasSubstr("$<$sad$>$")));
  EXPECT_TRUE(fs::exists(folder_ / "new/test_scores.tex"));
  EXPECT_TRUE(fs::exists(folder_ / "new/test_classes.tex"));
  EXPECT_EQ(write_paper_files(folder_ / "run", folder_ / "new"), 18U);  // its own are replaced
}

TEST_F(ReportPage, ForAPaperReplacesNothingElse) {
  folder_.write("mine/test_classes.tex", "\\section{Mine}");
  EXPECT_THAT(message_of<UsageError>([&] { write_paper_files(folder_ / "run", folder_ / "mine"); }),
              HasSubstr("test_classes.tex: is there already and is not a LaTeX table of mer"));
  EXPECT_FALSE(fs::exists(folder_ / "mine/test_confusion.svg"));
  fs::remove_all(folder_ / "run/eval");
  folder_.write("run/metrics.csv", "iteration,train_loss\n1,2\n");
  EXPECT_THAT(message_of<UsageError>([&] { write_paper_files(folder_ / "run", folder_ / "new"); }),
              HasSubstr("run: has neither scores nor a course to draw"));
}

TEST_F(ReportPage, OfASweepOpensWithWhatCameOutAndThePictureOfItsTitle) {
  folder_.write("sweep/summary.md",
                "# a sweep: training loss, then accuracy\n\nBest is **cnn**.\n\nText.\n");
  folder_.write("sweep/summary.tex", "% \\usepackage{booktabs}\n");
  EXPECT_THAT(message_of<UsageError>([&] { write_paper_files(folder_ / "sweep", folder_ / "f"); }),
              HasSubstr("sweep: has no pictures yet"));
  folder_.write("sweep/figures/accuracy.svg", "<?xml?><svg>bars</svg>");
  folder_.write("sweep/figures/loss.svg", "<?xml?><svg>course</svg>");
  folder_.write("sweep/figures/loss_as_printed.svg", "<?xml?><svg>printed</svg>");
  folder_.write("sweep/loss.csv", "iteration,one\n1,2\n2,1\n");
  const std::string text =
      sweep_report(folder_ / "sweep", {.page = folder_ / "page.html", .without_pictures = ""});
  EXPECT_LT(text.find("</h1>\n<p>Best is <strong>cnn</strong>."), text.find("<svg>course"));
  EXPECT_LT(text.find("<svg>course"), text.find("<svg>bars"));
  EXPECT_LT(text.find("<svg>bars"), text.find("<p>Text.</p>"));
  EXPECT_THAT(text, AllOf(Not(HasSubstr("<svg>printed")), Not(HasSubstr("Training losses"))));
  EXPECT_EQ(write_paper_files(folder_ / "sweep", folder_ / "f"), 4U);
  EXPECT_EQ(read_text_file(folder_ / "f/loss.svg"), "<?xml?><svg>course</svg>");
  EXPECT_TRUE(fs::exists(folder_ / "f/summary.tex"));
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
