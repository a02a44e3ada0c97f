#include "validators.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "mer/core/text.hpp"

namespace mer::app {

CLI::Validator number(const Range& range) {
  const auto check = [range](const std::string& text) -> std::string {
    double value = 0.0;
    const char* const end = text.data() + text.size();
    const auto [parsed, error] = std::from_chars(text.data(), end, value);
    const bool is_number = error == std::errc() && parsed == end && std::isfinite(value);
    if (is_number && range.contains(value)) return {};
    return "'" + text + "' is not a number " + range.text();
  };
  return CLI::Validator(check, range.text());
}

CLI::Validator one_of(const std::vector<std::string>& words) {
  const auto check = [words](const std::string& text) -> std::string {
    if (std::find(words.begin(), words.end(), text) != words.end()) return {};
    const auto near = nearest_word(text, words);
    return "'" + text + "' is not one of " + join(words, ", ") +
           (near ? ", did you mean '" + *near + "'?" : "");
  };
  return CLI::Validator(check, join(words, "|"));
}

}  // namespace mer::app
