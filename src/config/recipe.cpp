#include "mer/config/recipe.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "mer/core/error.hpp"
#include "mer/core/hash.hpp"
#include "mer/core/json.hpp"

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
  const auto difference = find_difference(expected_shared, found_shared);
  if (!difference) return;
  throw UsageError(where + ": made with " + difference->key + " " + difference->found +
                       ", while this recipe has " + difference->expected,
                   "set " + difference->key +
                       " to the same value in both, or make the features or the model again");
}

}  // namespace mer
