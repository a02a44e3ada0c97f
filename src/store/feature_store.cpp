#include "mer/store/feature_store.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "mer/core/error.hpp"
#include "mer/store/song_features.hpp"

namespace mer {
namespace {

void require_intact(const std::filesystem::path& file, const Recipe& recipe) {
  const std::string hint = "remove this file and run `mer preprocess` again";
  std::optional<SongFeatures> features;
  try {
    features = SongFeatures::open(file);
  } catch (const UsageError& error) {
    throw UsageError(error.what(), error.hint().empty() ? hint : error.hint() + ", or " + hint);
  }
  if (features->fingerprint() == recipe.fingerprint()) return;
  require_same_recipe(recipe.shared(), features->shared_recipe(), file.string());
  throw UsageError(file.string() + ": its fingerprint is " + features->fingerprint() +
                       ", that of the folder's recipe is " + recipe.fingerprint(),
                   hint);
}

}  // namespace

FeatureStore::FeatureStore(const std::filesystem::path& root, Recipe recipe)
    : recipe_(std::move(recipe)),
      songs_(root / recipe_.store_key(),
             {to_json(recipe_).dump(2) + "\n",
              [recipe = recipe_](const std::filesystem::path& audio_file,
                                 const std::filesystem::path& file) {
                extract_song(audio_file, recipe, file);
              },
              [recipe = recipe_](const std::filesystem::path& file) {
                require_intact(file, recipe);
              }}) {}

}  // namespace mer
