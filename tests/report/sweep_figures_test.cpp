#include "mer/report/sweep_figures.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/temporary_folder.hpp"
#include "mer/core/text.hpp"
#include "mer/report/gnuplot.hpp"

namespace mer {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class SweepFigures : public testing::Test {
 protected:
  SweepPlan plan(const std::string& yaml) const {
    return plan_sweep(read_sweep_file(folder_.write("demo.yaml", yaml), {}));
  }
  /// Results of a row that has finished.
  static RowSummary row(double accuracy) {
    RowSummary row;
    row.finished = 1;
    row.song_accuracy = {accuracy, kNotMeasured, {accuracy - 0.1, accuracy + 0.1}};
    row.song_confusion.resize(2, 2);
    row.song_confusion << 3, 1, 0, 4;
    row.segment_confusion = row.song_confusion;
    row.losses = {{10, 2.0, 2.0, 30.0}, {20, 1.0, 1.0, 15.0}};
    return row;
  }
  static std::vector<std::string> names(const std::vector<Figure>& figures) {
    std::vector<std::string> names;
    for (const Figure& figure : figures) names.push_back(figure.name);
    return names;
  }
  test::TemporaryFolder folder_;
};

TEST_F(SweepFigures, AreBarsCurvesAndMatricesBesideThePapersNumbers) {
  const SweepPlan made = plan(
      "cells: [{name: cnn, set: {model.name: cnn}}, {name: svm, set: {model.name: svm}}]\n"
      "show: [loss]\nconfusion_order: [sad, happy]\n"
      "paper: {accuracy: {cnn: 81.5}, loss: {cnn: 0.98}}\n");
  SweepSummary summary;
  summary.classes = {"happy", "sad"};
  summary.rows = {row(0.6), row(0.7)};
  summary.rows[1].losses.clear();
  const auto figures = sweep_figures(made, summary);
  EXPECT_THAT(names(figures), ElementsAre("accuracy", "loss", "loss_as_printed", "confusion"));
  // The first row is on top; the paper's value stands beside it.
  EXPECT_THAT(figures[0].script,
              AllOf(HasSubstr("60 2 50 70\n70 1 60 80\n"), HasSubstr("$paper0 << EOD\n81.5 2\n")));
  EXPECT_THAT(figures[1].script, AllOf(HasSubstr("10 2\n20 1\n"), HasSubstr("0.98 with lines")));
  EXPECT_THAT(figures[2].script, HasSubstr("10 30\n20 15\n"));
  // Answer, truth, share: sad comes first, all four of it are recognized.
  EXPECT_THAT(figures[3].script,
              HasSubstr("0 0 100 \"100.0\"\n1 0 0 \"0.0\"\n0 1 25 \"25.0\"\n1 1 75"));
}

TEST_F(SweepFigures, ShowAccuracyOverALengthAsCurvesOfEachSystem) {
  const SweepPlan made = plan(
      "cells: [{name: cnn, set: {model.name: cnn}}, {name: crnn, set: {model.name: crnn}}]\n"
      "grid: {segment.length_s: [3, 10]}\npaper: {accuracy: {cnn_length_s-3: 69.2}}\n");
  SweepSummary summary;
  for (const double accuracy : {0.4, 0.5, 0.6, 0.7}) summary.rows.push_back(row(accuracy));
  const auto figures = sweep_figures(made, summary);
  ASSERT_THAT(names(figures), ElementsAre("accuracy_over_length_s"));
  EXPECT_THAT(figures[0].script,
              AllOf(HasSubstr("3 40 30 50\n10 50 40 60\n"), HasSubstr("3 69.2\n"),
                    HasSubstr("title 'cnn, the paper'"), Not(HasSubstr("'crnn, the paper'")),
                    HasSubstr("set xlabel 'length (s)'")));
}

TEST_F(SweepFigures, ShowTrainingSongsAndSegmentsWhereTheSweepDoes) {
  const SweepPlan counted = plan(
      "score: none\nshow: [training_segments]\ngrid: {segment.length_s: [3, 10]}\n"
      "paper: {training_segments: {length_s-3: 99}}\n");
  SweepSummary summary;
  summary.rows = {row(0.5), row(0.5)};
  summary.rows[0].training_segments = 120;
  summary.rows[1].training_segments = 40;
  const auto figures = sweep_figures(counted, summary);
  ASSERT_THAT(names(figures), ElementsAre("training_segments_over_length_s"));
  EXPECT_THAT(figures[0].script,
              AllOf(HasSubstr("3 120 120 120\n10 40 40 40\n"), HasSubstr("3 99\n")));

  const SweepPlan trained = plan("show: [train_accuracy]\ngrid: {model.name: [cnn, crnn]}\n");
  summary.rows[1].train_accuracy.mean = 0.875;
  EXPECT_THAT(sweep_figures(trained, summary).at(0).script,
              AllOf(HasSubstr("$training0 << EOD\n87.5 1\n"), HasSubstr("'training songs'")));
}

TEST_F(SweepFigures, OfNothingFinishedAreNone) {
  const SweepPlan made = plan("grid: {loss.name: [softmax, center]}\nshow: [loss]\n");
  SweepSummary summary;
  summary.rows.resize(2);
  EXPECT_THAT(sweep_figures(made, summary), testing::IsEmpty());
}

TEST_F(SweepFigures, AreWrittenInThreeFormatsWithTheTablesInLatex) {
  if (!why_no_pictures().empty()) GTEST_SKIP() << why_no_pictures();
  const SweepPlan made = plan(
      "cells: [{name: cnn, set: {model.name: cnn}}, {name: svm, set: {model.name: svm}}]\n"
      "confusion_order: [sad, happy]\nshow: [loss]\n");
  SweepSummary summary;
  summary.classes = {"happy", "sad"};
  summary.rows = {row(0.6), row(0.7)};
  write_sweep_figures(made, summary, folder_.path());
  for (const std::string name : {"accuracy", "loss", "loss_as_printed", "confusion"}) {
    const std::filesystem::path file = folder_ / "figures" / name;
    EXPECT_THAT(read_text_file(file.string() + ".svg"), HasSubstr("</svg>")) << name;
    EXPECT_THAT(read_text_file(file.string() + ".png"), StartsWith("\x89PNG")) << name;
    EXPECT_THAT(read_text_file(file.string() + ".pdf"), StartsWith("%PDF")) << name;
  }
  EXPECT_THAT(read_text_file(folder_ / "summary.tex"), HasSubstr("\\toprule"));
}

}  // namespace
}  // namespace mer
