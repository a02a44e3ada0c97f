#include "run_card.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "mer/core/version.hpp"
#include "mer/metrics/scores.hpp"
#include "mer/store/layout_json.hpp"

namespace mer {
namespace {

using Json = nlohmann::ordered_json;

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

/// Segments of the training songs' grids, random crops are drawn beside them; whole songs count as
/// one each.
std::size_t num_segments(const RunConfig& config, const PreparedData& data) {
  const bool whole_songs = is_classic_system(config.model.name) &&
                           config.classic.song_vector_over == ClassicOptions::Over::kSong;
  if (whole_songs) return data.training.size();
  std::size_t count = 0;
  for (const RunSong& song : data.training) count += song.segments.size();
  return count;
}

}  // namespace

ModelCard start_card(const RunConfig& config, const PreparedData& data,
                     const std::filesystem::path& run_folder) {
  ModelCard card;
  card.mer_version = kVersion;
  card.run_name = std::filesystem::absolute(run_folder).lexically_normal().filename().string();
  // A model file travels: where its songs lay on one machine is nobody else's business.
  RunConfig travelling = config;
  travelling.data.manifest = config.data.manifest.filename();
  travelling.data.store.clear();
  card.config = to_json(travelling);
  card.recipe = to_json(config.recipe);
  card.recipe_shared = config.recipe.shared();
  card.recipe_fingerprint = config.recipe.fingerprint();
  card.segment = to_json(config.segment);
  card.inputs = to_json(config.inputs);
  if (config.sees_descriptors()) card.descriptors = to_json(config.descriptors);
  card.embeddings = data.embedding_recipe;
  card.model = config.model;
  card.layout = layout_to_json(data.layout);
  card.classes = data.classes;
  card.training_counts = data.training_counts;
  return card;
}

Json describe_data(const RunConfig& config, const PreparedData& data) {
  return {{"seeds", {{"train", config.train.seed}, {"split", config.data.split.seed}}},
          {"dataset",
           {{"hash", data.hash},
            {"classes", data.classes},
            {"training_songs", data.training.size()},
            {"validation_songs", data.validation.size()},
            {"training_counts", data.training_counts},
            {"training_segments", num_segments(config, data)},
            {"left_out", data.failures.size()}}},
          {"recipe_fingerprint", config.recipe.fingerprint()}};
}

Json scores_json(const Validated& validated) {
  const ModelCard::Validation& scores = validated.scores;
  Json json = {{"loss", number_or_null(scores.loss)},
               {"accuracy", number_or_null(scores.accuracy)},
               {"macro_f1", number_or_null(scores.macro_f1)}};
  if (validated.calibration.songs > 0) json["calibration"] = to_json(validated.calibration);
  return json;
}

Validated validate_songs(const ProbabilityRows& probabilities, const std::vector<RunSong>& songs,
                         double segment_loss) {
  constexpr std::size_t kFewestSongs = 20;
  Validated validated;
  std::vector<int> truth;
  std::vector<int> predicted;
  for (std::size_t song = 0; song < songs.size(); ++song) {
    truth.push_back(songs[song].class_index);
    predicted.push_back(argmax(probabilities[song]));
  }
  const auto num_classes = static_cast<int>(probabilities.front().size());
  const Scores of_songs = scores(confusion_matrix(truth, predicted, num_classes));
  validated.scores = {segment_loss, of_songs.accuracy, of_songs.macro_f1};
  // A loss that is not finite ends the run.
  if (songs.size() < kFewestSongs || !std::isfinite(segment_loss)) return validated;
  const TemperatureFit fit = fit_temperature(probabilities, truth);
  validated.calibration = {fit.temperature, fit.count, fit.nll_before, fit.nll_after,
                           "the run's validation songs"};
  return validated;
}

}  // namespace mer
