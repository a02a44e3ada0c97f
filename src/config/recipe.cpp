#include "mer/config/recipe.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "mer/core/error.hpp"
#include "mer/core/hash.hpp"
#include "mer/core/json.hpp"

namespace mer {
namespace {

constexpr std::size_t kDigits = 12;

/// Of what the options mean, raised when features change while the options stay the same.
/// 2: constant offsets are removed, and of channels that cancel each other the louder one is taken.
constexpr int kVersion = 2;

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
  nlohmann::ordered_json json = {{"version", kVersion}};
  json.update(to_json(*this));
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
  if (difference->key.ends_with("version")) {
    const auto of = [](const std::string& text) { return text == "absent" ? "1" : text; };
    throw UsageError(where + ": made by another version of mer: its features have version " +
                         of(difference->found) + ", while this recipe has version " +
                         of(difference->expected),
                     "make the features again with `mer preprocess`, and models of the old ones "
                     "with `mer train`");
  }
  throw UsageError(where + ": made with " + difference->key + " " + difference->found +
                       ", while this recipe has " + difference->expected,
                   "set " + difference->key +
                       " to the same value in both, or make the features or the model again");
}

}  // namespace mer
