#include "run_card.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "mer/core/json.hpp"
#include "mer/core/version.hpp"
#include "mer/metrics/scores.hpp"
#include "mer/store/layout_json.hpp"

namespace mer {
namespace {

/// Segments of the training songs' grids, random crops are drawn beside them; whole songs count as
/// one each.
std::size_t num_segments(const RunConfig& config, const PreparedData& data) {
  const bool whole_songs =
      !config.model.is_network() && config.classic.song_vector_over == ClassicOptions::Over::kSong;
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
  card.config = json_text(to_json(travelling));
  card.recipe = json_text(to_json(config.recipe));
  card.recipe_shared = json_text(config.recipe.shared());
  card.recipe_fingerprint = config.recipe.fingerprint();
  card.segment = json_text(to_json(config.segment));
  card.inputs = json_text(to_json(config.inputs));
  if (config.sees_descriptors()) card.descriptors = json_text(to_json(config.descriptors));
  if (!data.embedding_recipe.is_null()) card.embeddings = json_text(data.embedding_recipe);
  card.model = config.model;
  card.layout = json_text(layout_to_json(data.layout));
  card.classes = data.classes;
  card.training_counts = data.training_counts;
  return card;
}

void describe_data(const RunConfig& config, const PreparedData& data, RunStatus& status) {
  status.seeds = {config.train.seed, config.data.split.seed};
  RunStatus::Dataset& dataset = status.dataset.emplace();
  dataset.hash = data.hash;
  dataset.classes = data.classes;
  dataset.training_songs = static_cast<std::int64_t>(data.training.size());
  dataset.validation_songs = static_cast<std::int64_t>(data.validation.size());
  dataset.training_counts = data.training_counts;
  dataset.training_segments = static_cast<std::int64_t>(num_segments(config, data));
  dataset.left_out = static_cast<std::int64_t>(data.failures.size());
  dataset.near_duplicates = static_cast<std::int64_t>(data.near_duplicates);
  status.recipe_fingerprint = config.recipe.fingerprint();
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
