#include "mer/report/latex.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mer/runs/evaluation_files.hpp"

namespace mer {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(LatexTables, HaveTheHeadingsAsCaptionsAndNoSignThatLatexTakesForItsOwn) {
  EXPECT_EQ(latex_tables("# A_b: 5 %\n\nText.\n\n| cell | x |\n| --- | --- |\n"
                         "| a_b | **holds** ± 1 \\| 2 |\n\nEnd.\n"),
            "% \\usepackage{booktabs}\n\n\\begin{table}\n\\caption{A\\_b: 5 \\%}\n"
            "\\begin{tabular}{lr}\n\\toprule\ncell & x \\\\\n\\midrule\n"
            "a\\_b & \\textbf{holds} $\\pm$ 1 | 2 \\\\\n\\bottomrule\n\\end{tabular}\n"
            "\\end{table}\n");
  EXPECT_EQ(latex_tables("no table"), "% \\usepackage{booktabs}\n");
}

Evaluation of_classes() {
  Evaluation evaluation;
  evaluation.split = "test";
  evaluation.classes = {"R&B_50%", "[x] $1 {a}^~\\"};
  evaluation.song_scores.count = 5;
  evaluation.song_scores.accuracy = 0.6;
  evaluation.song_scores.macro_f1 = 0.5;
  evaluation.song_scores.accuracy_ci95 = {0.25, 0.875};
  evaluation.song_scores.per_class = {{0.5, 0.75, 0.6, 4}, {1.0, 0.0, 0.0, 1}};
  evaluation.song_scores.confusion.resize(2, 2);
  evaluation.song_scores.confusion << 3, 1, 1, 0;
  return evaluation;
}

TEST(LatexTables, OfAnEvaluationHaveWhatItHasNumbersFor) {
  const std::string text = latex_tables(of_classes());
  EXPECT_THAT(text, AllOf(HasSubstr("\\caption{Accuracy and macro F1, test songs}\n"
                                    "\\label{tab:test-scores}\n\\begin{tabular}{lrrrrr}\n"),
                          HasSubstr("songs & 5 & 0.600 [0.250, 0.875] & 0.500 [0.000, 0.000] & "),
                          HasSubstr("R\\&B\\_50\\% & 0.750 & 0.500 & 0.600 & 4 \\\\\n"),
                          HasSubstr("R\\&B\\_50\\% & 3 (75.0) & 1 (25.0) \\\\\n"),
                          Not(HasSubstr("tab:test-tags")), Not(HasSubstr("valence"))));
  // A row that begins with a bracket would be an argument of what ends the row above.
  EXPECT_THAT(text, HasSubstr("{}[x] \\$1 \\{a\\}\\textasciicircum{}\\textasciitilde{}"
                              "$\\backslash$ & 1 (100.0) & 0 (0.0) \\\\\n"));
}

TEST(LatexTables, OfNumbersAndLabelsHaveNoClasses) {
  Evaluation evaluation;
  evaluation.split = "all";
  evaluation.valence = {.count = 7, .r2 = -0.25, .rmse = 0.5, .pearson = 0.125, .concordance = 0.1};
  evaluation.valence->r2_ci95 = {-0.5, 0.25};
  evaluation.arousal_over_time = CurveScores{.songs = 3, .points = 90, .concordance = 0.25};
  evaluation.arousal_over_time->rater_rmse = 0.375;
  evaluation.tags = {"dark"};
  evaluation.tag_scores.emplace().per_tag.resize(1);
  evaluation.tag_scores->macro.roc_auc = 0.75;
  const std::string text = latex_tables(evaluation);
  EXPECT_THAT(text, AllOf(HasSubstr("score [95 \\%] & valence \\\\\n\\midrule\n"
                                    "R$^2$ & $-$0.250 [$-$0.500, 0.250] \\\\\nRMSE & 0.500 \\"),
                          HasSubstr("Pearson & 0.125 \\"), HasSubstr("concordance & 0.100 \\"),
                          HasSubstr("songs & 7 \\"), HasSubstr("score [95 \\%] & arousal \\"),
                          HasSubstr("RMSE of one rater & 0.375 \\"), Not(HasSubstr("within")),
                          HasSubstr("points in time & 90 \\"), HasSubstr("mean & 0.750 &  & 0"),
                          HasSubstr("dark &  &  & 0"), Not(HasSubstr("tab:all-scores")),
                          Not(HasSubstr("tab:all-confusion"))));
  // Every environment that begins ends.
  for (const std::string name : {"table", "tabular"}) {
    std::size_t begins = 0;
    std::size_t ends = 0;
    for (std::size_t at = 0; (at = text.find("\\begin{" + name + "}", at)) != text.npos; ++at) {
      ++begins;
    }
    for (std::size_t at = 0; (at = text.find("\\end{" + name + "}", at)) != text.npos; ++at) ++ends;
    EXPECT_EQ(begins, 3U) << name;
    EXPECT_EQ(ends, 3U) << name;
  }
}

}  // namespace
}  // namespace mer
