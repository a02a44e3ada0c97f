#include "mer/core/text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <fstream>
#include <sstream>
#include <system_error>

#include "mer/core/atomic_file.hpp"
#include "mer/core/error.hpp"

namespace mer {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

/// Optimal string alignment: insertions, deletions, substitutions, swaps of neighbors.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

/// Only commas separate columns here; who wrote a table with something else is told so.
void require_commas(const CsvRow& header, const std::string& name) {
  const std::string& line = header.cells.front();
  const std::string place = name + ":" + std::to_string(header.line) + ": ";
  if (line.starts_with("sep=")) {
    throw UsageError(place + "begins with '" + line + "', which only spreadsheets understand",
                     "remove that line; columns are separated by commas");
  }
  const std::size_t found = line.find_first_of(";\t|");
  if (header.cells.size() > 1 || found == std::string::npos) return;
  const std::string separator = line[found] == '\t' ? "tabs" : "'" + line.substr(found, 1) + "'";
  throw UsageError(place + "the columns are separated by " + separator + ", not by commas",
                   "save it as CSV that is separated by commas, with points in numbers");
}

}  // namespace

std::optional<std::string> nearest_word(std::string_view word,
                                        std::span<const std::string> candidates) {
  const std::string wanted = lower_case(word);
  const std::size_t allowed = std::max<std::size_t>(2, wanted.size() / 3);
  std::optional<std::string> best;
  std::size_t best_distance = allowed + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(wanted, lower_case(candidate));
    if (distance < best_distance && distance < std::max<std::size_t>(1, candidate.size())) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string join(std::span<const std::string> words, std::string_view separator) {
  std::string joined;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) joined += separator;
    joined += words[i];
  }
  return joined;
}

std::string shell_word(std::string_view word) {
  const bool is_plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("/._-+,:=@%").find(c) != std::string_view::npos ||
           static_cast<unsigned char>(c) >= 0x80;
  });
  if (is_plain) return std::string(word);
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string shell_quoted(const std::filesystem::path& path) {
  const std::string text = path.string();
  return shell_word(text.starts_with('-') ? "./" + text : text);
}

std::vector<std::string> split_words(std::string_view text, char separator) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; !text.empty() && begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    words.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

std::vector<CsvRow> parse_csv(std::string_view text, const std::string& name, CsvRows length) {
  if (length == CsvRows::kEquallyLong) require_utf8(text, name);
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<CsvRow> rows;
  CsvRow row;
  std::string cell;
  bool quoted = false;
  bool cell_was_quoted = false;
  int line = 1;
  row.line = 1;

  const auto end_cell = [&] {
    row.cells.push_back(std::move(cell));
    cell.clear();
    cell_was_quoted = false;
  };
  const auto end_row = [&] {
    const bool is_empty = row.cells.empty() && cell.empty() && !cell_was_quoted;
    if (!is_empty) {
      end_cell();
      if (length == CsvRows::kEquallyLong && rows.empty()) require_commas(row, name);
      if (length == CsvRows::kEquallyLong && !rows.empty() &&
          row.cells.size() != rows.front().cells.size()) {
        throw UsageError(name + ":" + std::to_string(row.line) + ": " +
                             std::to_string(row.cells.size()) + " columns where the header has " +
                             std::to_string(rows.front().cells.size()),
                         "put quotes around a cell that contains a comma");
      }
      rows.push_back(std::move(row));
    }
    row = CsvRow{};
  };

  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (quoted) {
      if (c != '"') {
        cell += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        cell += '"';
        ++i;
      } else {
        quoted = false;
      }
    } else if (c == '"' && cell.empty() && !cell_was_quoted) {
      quoted = true;
      cell_was_quoted = true;
    } else if (c == ',') {
      end_cell();
    } else if (c == '\n') {
      end_row();
      row.line = line;
    } else if (c == '\r' && (i + 1 == text.size() || text[i + 1] == '\n')) {
      // part of CRLF
    } else {
      cell += c;
    }
  }
  if (quoted) {
    throw UsageError(name + ":" + std::to_string(row.line) +
                     ": a quote is opened and never closed");
  }
  end_row();
  return rows;
}

std::vector<CsvRow> read_csv(const std::filesystem::path& path, CsvRows length) {
  return parse_csv(read_text_file(path), path.string(), length);
}

std::string csv_line(std::span<const std::string> cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += ',';
    const std::string& cell = cells[i];
    // A lone empty cell would otherwise be an empty line, which readers skip.
    const bool lone_empty = cells.size() == 1 && cell.empty();
    const bool like_mark = cell.starts_with(kByteOrderMark);  // which readers skip at the start
    if (!lone_empty && !like_mark && cell.find_first_of(",\"\r\n#") == std::string::npos) {
      line += cell;
      continue;
    }
    line += '"';
    for (const char c : cell) {
      if (c == '"') line += '"';
      line += c;
    }
    line += '"';
  }
  line += '\n';
  return line;
}

std::string format_number(double value) {
  if (std::isnan(value)) return "";
  std::array<char, 64> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end};
}

std::string read_text_file(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    throw UsageError(path.string() + ": no such file");
  }
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path, ignored)) {
    throw UsageError(path.string() + ": cannot be read", "check that it is a file and readable");
  }
  std::ostringstream text;
  text << in.rdbuf();
  if (in.bad()) throw UsageError(path.string() + ": reading failed");
  return text.str();
}

void write_text_file(const std::filesystem::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

std::string trimmed(std::string_view text) {
  constexpr std::array<std::string_view, 3> kSpaces = {" ", "\t", "\xC2\xA0"};
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view space : kSpaces) {
      if (text.starts_with(space)) text.remove_prefix(space.size()), again = true;
      if (text.ends_with(space)) text.remove_suffix(space.size()), again = true;
    }
  }
  return std::string(text);
}

Utf8Character first_character(std::string_view text) {
  constexpr Utf8Character kNone = {0xFFFD, 1};
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xC2 || lead > 0xF4) return kNone;
  const std::size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  char32_t code = lead & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if (i >= text.size() || (byte(i) & 0xC0) != 0x80) return kNone;
    code = code << 6 | (byte(i) & 0x3FU);
  }
  const bool is_overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
  return is_overlong || is_surrogate || code > 0x10FFFF ? kNone : Utf8Character{code, size};
}

void require_utf8(std::string_view text, const std::string& name) {
  using namespace std::string_view_literals;
  constexpr const char* kHint = "save it as UTF-8 text";
  if (text.starts_with("PK\x03\x04"sv)) {
    throw UsageError(name + ": is a ZIP archive or a spreadsheet (.xlsx, .ods), not text",
                     "save it as CSV in UTF-8");
  }
  if (text.starts_with("\xFF\xFE"sv) || text.starts_with("\xFE\xFF"sv) ||
      text.starts_with("\0\0\xFE\xFF"sv)) {
    throw UsageError(name + ": is text in UTF-16 or UTF-32, not in UTF-8", kHint);
  }
  const std::size_t carriage_return = text.find('\r');
  if (carriage_return != std::string_view::npos && text.find('\n') == std::string_view::npos) {
    throw UsageError(name + ": its lines end in CR alone",
                     "make line feeds of them: mac2unix FILE");
  }
  int line = 1;
  for (std::string_view rest = text; !rest.empty();) {
    const Utf8Character character = first_character(rest);
    const bool is_broken = character.code == 0xFFFD && character.num_bytes == 1;
    if (is_broken || character.code == 0) {
      const std::string place = name + ":" + std::to_string(line) + ": ";
      if (!is_broken) throw UsageError(place + "a zero byte: this is not a text file");
      const std::size_t begin = text.substr(0, text.size() - rest.size()).rfind('\n') + 1;
      const std::string_view whole = text.substr(begin, text.find('\n', begin) - begin);
      throw UsageError(place + "a byte that is not UTF-8: '" + to_valid_utf8(whole) + "'",
                       "convert it, for example: iconv -f WINDOWS-1252 -t UTF-8 FILE");
    }
    if (character.code == '\n') ++line;
    rest.remove_prefix(character.num_bytes);
  }
}

std::string to_valid_utf8(std::string_view text) {
  std::string valid;
  while (!text.empty()) {
    const Utf8Character character = first_character(text);
    const bool is_broken = character.code == 0xFFFD && character.num_bytes == 1;
    valid += is_broken ? "\xEF\xBF\xBD" : text.substr(0, character.num_bytes);
    text.remove_prefix(character.num_bytes);
  }
  return valid;
}

}  // namespace mer
