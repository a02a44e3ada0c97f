#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "mer/predict/predict_files.hpp"

namespace mer {

// What `mer predict` shows to people. Bytes that are not UTF-8 become U+FFFD everywhere.

/// The table for a terminal, line by line, so that rows can be shown as they come.
class PredictionTable {
 public:
  /// @param paths    of all inputs; the first column becomes as wide as the longest, if the line
  ///                 then still has no more than so many columns; longer paths lose their middle
  /// @param columns  of the terminal
  PredictionTable(std::span<const std::string> paths, AnswerKinds answers, int columns);

  std::string header() const;  ///< with its line feed
  /// Whether there are valence and arousal that follow from the classes: where there is room.
  bool shows_derived_values() const { return shows_values_ && answers_.derives_values; }
  /// A line with its line feed; what is to be said about the song stands in lines below.
  std::string row(const FileResult& result) const;

 private:
  std::string numbers_header() const;

  AnswerKinds answers_;
  bool shows_values_ = false;
  std::size_t columns_ = 0;
  std::size_t file_width_ = 0;
};

/// "2 files", "2 files, 1 failed (exit code 3)"; without a line feed.
std::string closing_line(const BatchCount& count);

/// A song's emotion over its length, drawn below its row of the table in text of at most `width`
/// columns: which class is the
/// most likely (by the key letter that stands before each class's row), each class's probability as
/// a bar from 0 to 1, and the time below. A dot is a stretch that no segment covers (silence).
/// Valence and arousal that a model was trained to answer are bars from −1 to 1. A failed file
/// gives one line with the error.
/// @param width  columns of the terminal; at least 40 are taken
std::string timeline(const FileResult& result, const AnswerKinds& answers, int width);

}  // namespace mer
