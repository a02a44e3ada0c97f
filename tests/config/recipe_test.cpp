#include "mer/config/recipe.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../store/test_data.hpp"
#include "mer/core/tensor_file.hpp"

namespace mer {
namespace {

TEST(Recipe, FingerprintIgnoresHowMuchOfASongIsRead) {
  Recipe recipe;
  const std::string fingerprint = recipe.fingerprint();
  const std::string key = recipe.store_key();
  EXPECT_THAT(fingerprint, testing::MatchesRegex("[0-9a-f]{12}"));
  EXPECT_NE(fingerprint, key);
  recipe.audio.duration_s = 0;
  EXPECT_EQ(recipe.fingerprint(), fingerprint);
  EXPECT_NE(recipe.store_key(), key);
  recipe = Recipe{};
  recipe.audio.start_s = 5;
  EXPECT_EQ(recipe.fingerprint(), fingerprint);
  EXPECT_NE(recipe.store_key(), key);
  recipe = Recipe{};
  recipe.audio.pad_to_s = 30;  // acts when segments are cut, not on the features
  EXPECT_EQ(recipe.fingerprint(), fingerprint);
  EXPECT_EQ(recipe.store_key(), key);
}

TEST(Recipe, FingerprintChangesWithEveryOtherPart) {
  const std::string fingerprint = Recipe{}.fingerprint();
  Recipe recipe;
  recipe.audio.sample_rate_hz = 22050;
  EXPECT_NE(recipe.fingerprint(), fingerprint);
  recipe = Recipe{};
  recipe.vad.threshold_db = -40;
  EXPECT_NE(recipe.fingerprint(), fingerprint);
  recipe = Recipe{};
  recipe.features.frame.hop_samples = 512;
  EXPECT_NE(recipe.fingerprint(), fingerprint);
}

TEST(Recipe, LaterOptionsAtTheirDefaultsKeepOldFingerprints) {
  // This bundled model was made before the later options were there.
  const TensorFile model = TensorFile::open(MER_SOURCE_DIR "/data/models/small.safetensors");
  const auto json_of = [&](const char* key) {
    return nlohmann::ordered_json::parse(model.metadata().at(key));
  };
  const auto recipe = options_from_json<Recipe>(json_of("recipe"), "small.safetensors");
  EXPECT_EQ(recipe.fingerprint(), model.metadata().at("recipe_fingerprint"));
  EXPECT_EQ(recipe.shared(), json_of("recipe_shared"));
}

TEST(Recipe, LaterOptionsThatAreSetChangeTheFingerprint) {
  const std::string fingerprint = Recipe{}.fingerprint();
  Recipe recipe;
  recipe.features.lld.pop_back();
  EXPECT_NE(recipe.fingerprint(), fingerprint);
  recipe = Recipe{};
  recipe.features.frame.padding = FramePadding::kCenter;
  EXPECT_NE(recipe.fingerprint(), fingerprint);
  EXPECT_EQ(recipe.shared()["features"]["frame"]["padding"], "center");
  recipe = Recipe{};
  recipe.audio.level_dbfs = -20.0;
  EXPECT_NE(recipe.fingerprint(), fingerprint);
}

TEST(Recipe, ReadBackFromItsJsonIsTheSame) {
  Recipe recipe;
  recipe.vad.threshold_db = -0.1;
  recipe.features.frame.hop_samples = 512;
  const Recipe again = options_from_json<Recipe>(to_json(recipe), "here");
  EXPECT_EQ(again.fingerprint(), recipe.fingerprint());
  EXPECT_EQ(again.store_key(), recipe.store_key());
}

TEST(RequireSameRecipe, NamesTheOptionAndBothValues) {
  Recipe expected;
  Recipe found;
  found.features.frame.hop_samples = 512;
  EXPECT_EQ(message_of<UsageError>(
                [&] { require_same_recipe(expected.shared(), found.shared(), "m.safetensors"); }),
            "m.safetensors: made with features.frame.hop_samples 512, while this recipe has 1024 | "
            "set features.frame.hop_samples to the same value in both, or make the features or "
            "the model again");
  EXPECT_NO_THROW(require_same_recipe(expected.shared(), expected.shared(), "m.safetensors"));
}

TEST(RequireSameRecipe, SaysWhenTheOtherIsOfAnotherVersion) {
  nlohmann::ordered_json old = Recipe{}.shared();
  EXPECT_EQ(old.at("version"), 2);
  old.erase("version");
  EXPECT_EQ(message_of<UsageError>([&] { require_same_recipe(Recipe{}.shared(), old, "a"); }),
            "a: made by another version of mer: its features have version 1, while this recipe has "
            "version 2 | make the features again with `mer preprocess`, and models of the old ones "
            "with `mer train`");
}

TEST(RequireSameRecipe, NamesAnOptionThatOnlyOneSideHas) {
  const nlohmann::ordered_json more = {{"vad", {{"enabled", true}, {"mode", "new"}}}};
  const nlohmann::ordered_json less = {{"vad", {{"enabled", true}}}};
  EXPECT_THAT(message_of<UsageError>([&] { require_same_recipe(more, less, "m"); }),
              testing::StartsWith("m: made with vad.mode absent, while this recipe has \"new\""));
  EXPECT_THAT(message_of<UsageError>([&] { require_same_recipe(less, more, "m"); }),
              testing::StartsWith("m: made with vad.mode \"new\", while this recipe has absent"));
}

}  // namespace
}  // namespace mer
