#pragma once

#include <string>
#include <vector>

#include "mer/runs/evaluation_files.hpp"

namespace mer {

/// A table of an evaluation's scores in plain text, for pages and for LaTeX.
struct ScoreTable {
  std::string name;     ///< of a file: "scores", "classes", "confusion", …
  std::string caption;  ///< what it shows, without the songs' part
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
};

/// Those that an evaluation has numbers for:
///
///   scores, classes, confusion, sides  of classes
///   embeddings                         of a network that tells classes
///   valence_arousal, over_time         of numbers
///   tags                               of several labels a song
std::vector<ScoreTable> score_tables(const Evaluation& evaluation);

/// "0.600 [0.559, 0.641]"; without the interval, or nothing, where they are NaN.
std::string score_with_interval(double score, const Interval& interval);

/// As a LaTeX table of the package booktabs.
std::string latex_table(const ScoreTable& table, const std::string& split);
/// The comment that files of such tables begin with.
inline constexpr const char* kLatexHead = "% \\usepackage{booktabs}\n";

}  // namespace mer
