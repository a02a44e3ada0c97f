#include "mer/core/text_table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <utility>
#include <vector>

#include "mer/core/text.hpp"

namespace mer {
namespace {

struct Character {
  char32_t code = 0;
  std::size_t begin = 0;  ///< first byte
  std::size_t size = 0;   ///< bytes
};

/// @param text  valid UTF-8
std::vector<Character> characters(std::string_view text) {
  std::vector<Character> found;
  for (std::size_t at = 0; at < text.size();) {
    const auto [code, num_bytes] = first_character(text.substr(at));
    found.push_back({code, at, num_bytes});
    at += num_bytes;
  }
  return found;
}

bool within(char32_t code, std::initializer_list<std::pair<char32_t, char32_t>> ranges) {
  for (const auto& [first, last] : ranges) {
    if (code >= first && code <= last) return true;
  }
  return false;
}

std::size_t width_of(char32_t code) {
  if (within(code, {{0x0300, 0x036F}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}})) {
    return 0;
  }
  if (within(code, {{0x1100, 0x115F},
                    {0x2E80, 0xA4CF},
                    {0xAC00, 0xD7A3},
                    {0xF900, 0xFAFF},
                    {0xFE30, 0xFE6F},
                    {0xFF00, 0xFF60},
                    {0xFFE0, 0xFFE6},
                    {0x1F300, 0x1F64F},
                    {0x1F900, 0x1F9FF},
                    {0x20000, 0x3FFFD}})) {
    return 2;
  }
  return 1;
}

std::string printed(const char* format, int digits, double value) {
  std::array<char, 400> text{};  // the largest double has 309 digits before the point
  std::snprintf(text.data(), text.size(), format, digits, value);
  return text.data();
}

bool is_control(char32_t code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (const Character& character : characters(text)) width += width_of(character.code);
  return width;
}

std::string printable(std::string_view text) {
  const std::string valid = to_valid_utf8(text);
  std::string shown;
  for (const Character& character : characters(valid)) {
    if (is_control(character.code)) {
      shown += '?';
    } else {
      shown += valid.substr(character.begin, character.size);
    }
  }
  return shown;
}

std::string pad_left(std::string_view text, std::size_t width) {
  const std::size_t taken = display_width(text);
  return std::string(width > taken ? width - taken : 0, ' ') + std::string(text);
}

std::string pad_right(std::string_view text, std::size_t width) {
  const std::size_t taken = display_width(text);
  return std::string(text) + std::string(width > taken ? width - taken : 0, ' ');
}

std::string shorten(std::string_view text, std::size_t width) {
  if (display_width(text) <= width || width < 2) return std::string(text);
  const std::vector<Character> all = characters(text);
  const std::size_t front_width = (width - 1) / 2;
  const std::size_t back_width = width - 1 - front_width;
  std::size_t front = 0;
  for (std::size_t used = 0; front < all.size(); ++front) {
    used += width_of(all[front].code);
    if (used > front_width) break;
  }
  std::size_t back = all.size();
  for (std::size_t used = 0; back > front; --back) {
    used += width_of(all[back - 1].code);
    if (used > back_width) break;
  }
  return std::string(text.substr(0, all[front].begin)) + "…" +
         (back < all.size() ? std::string(text.substr(all[back].begin)) : std::string());
}

std::string aligned_rows(std::span<const std::vector<std::string>> rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i]));
    }
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += i + 1 < row.size() ? pad_right(row[i], widths[i] + 2) : row[i] + "\n";
    }
  }
  return text;
}

std::string fixed(double value, int digits) { return printed("%.*f", digits, value); }

std::string significant(double value, int digits) { return printed("%.*g", digits, value); }

std::string sparkline(std::span<const double> values, std::size_t width) {
  static constexpr std::array<const char*, 8> kBars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::vector<double> known;
  std::ranges::copy_if(values, std::back_inserter(known), [](double v) { return !std::isnan(v); });
  const std::size_t bars = std::min(width, known.size());
  std::vector<double> means;
  for (std::size_t bar = 0; bar < bars; ++bar) {
    const std::size_t first = bar * known.size() / bars;
    const std::size_t last = (bar + 1) * known.size() / bars;
    double sum = 0.0;
    for (std::size_t i = first; i < last; ++i) sum += known[i];
    means.push_back(sum / static_cast<double>(last - first));
  }
  if (means.empty()) return "";
  const auto [low, high] = std::ranges::minmax(means);
  std::string line;
  for (const double mean : means) {
    const double share = high > low ? (mean - low) / (high - low) : 0.0;
    line += kBars[static_cast<std::size_t>(std::lround(share * (kBars.size() - 1)))];
  }
  return line;
}

}  // namespace mer
