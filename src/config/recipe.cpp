#include "mer/config/recipe.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "mer/core/error.hpp"
#include "mer/core/hash.hpp"

namespace mer {
namespace {

constexpr std::size_t kDigits = 12;

/// Options that came after the first models and feature files. At their default they say nothing
/// new, so they are left out: what was made before them keeps its fingerprint. A later option joins
/// this list, and its default never changes.
constexpr std::array<const char*, 3> kLaterOptions = {"/features/lld", "/features/frame/padding",
                                                      "/audio/level_dbfs"};

void leave_out_later_options(nlohmann::ordered_json& json) {
  static const nlohmann::ordered_json kDefaults = to_json(Recipe{});
  for (const char* option : kLaterOptions) {
    const nlohmann::ordered_json::json_pointer place(option);
    if (json.at(place) == kDefaults.at(place)) json.at(place.parent_pointer()).erase(place.back());
  }
}

std::string short_hash(const nlohmann::ordered_json& json) {
  return hash_hex(json.dump()).substr(0, kDigits);
}

/// The first option, in the expected recipe's order, whose value is not the same.
struct Difference {
  std::string key;
  std::string expected;
  std::string found;
};

std::string text_of(const nlohmann::ordered_json* value) {
  return value == nullptr ? "absent" : value->dump();
}

/// @return false when there is no difference
bool find_difference(const nlohmann::ordered_json& expected, const nlohmann::ordered_json& found,
                     const std::string& prefix, Difference& difference) {
  const auto compare = [&](const std::string& key, const nlohmann::ordered_json* one,
                           const nlohmann::ordered_json* other) {
    const std::string dotted = prefix.empty() ? key : prefix + "." + key;
    if (one && other && one->is_object() && other->is_object()) {
      return find_difference(*one, *other, dotted, difference);
    }
    if (one && other && *one == *other) return false;
    difference = {dotted, text_of(one), text_of(other)};
    return true;
  };
  for (const auto& [key, value] : expected.items()) {
    const auto other = found.find(key);
    if (compare(key, &value, other == found.end() ? nullptr : &*other)) return true;
  }
  for (const auto& [key, value] : found.items()) {
    if (!expected.contains(key) && compare(key, nullptr, &value)) return true;
  }
  return false;
}

}  // namespace

void Recipe::visit(OptionsVisitor& v) {
  v.section("audio", audio);
  v.section("vad", vad);
  v.section("features", features);
}

nlohmann::ordered_json Recipe::shared() const {
  nlohmann::ordered_json json = to_json(*this);
  for (const char* key : {"start_s", "duration_s", "pad_to_s"}) json["audio"].erase(key);
  leave_out_later_options(json);
  return json;
}

std::string Recipe::fingerprint() const { return short_hash(shared()); }

std::string Recipe::store_key() const {
  nlohmann::ordered_json json = shared();
  json["audio"]["start_s"] = audio.start_s;
  json["audio"]["duration_s"] = audio.duration_s;
  return short_hash(json);
}

void require_same_recipe(const nlohmann::ordered_json& expected_shared,
                         const nlohmann::ordered_json& found_shared, const std::string& where) {
  Difference difference;
  if (!find_difference(expected_shared, found_shared, "", difference)) return;
  throw UsageError(where + ": made with " + difference.key + " " + difference.found +
                       ", while this recipe has " + difference.expected,
                   "set " + difference.key +
                       " to the same value in both, or make the features or the model again");
}

}  // namespace mer
