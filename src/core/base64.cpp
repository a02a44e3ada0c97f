#include "mer/core/base64.hpp"

#include <algorithm>
#include <cstdint>
#include <stdexcept>

namespace mer {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string encode_base64(std::string_view bytes) {
  std::string text;
  for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(3, bytes.size()))) {
    std::uint32_t block = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      block = block << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text += i <= bytes.size() ? kDigits[block >> (18 - 6 * i) & 63U] : '=';
    }
  }
  return text;
}

std::string decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) throw std::invalid_argument("not base64");
  std::string bytes;
  for (; !text.empty(); text.remove_prefix(4)) {
    const std::size_t num_digits = std::min(text.find('='), std::size_t{4});
    std::uint32_t block = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const std::size_t digit = i < num_digits ? kDigits.find(text[i]) : 0;
      if (digit == std::string_view::npos || num_digits < 2 ||
          (i >= num_digits && text[i] != '=')) {
        throw std::invalid_argument("not base64");
      }
      block = block << 6 | static_cast<std::uint32_t>(digit);
    }
    for (std::size_t i = 0; i + 1 < num_digits; ++i) {
      bytes += static_cast<char>(block >> (16 - 8 * i) & 255U);
    }
  }
  return bytes;
}

}  // namespace mer
