#include "run_card.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "mer/core/json.hpp"
#include "mer/core/version.hpp"
#include "mer/metrics/regression.hpp"
#include "mer/metrics/scores.hpp"
#include "mer/metrics/tag_scores.hpp"
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
  travelling.embed.files = config.embed.files.filename();
  travelling.embed.exported = config.embed.exported.filename();
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
  card.tags = data.tags;
  constexpr double kEven = 0.5;
  card.tag_thresholds.assign(data.tags.size(), kEven);
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
  dataset.without_target = static_cast<std::int64_t>(data.without_target);
  dataset.near_duplicates = static_cast<std::int64_t>(data.near_duplicates);
  status.recipe_fingerprint = config.recipe.fingerprint();
}

namespace {

void validate_classes(const ProbabilityRows& answers, const std::vector<RunSong>& songs,
                      Validated& validated) {
  constexpr std::size_t kFewestSongs = 20;
  std::vector<int> truth;
  std::vector<int> predicted;
  ProbabilityRows probabilities;
  for (std::size_t song = 0; song < songs.size(); ++song) {
    if (songs[song].class_index < 0 || answers[song].empty()) continue;
    truth.push_back(songs[song].class_index);
    predicted.push_back(argmax(answers[song]));
    probabilities.push_back(answers[song]);
  }
  if (truth.empty()) return;
  const auto num_classes = static_cast<int>(probabilities.front().size());
  const Scores of_songs = scores(confusion_matrix(truth, predicted, num_classes));
  validated.scores.accuracy = of_songs.accuracy;
  validated.scores.macro_f1 = of_songs.macro_f1;
  // A loss that is not finite ends the run.
  if (truth.size() < kFewestSongs || !std::isfinite(validated.scores.loss)) return;
  const TemperatureFit fit = fit_temperature(probabilities, truth);
  validated.calibration = {fit.temperature, fit.count, fit.nll_before, fit.nll_after,
                           "the run's validation songs"};
}

void validate_values(const std::vector<std::array<double, 2>>& answers,
                     const std::vector<RunSong>& songs, Validated& validated) {
  double sum = 0.0;
  for (const std::size_t axis : {0U, 1U}) {
    std::vector<double> truth;
    std::vector<double> predicted;
    for (std::size_t song = 0; song < answers.size(); ++song) {
      if (!songs[song].has_values()) continue;
      truth.push_back(songs[song].values[axis]);
      predicted.push_back(answers[song][axis]);
    }
    if (truth.empty()) return;
    sum += regression_scores(truth, predicted).concordance;
  }
  validated.scores.concordance = sum / 2.0;
}

void validate_tags(const ProbabilityRows& answers, const std::vector<RunSong>& songs,
                   Validated& validated) {
  std::vector<std::size_t> known;
  for (std::size_t song = 0; song < songs.size(); ++song) {
    if (!songs[song].tags.empty() && !answers[song].empty()) known.push_back(song);
  }
  if (known.empty()) return;
  const auto num_tags = static_cast<Eigen::Index>(answers[known.front()].size());
  Eigen::MatrixXd truth(std::ssize(known), num_tags);
  Eigen::MatrixXd probabilities(std::ssize(known), num_tags);
  for (std::size_t i = 0; i < known.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    truth.row(row) =
        Eigen::Map<const Eigen::RowVectorXf>(songs[known[i]].tags.data(), num_tags).cast<double>();
    probabilities.row(row) =
        Eigen::Map<const Eigen::RowVectorXd>(answers[known[i]].data(), num_tags);
  }
  const TagScores scores = tag_scores(truth, probabilities);
  validated.scores.roc_auc = scores.macro.roc_auc;
  validated.scores.pr_auc = scores.macro.pr_auc;
  validated.tag_thresholds = best_f1_thresholds(truth, probabilities);
}

}  // namespace

Validated validate_songs(const SongAnswers& answers, const std::vector<RunSong>& songs,
                         double loss) {
  Validated validated;
  validated.scores.loss = loss;
  validate_classes(answers.classes, songs, validated);
  validate_values(answers.values, songs, validated);
  validate_tags(answers.tags, songs, validated);
  return validated;
}

}  // namespace mer
