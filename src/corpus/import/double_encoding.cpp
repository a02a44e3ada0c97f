#include "import/double_encoding.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "mer/core/text.hpp"

namespace mer::importing {
namespace {

/// The byte that Windows-1252 has for a character, if it has one. The five bytes that it leaves
/// undefined count as the control characters of the same number, as most software writes them.
std::optional<unsigned char> windows_1252_byte(char32_t character) {
  static constexpr std::array<char32_t, 32> kHigh = {
      0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
      0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
      0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};
  const auto found = std::find(kHigh.begin(), kHigh.end(), character);
  if (found != kHigh.end()) return static_cast<unsigned char>(0x80 + (found - kHigh.begin()));
  if (character <= 0xFF) return static_cast<unsigned char>(character);
  return std::nullopt;
}

}  // namespace

std::string repair_double_encoding(const std::string& text) {
  if (to_valid_utf8(text) != text) return text;
  std::string undone;
  for (std::string_view rest = text; !rest.empty();) {
    const auto [code, num_bytes] = first_character(rest);
    const std::optional<unsigned char> byte = windows_1252_byte(code);
    if (!byte) return text;
    undone.push_back(static_cast<char>(*byte));
    rest.remove_prefix(num_bytes);
  }
  return to_valid_utf8(undone) == undone ? undone : text;
}

}  // namespace mer::importing
