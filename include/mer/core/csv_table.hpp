#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "mer/core/text.hpp"

namespace mer {

/// A CSV file whose first line names the columns.
class CsvTable {
 public:
  enum class Form {
    kStrict,  ///< rows as long as the first, cells as they are
    kLoose    ///< rows of any length, no spaces or stray quotes around names and cells
  };
  /// @throws UsageError when the file can't be read, is empty or is no such CSV
  explicit CsvTable(std::filesystem::path file, Form form = Form::kStrict);

  /// @throws UsageError naming the first of the columns that is missing
  void require(const std::vector<std::string>& columns, const std::string& hint) const;

  const std::filesystem::path& file() const { return file_; }
  const std::vector<std::string>& columns() const { return header_.cells; }
  bool has(const std::string& column) const { return cell_of_.count(column) != 0; }
  /// Rows below the header.
  std::size_t size() const { return rows_.size(); }
  int line(std::size_t row) const { return rows_[row].line; }
  /// Empty when the row is too short or there is no such column.
  const std::string& cell(std::size_t row, const std::string& column) const;
  /// @throws UsageError naming the line for a cell that is not a number
  double number(std::size_t row, const std::string& column) const;
  /// NaN for an empty cell.
  double number_or_nan(std::size_t row, const std::string& column) const;

  /// "songs.csv:7: ", as messages about a row begin.
  std::string where(std::size_t row) const;
  /// The same of the header.
  std::string where_header() const;

 private:
  std::filesystem::path file_;
  CsvRow header_;
  std::vector<CsvRow> rows_;
  std::map<std::string, std::size_t> cell_of_;  ///< the first column of each name
};

}  // namespace mer
