#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <vector>

#include "mer/predict/predict_files.hpp"

namespace mer {

// What `mer predict` prints, as text. Bytes that are not UTF-8 become U+FFFD everywhere.

/// One element of the document's `results` (contract/predict.schema.json), keys in the schema's
/// order; a failed file also has `hint`, a song whose valence and arousal a model predicts also
/// `valence` and `arousal`, and where the classes are the four of Quadrants a song has
/// `p_positive_valence` and `p_high_arousal`. Times are rounded to milliseconds.
nlohmann::ordered_json to_json(const FileResult& result, const std::vector<std::string>& classes);

/// The whole document of `--format json`, with a line feed at the end.
/// @param model  name or path of the model used; several are joined by " + "
std::string predictions_json(const std::string& model, const std::vector<std::string>& classes,
                             std::span<const FileResult> results);

/// One line of `--format jsonl`, with its line feed: to_json() and, for `--resume`, `size_bytes`
/// and `modified` of the file (null when it is missing) and `model`.
std::string prediction_jsonl(const FileResult& result, const std::vector<std::string>& classes,
                             const std::string& model);

/// `path,status,emotion,confidence,p_<class>…,duration_s,analysed_s,segments,error`, of the four
/// classes also `p_positive_valence,p_high_arousal`, with its line feed. `segments` is a count.
std::string predictions_csv_header(const std::vector<std::string>& classes);
/// A row below that header; cells that don't apply are empty.
std::string prediction_csv_row(const FileResult& result, const std::vector<std::string>& classes);

/// The table for a terminal, line by line, so that rows can be shown as they come.
class PredictionTable {
 public:
  /// @param paths  of all inputs; the first column becomes as wide as the longest (at most 60)
  PredictionTable(std::span<const std::string> paths, std::vector<std::string> classes);

  std::string header() const;                       ///< with its line feed
  std::string row(const FileResult& result) const;  ///< with its line feed

 private:
  std::vector<std::string> classes_;
  std::size_t file_width_ = 0;
};

/// "2 files", "2 files, 1 failed (exit code 3)"; without a line feed.
std::string closing_line(const BatchCount& count);

/// A song's emotion over its length, drawn below its row of the table in text of at most `width`
/// columns: which class is the
/// most likely (by the key letter that stands before each class's row), each class's probability as
/// a bar from 0 to 1, and the time below. A dot is a stretch that no segment covers (silence).
/// A failed file gives one line with the error.
/// @param width  columns of the terminal; at least 40 are taken
std::string timeline(const FileResult& result, const std::vector<std::string>& classes, int width);

}  // namespace mer
