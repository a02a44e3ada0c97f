#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace mer {

/// On one line, or indented; bytes that are not UTF-8 become U+FFFD.
std::string json_text(const nlohmann::ordered_json& json, int indent = -1);

/// @throws UsageError naming the file when it can't be read or holds no JSON object
nlohmann::ordered_json read_json_file(const std::filesystem::path& file);

/// JSON knows no NaN and no infinity.
nlohmann::ordered_json number_or_null(double value);
/// A number of an object; NaN where it is null, no number, or not there.
double number_or_nan(const nlohmann::ordered_json& object, std::string_view key);

/// The first value that two documents do not share.
struct JsonDifference {
  std::string key;       ///< dotted
  std::string expected;  ///< as JSON, or "absent"
  std::string found;
};
/// Looks in the order of the expected document, then for what only the other one has.
std::optional<JsonDifference> find_difference(const nlohmann::ordered_json& expected,
                                              const nlohmann::ordered_json& found);

}  // namespace mer
