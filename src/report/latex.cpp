#include "mer/report/latex.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "mer/core/text.hpp"
#include "score_tables.hpp"

namespace mer {
namespace {

/// Text in LaTeX, whatever signs it has.
std::string in_latex(std::string_view plain) {
  static const std::vector<std::pair<std::string_view, std::string_view>> kSigns = {
      {"−", "$-$"},
      {"–", "--"},
      {"±", "$\\pm$"},
      {"×", "$\\times$"},
      {"²", "$^2$"},
      {"%", "\\%"},
      {"_", "\\_"},
      {"&", "\\&"},
      {"#", "\\#"},
      {"$", "\\$"},
      {"{", "\\{"},
      {"}", "\\}"},
      {"<", "$<$"},
      {">", "$>$"},
      {"\\", "$\\backslash$"},
      {"~", "\\textasciitilde{}"},
      {"…", "\\dots{}"},
      {"^", "\\textasciicircum{}"}};
  const std::string text = to_valid_utf8(plain);
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto sign = std::find_if(kSigns.begin(), kSigns.end(), [&](const auto& pair) {
      return text.compare(i, pair.first.size(), pair.first) == 0;
    });
    if (sign != kSigns.end()) {
      out += sign->second;
      i += sign->first.size();
      continue;
    }
    const char c = text[i];
    const bool is_minus = c == '-' && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '[') &&
                          i + 1 < text.size() && std::isdigit(text[i + 1]) != 0;
    if (is_minus) {
      out += "$-$";
    } else {
      out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    ++i;
  }
  return out;
}

/// A cell in Markdown: **bold**, and `\|` for a bar.
std::string from_markdown(const std::string& text) {
  std::string out;
  bool bold = false;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find("**", start), text.size());
    std::string part = text.substr(start, end - start);
    for (std::size_t at = 0; (at = part.find("\\|", at)) != std::string::npos; ++at) {
      part.erase(at, 1);
    }
    out += in_latex(part);
    start = end + 2;
    if (end == text.size()) break;
    out += bold ? "}" : "\\textbf{";
    bold = !bold;
  }
  return bold ? out + "}" : out;
}

/// The cells of a Markdown table's line.
std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::string cell;
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '|' && line[i - 1] != '\\') {
      cells.push_back(from_markdown(trimmed(cell)));
      cell.clear();
    } else {
      cell += line[i];
    }
  }
  return cells;
}

/// @param rows  the head, then the others; cells are LaTeX
/// @param label empty: none
std::string table_of(const std::string& caption, const std::string& label,
                     const std::vector<std::vector<std::string>>& rows) {
  std::string text = "\n\\begin{table}\n\\caption{" + caption + "}\n";
  if (!label.empty()) text += "\\label{tab:" + label + "}\n";
  text += "\\begin{tabular}{l" + std::string(rows.front().size() - 1, 'r') + "}\n\\toprule\n";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string row = join(rows[i], " & ");
    // After the end of a row, both would be read as its argument.
    if (row.starts_with('[') || row.starts_with('*')) text += "{}";
    text += row + " \\\\\n" + (i == 0 ? "\\midrule\n" : "");
  }
  return text + "\\bottomrule\n\\end{tabular}\n\\end{table}\n";
}

}  // namespace

std::string latex_tables(const std::string& markdown) {
  std::string text = kLatexHead;
  std::string heading;
  std::vector<std::vector<std::string>> rows;
  const auto finish = [&] {
    if (rows.size() > 1) {
      rows.erase(rows.begin() + 1);  // the line of dashes
      text += table_of(from_markdown(heading), "", rows);
    }
    rows.clear();
  };
  for (std::size_t start = 0; start < markdown.size();) {
    const std::size_t end = std::min(markdown.find('\n', start), markdown.size());
    const std::string line = markdown.substr(start, end - start);
    start = end + 1;
    if (line.starts_with("|")) {
      rows.push_back(cells_of(line));
      continue;
    }
    finish();
    if (line.starts_with("#")) heading = trimmed(line.substr(line.find_first_not_of('#')));
  }
  finish();
  return text;
}

std::string latex_table(const ScoreTable& table, const std::string& split) {
  std::vector<std::vector<std::string>> rows = {table.head};
  rows.insert(rows.end(), table.rows.begin(), table.rows.end());
  for (auto& row : rows) {
    for (std::string& cell : row) cell = in_latex(cell);
  }
  std::string label = split + "-" + table.name;
  std::replace_if(
      label.begin(), label.end(), [](unsigned char c) { return std::isalnum(c) == 0 || c > 0x7F; },
      '-');
  const bool is_part = split.find(' ') == std::string::npos;  // else it says itself what it is of
  return table_of(in_latex(table.caption + ", " + split + (is_part ? " songs" : "")), label, rows);
}

std::string latex_tables(const Evaluation& evaluation) {
  std::string text = kLatexHead;
  for (const ScoreTable& table : score_tables(evaluation)) {
    text += latex_table(table, evaluation.split);
  }
  return text;
}

}  // namespace mer
