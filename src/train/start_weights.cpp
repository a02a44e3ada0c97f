#include "start_weights.hpp"

#include <nlohmann/json.hpp>

#include "mer/core/error.hpp"
#include "mer/core/hash.hpp"
#include "mer/core/tensor_file.hpp"
#include "mer/nn/initial_weights.hpp"
#include "mer/runs/model_card.hpp"
#include "mer/store/tagger_recipe.hpp"

namespace mer {
namespace {

using Json = nlohmann::ordered_json;

/// What decides what a network sees of a song.
Json front_end(const Json& shared_recipe, const Json& inputs) {
  return {{"audio", shared_recipe.at("audio")},
          {"vad", shared_recipe.at("vad")},
          {"features", shared_recipe.at("features")},
          {"inputs", inputs}};
}

/// What a pre-trained tagger wants to see: bands as they are. VAD and resampling may differ.
Json tagger_front_end(const RunConfig& config) {
  Recipe recipe = tagger_recipe();
  recipe.vad = config.recipe.vad;
  recipe.audio.resampler = config.recipe.audio.resampler;
  InputOptions inputs = config.inputs;
  inputs.standardize_spectrogram = false;
  inputs.spectrogram_pool_bands = inputs.spectrogram_pool_frames = 1;
  return front_end(recipe.shared(), to_json(inputs));
}

void require_same_front_end(const RunConfig& config, const TensorFile& weights) {
  const Json ours = front_end(config.recipe.shared(), to_json(config.inputs));
  Json theirs = tagger_front_end(config);
  if (weights.metadata().count("format") > 0) {
    const ModelCard card = ModelCard::read(weights);
    theirs = front_end(Json::parse(card.recipe_shared), Json::parse(card.inputs));
  }
  require_same_recipe(ours, theirs, weights.path().string());
}

}  // namespace

void start_from(const RunConfig& config, Network& network) {
  if (config.train.init_from.empty()) return;
  const TensorFile weights = TensorFile::open(config.train.init_from);
  load_initial_weights(network, weights);
  require_same_front_end(config, weights);
}

RunStatus::Network description_of_start(const RunConfig& config) {
  RunStatus::Network network;
  const std::filesystem::path& file = config.train.init_from;
  if (file.empty()) return network;
  network.init_file = file.filename().string();
  network.init_hash = hash_file_hex(file);
  return network;
}

}  // namespace mer
