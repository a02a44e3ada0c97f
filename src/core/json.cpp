#include "mer/core/json.hpp"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json* value) { return value == nullptr ? "absent" : value->dump(); }

std::optional<JsonDifference> difference_below(const Json& expected, const Json& found,
                                               const std::string& prefix) {
  const auto compare = [&](const std::string& key, const Json* one,
                           const Json* other) -> std::optional<JsonDifference> {
    const std::string dotted = prefix.empty() ? key : prefix + "." + key;
    if (one && other && one->is_object() && other->is_object()) {
      return difference_below(*one, *other, dotted);
    }
    if (one && other && *one == *other) return std::nullopt;
    return JsonDifference{dotted, text_of(one), text_of(other)};
  };
  for (const auto& [key, value] : expected.items()) {
    const auto other = found.find(key);
    if (auto found_one = compare(key, &value, other == found.end() ? nullptr : &*other)) {
      return found_one;
    }
  }
  for (const auto& [key, value] : found.items()) {
    if (!expected.contains(key)) return compare(key, nullptr, &value);
  }
  return std::nullopt;
}

}  // namespace

std::string json_text(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Json read_json_file(const std::filesystem::path& file) {
  Json json = Json::parse(read_text_file(file), nullptr, false);
  if (!json.is_object()) throw UsageError(file.string() + ": is not valid JSON");
  return json;
}

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

double number_or_nan(const Json& object, std::string_view key) {
  if (object.is_object()) {
    const auto found = object.find(std::string(key));
    if (found != object.end() && found->is_number()) return found->get<double>();
  }
  return std::numeric_limits<double>::quiet_NaN();
}

std::optional<JsonDifference> find_difference(const Json& expected, const Json& found) {
  return difference_below(expected, found, "");
}

}  // namespace mer
