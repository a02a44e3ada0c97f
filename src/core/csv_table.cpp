#include "mer/core/csv_table.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "mer/core/error.hpp"

namespace mer {
namespace {

std::string at_line(const std::filesystem::path& file, int line) {
  return file.string() + ":" + std::to_string(line) + ": ";
}

std::string without_quotes_around(std::string text) {
  text = trimmed(text);
  if (text.starts_with('"')) text.erase(0, 1);
  if (text.ends_with('"')) text.pop_back();
  return trimmed(text);
}

}  // namespace

CsvTable::CsvTable(std::filesystem::path file, Form form) : file_(std::move(file)) {
  const bool loose = form == Form::kLoose;
  rows_ = read_csv(file_, loose ? CsvRows::kOfAnyLength : CsvRows::kEquallyLong);
  if (rows_.empty()) {
    throw UsageError(file_.string() + ": the file is empty",
                     "its first line must name the columns");
  }
  if (loose) {
    for (CsvRow& row : rows_) {
      for (std::string& cell : row.cells) cell = without_quotes_around(std::move(cell));
    }
  }
  header_ = std::move(rows_.front());
  rows_.erase(rows_.begin());
  for (std::size_t i = 0; i < header_.cells.size(); ++i) cell_of_.emplace(header_.cells[i], i);
}

void CsvTable::require(const std::vector<std::string>& columns, const std::string& hint) const {
  for (const std::string& column : columns) {
    if (!has(column)) {
      throw UsageError(where_header() + "column '" + column + "' is missing", hint);
    }
  }
}

const std::string& CsvTable::cell(std::size_t row, const std::string& column) const {
  static const std::string kEmpty;
  const auto found = cell_of_.find(column);
  const std::vector<std::string>& cells = rows_[row].cells;
  return found == cell_of_.end() || found->second >= cells.size() ? kEmpty : cells[found->second];
}

double CsvTable::number(std::size_t row, const std::string& column) const {
  const std::string& text = cell(row, column);
  double value = 0.0;
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || parsed != end || !std::isfinite(value)) {
    throw UsageError(where(row) + column + " '" + text + "' is not a number");
  }
  return value;
}

double CsvTable::number_or_nan(std::size_t row, const std::string& column) const {
  return cell(row, column).empty() ? std::numeric_limits<double>::quiet_NaN() : number(row, column);
}

std::string CsvTable::where(std::size_t row) const { return at_line(file_, line(row)); }
std::string CsvTable::where_header() const { return at_line(file_, header_.line); }

}  // namespace mer
