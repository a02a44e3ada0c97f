#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mer {

/// The candidate with the smallest Damerau–Levenshtein distance (case ignored) to `word`, if it is
/// near enough to be a typing error (at most a third of the word's length, at least 2 allowed).
std::optional<std::string> nearest_word(std::string_view word,
                                        std::span<const std::string> candidates);

std::string join(std::span<const std::string> words, std::string_view separator);
/// A word as a shell wants it typed.
std::string shell_word(std::string_view word);
/// The same of a path, which is then no option either.
std::string shell_quoted(const std::filesystem::path& path);
/// What the separators divide, empty words too; an empty text is no word.
std::vector<std::string> split_words(std::string_view text, char separator);

/// One record of a CSV file, with the line it starts on (from 1).
struct CsvRow {
  int line = 0;
  std::vector<std::string> cells;
};

/// Whether every row must have as many cells as the first.
enum class CsvRows { kEquallyLong, kOfAnyLength };

/// Reads CSV (RFC 4180: quotes, doubled quotes, line breaks inside quotes; LF or CRLF; a UTF-8 byte
/// order mark is skipped; empty lines are skipped).
/// @throws UsageError naming file and line for an unterminated quote; where rows must be equally
///         long, also for a row that isn't, for columns that something else than commas separates
///         and for what require_utf8() refuses
std::vector<CsvRow> read_csv(const std::filesystem::path& path,
                             CsvRows rows = CsvRows::kEquallyLong);
std::vector<CsvRow> parse_csv(std::string_view text, const std::string& name,
                              CsvRows rows = CsvRows::kEquallyLong);

/// One CSV line with a line feed; cells are quoted where RFC 4180 wants it, and where they hold a
/// '#', behind which some readers see a comment.
std::string csv_line(std::span<const std::string> cells);

/// A number as short as it can be and still be read back the same ("0.1", "1e-05"); "" for NaN.
std::string format_number(double value);

/// @throws UsageError when the file can't be read
std::string read_text_file(const std::filesystem::path& path);

/// Writes a file atomically: temporary name in the same folder, fsync, rename.
/// @throws Error when it can't be written
void write_text_file(const std::filesystem::path& path, std::string_view text);

/// Without the spaces, tabs and no-break spaces around it.
std::string trimmed(std::string_view text);

/// A character at the front of a text.
struct Utf8Character {
  char32_t code = 0;
  std::size_t num_bytes = 0;
};

/// The character at the front of a text that is not empty; of a byte that is no UTF-8 U+FFFD.
Utf8Character first_character(std::string_view text);

/// @throws UsageError naming the line of the first byte that is no UTF-8, or the encoding or kind
/// of
///         file that it seems to be: UTF-16, UTF-32, a spreadsheet, a binary file, lines that end
///         in CR
void require_utf8(std::string_view text, const std::string& name);

/// `text` with every byte that is not part of valid UTF-8 replaced by U+FFFD.
std::string to_valid_utf8(std::string_view text);

}  // namespace mer
