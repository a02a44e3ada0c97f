#include "mer/runs/evaluation_files.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>

#include "mer/core/csv_table.hpp"
#include "mer/core/error.hpp"
#include "mer/core/file_lock.hpp"
#include "mer/core/files.hpp"
#include "mer/core/json.hpp"
#include "mer/core/tensor_file.hpp"
#include "mer/core/text.hpp"
#include "mer/core/version.hpp"
#include "mer/runs/output_file.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kMetrics = "metrics.json";
constexpr const char* kPredictions = "predictions.csv";
constexpr const char* kSegments = "segments.csv";
constexpr const char* kConfusion = "confusion.csv";
constexpr const char* kReliability = "reliability.csv";
constexpr const char* kCoverage = "coverage.csv";
constexpr const char* kEmbeddings = "embeddings.safetensors";

/// One writer at a time: the files belong together.
FileLock locked(const fs::path& folder) {
  FileLock lock(folder);
  if (lock.take() == FileLock::State::kTaken) {
    throw UsageError(folder.string() + ": another mer writes in this folder",
                     "wait until it has ended, or stop it");
  }
  return lock;
}

Json scores_json(const Scores& scores, const std::vector<std::string>& classes) {
  Json json;
  json["count"] = scores.count;
  json["accuracy"] = scores.accuracy;
  json["accuracy_ci95"] = scores.accuracy_ci95;
  json["macro_f1"] = scores.macro_f1;
  json["macro_f1_ci95"] = scores.macro_f1_ci95;
  Json& per_class = json["per_class"] = Json::object();
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const ClassScores& of_class = scores.per_class.at(c);
    per_class[classes[c]] = {{"precision", of_class.precision},
                             {"recall", of_class.recall},
                             {"f1", of_class.f1},
                             {"support", of_class.support}};
  }
  Json& confusion = json["confusion"] = Json::array();
  for (Eigen::Index row = 0; row < scores.confusion.rows(); ++row) {
    Json counts = Json::array();
    for (Eigen::Index column = 0; column < scores.confusion.cols(); ++column) {
      counts.push_back(scores.confusion(row, column));
    }
    confusion.push_back(std::move(counts));
  }
  return json;
}

Json interval_json(const Interval& interval) {
  return {number_or_null(interval[0]), number_or_null(interval[1])};
}

/// A number of scores with its interval, `NAME` and `NAME_ci95` in JSON.
template <class Scored>
struct ScoredNumber {
  const char* name;
  double Scored::*score;
  Interval Scored::*interval;
  std::string interval_name() const { return std::string(name) + "_ci95"; }
};
constexpr std::array<ScoredNumber<RegressionScores>, 4> kRegressionNumbers = {{
    {"r2", &RegressionScores::r2, &RegressionScores::r2_ci95},
    {"rmse", &RegressionScores::rmse, &RegressionScores::rmse_ci95},
    {"pearson", &RegressionScores::pearson, &RegressionScores::pearson_ci95},
    {"concordance", &RegressionScores::concordance, &RegressionScores::concordance_ci95},
}};
constexpr std::array<ScoredNumber<CurveScores>, 4> kCurveNumbers = {{
    {"concordance", &CurveScores::concordance, &CurveScores::concordance_ci95},
    {"rmse", &CurveScores::rmse, &CurveScores::rmse_ci95},
    {"tolerant_concordance", &CurveScores::tolerant_concordance,
     &CurveScores::tolerant_concordance_ci95},
    {"tolerant_rmse", &CurveScores::tolerant_rmse, &CurveScores::tolerant_rmse_ci95},
}};
constexpr std::array<ScoredNumber<TagScore>, 2> kTagNumbers = {{
    {"roc_auc", &TagScore::roc_auc, &TagScore::roc_auc_ci95},
    {"pr_auc", &TagScore::pr_auc, &TagScore::pr_auc_ci95},
}};

template <class Scored, class Numbers>
void add_scored(const Scored& scores, const Numbers& numbers, Json& json) {
  for (const auto& number : numbers) {
    json[number.name] = number_or_null(scores.*number.score);
    json[number.interval_name()] = interval_json(scores.*number.interval);
  }
}

Json regression_json(const RegressionScores& scores) {
  Json json = {{"count", scores.count}};
  add_scored(scores, kRegressionNumbers, json);
  return json;
}

Json curve_json(const CurveScores& scores) {
  Json json = {{"songs", scores.songs}, {"points", scores.points}};
  add_scored(scores, kCurveNumbers, json);
  json["tolerance_s"] = kCurveToleranceS;
  if (!std::isnan(scores.rater_rmse)) json["rater_rmse"] = scores.rater_rmse;
  return json;
}

Json tag_json(const TagScore& score) {
  Json json = {{"positives", score.positives}};
  add_scored(score, kTagNumbers, json);
  return json;
}

Json tags_json(const TagScores& scores, const std::vector<std::string>& tags) {
  Json json = {{"count", scores.count}, {"macro", tag_json(scores.macro)}};
  Json& per_tag = json["per_tag"] = Json::object();
  for (std::size_t tag = 0; tag < tags.size(); ++tag) {
    per_tag[tags[tag]] = tag_json(scores.per_tag.at(tag));
  }
  return json;
}

Json side_json(const Scores& scores) {
  return {{"count", scores.count},
          {"accuracy", scores.accuracy},
          {"accuracy_ci95", scores.accuracy_ci95},
          {"macro_f1", scores.macro_f1},
          {"macro_f1_ci95", scores.macro_f1_ci95}};
}

Json bins_json(const std::vector<ReliabilityBin>& bins) {
  Json json = Json::array();
  for (const ReliabilityBin& bin : bins) {
    json.push_back({{"from", bin.from},
                    {"to", bin.to},
                    {"count", bin.count},
                    {"mean_confidence", number_or_null(bin.mean_confidence)},
                    {"accuracy", number_or_null(bin.accuracy)}});
  }
  return json;
}

void add_probability_scores(const ProbabilityScores& scores, Json& json) {
  for (const auto& [name, calibration] :
       {std::pair("songs", &scores.songs), {"segments", &scores.segments}}) {
    json[name]["ece"] = calibration->ece;
    json[name]["brier"] = calibration->brier;
  }
  const Calibration& songs = scores.songs;
  json["calibration"] = {{"count", songs.count},           {"ece", songs.ece},
                         {"ece_ci95", songs.ece_ci95},     {"brier", songs.brier},
                         {"brier_ci95", songs.brier_ci95}, {"nll", songs.nll},
                         {"nll_ci95", songs.nll_ci95},     {"bins", bins_json(songs.bins)}};
  Json& coverage = json["coverage"] = Json::array();
  for (const auto& [point, interval] : scores.coverage_intervals) {
    coverage.push_back({{"coverage", point.coverage},
                        {"count", point.count},
                        {"min_confidence", point.min_confidence},
                        {"accuracy", point.accuracy},
                        {"accuracy_ci95", interval}});
  }
  if (!scores.positive_valence) return;
  json["sides"] = {{"positive_valence", side_json(*scores.positive_valence)},
                   {"high_arousal", side_json(*scores.high_arousal)}};
}

Json embedding_json(const EmbeddingScores& scores) {
  return {{"count", scores.count},
          {"own_center", scores.own_center},
          {"other_centers", scores.other_centers},
          {"ratio", scores.ratio},
          {"ratio_ci95", scores.ratio_ci95},
          {"silhouette", scores.silhouette},
          {"silhouette_ci95", scores.silhouette_ci95}};
}

/// Of predictions.csv, at the end where there are embeddings: SongPrediction::place.
const std::vector<std::string> kPlaceColumns = {"own_center", "other_centers", "silhouette"};

/// What a model answers, as columns of predictions.csv and segments.csv.
struct AnswerColumns : AnswerKinds {
  static AnswerColumns of(const Evaluation& evaluation) {
    const bool has_values = std::ranges::any_of(evaluation.songs, [](const ScoredSong& song) {
      return !std::isnan(song.prediction.valence);
    });
    return {{evaluation.classes, has_values, evaluation.tags}};
  }

  /// Of predictions.csv: answers, then the truth of what is no class.
  std::vector<std::string> of_songs() const {
    std::vector<std::string> columns = {"id", "path", "label", "predicted", "confidence"};
    for (const std::string& name : classes) columns.push_back("p_" + name);
    columns.push_back("segments");
    if (has_values) {
      columns.insert(columns.end(), {"valence", "arousal", "true_valence", "true_arousal"});
    }
    for (const std::string& tag : tags) columns.push_back("tag_" + tag);
    if (!tags.empty()) columns.push_back("true_labels");
    return columns;
  }

  std::vector<std::string> of_segments(bool with_values) const {
    std::vector<std::string> columns = {"id", "start_s", "end_s", "predicted"};
    for (const std::string& name : classes) columns.push_back("p_" + name);
    if (with_values) columns.insert(columns.end(), {"valence", "arousal"});
    return columns;
  }
};

bool segments_have_values(const Evaluation& evaluation) {
  return std::ranges::any_of(evaluation.songs, [](const ScoredSong& song) {
    return std::ranges::any_of(song.prediction.segments, [](const SegmentPrediction& segment) {
      return !std::isnan(segment.valence);
    });
  });
}

std::string chosen_class(const std::vector<double>& probabilities,
                         const std::vector<std::string>& classes) {
  return classes.empty() ? "" : classes.at(static_cast<std::size_t>(argmax(probabilities)));
}

void add_numbers(const std::vector<double>& numbers, std::vector<std::string>& cells) {
  for (const double number : numbers) cells.push_back(format_number(number));
}

std::string confusion_csv(const Evaluation& evaluation) {
  std::vector<std::string> cells = {"truth"};
  cells.insert(cells.end(), evaluation.classes.begin(), evaluation.classes.end());
  std::string text = csv_line(cells);
  const ConfusionMatrix& confusion = evaluation.song_scores.confusion;
  for (std::size_t c = 0; c < evaluation.classes.size(); ++c) {
    cells = {evaluation.classes[c]};
    for (Eigen::Index column = 0; column < confusion.cols(); ++column) {
      cells.push_back(std::to_string(confusion(static_cast<Eigen::Index>(c), column)));
    }
    text += csv_line(cells);
  }
  return to_valid_utf8(text);
}

std::string predictions_csv(const Evaluation& evaluation) {
  const AnswerColumns columns = AnswerColumns::of(evaluation);
  std::vector<std::string> cells = columns.of_songs();
  const bool has_places = evaluation.embedding_scores.has_value();
  if (has_places) cells.insert(cells.end(), kPlaceColumns.begin(), kPlaceColumns.end());
  std::string text = csv_line(cells);
  for (const ScoredSong& scored : evaluation.songs) {
    const SongPrediction& prediction = scored.prediction;
    const EmbeddingPlace& place = prediction.place;
    cells = {scored.song.id, scored.song.listed_path, scored.song.label,
             chosen_class(prediction.probabilities, evaluation.classes),
             evaluation.classes.empty() ? "" : format_number(prediction.confidence())};
    add_numbers(prediction.probabilities, cells);
    cells.push_back(std::to_string(prediction.segments.size()));
    if (columns.has_values) {
      add_numbers(
          {prediction.valence, prediction.arousal, scored.song.valence, scored.song.arousal},
          cells);
    }
    for (const auto& [tag, probability] : prediction.tags) {
      cells.push_back(format_number(probability));
    }
    if (!columns.tags.empty()) cells.push_back(join(scored.song.labels, ";"));
    if (has_places) add_numbers({place.own_center, place.other_centers, place.silhouette}, cells);
    text += csv_line(cells);
  }
  return to_valid_utf8(text);
}

std::string segments_csv(const Evaluation& evaluation) {
  const bool has_values = segments_have_values(evaluation);
  std::vector<std::string> cells = AnswerColumns::of(evaluation).of_segments(has_values);
  std::string text = csv_line(cells);
  for (const ScoredSong& scored : evaluation.songs) {
    for (const SegmentPrediction& segment : scored.prediction.segments) {
      cells = {scored.song.id, format_number(segment.start_s), format_number(segment.end_s),
               chosen_class(segment.probabilities, evaluation.classes)};
      add_numbers(segment.probabilities, cells);
      if (has_values) add_numbers({segment.valence, segment.arousal}, cells);
      text += csv_line(cells);
    }
  }
  return to_valid_utf8(text);
}

std::string reliability_csv(const ProbabilityScores& scores) {
  std::string text =
      csv_line(std::array<std::string, 5>{"from", "to", "count", "mean_confidence", "accuracy"});
  for (const ReliabilityBin& bin : scores.songs.bins) {
    text += csv_line(std::array<std::string, 5>{
        format_number(bin.from), format_number(bin.to), std::to_string(bin.count),
        format_number(bin.mean_confidence), format_number(bin.accuracy)});
  }
  return text;
}

std::string coverage_csv(const ProbabilityScores& scores) {
  std::string text =
      csv_line(std::array<std::string, 4>{"coverage", "count", "min_confidence", "accuracy"});
  for (const CoveragePoint& point : scores.coverage) {
    text += csv_line(std::array<std::string, 4>{
        format_number(point.coverage), std::to_string(point.count),
        format_number(point.min_confidence), format_number(point.accuracy)});
  }
  return text;
}

/// None where the songs have no embeddings, or those of several networks.
void write_embeddings(const Evaluation& evaluation, const fs::path& file) {
  std::error_code ignored;
  fs::remove(file, ignored);  // of another model
  if (!evaluation.embedding_scores || evaluation.models.size() > 1) return;
  std::vector<float> values;
  Json ids = Json::array();
  Json labels = Json::array();
  for (const ScoredSong& scored : evaluation.songs) {
    const std::vector<double>& embedding = scored.prediction.network_embedding;
    for (const double value : embedding) values.push_back(static_cast<float>(value));
    ids.push_back(scored.song.id);
    labels.push_back(scored.song.label);
  }
  const std::int64_t count = std::ssize(evaluation.songs);
  if (values.empty()) return;
  write_tensor_file(file,
                    {{"embeddings", view_of(std::span<const float>(values),
                                            {count, std::ssize(values) / count})}},
                    {{"ids", json_text(ids)}, {"labels", json_text(labels)}});
}

Interval read_interval(const Json& json, const std::string& name) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const auto found = json.find(name);
  if (found == json.end()) return {kNone, kNone};
  const auto bound = [&](std::size_t i) {
    return found->at(i).is_null() ? kNone : found->at(i).get<double>();
  };
  return {bound(0), bound(1)};
}

Scores read_scores(const Json& json, const std::vector<std::string>& classes) {
  Scores scores;
  scores.count = json.value("count", std::int64_t{0});
  scores.accuracy = number_or_nan(json, "accuracy");
  scores.macro_f1 = number_or_nan(json, "macro_f1");
  scores.accuracy_ci95 = read_interval(json, "accuracy_ci95");
  scores.macro_f1_ci95 = read_interval(json, "macro_f1_ci95");
  const Json per_class = json.value("per_class", Json::object());
  for (const std::string& name : classes) {
    const Json of_class = per_class.value(name, Json::object());
    scores.per_class.push_back({number_or_nan(of_class, "precision"),
                                number_or_nan(of_class, "recall"), number_or_nan(of_class, "f1"),
                                of_class.value("support", std::int64_t{0})});
  }
  const auto num_classes = static_cast<Eigen::Index>(classes.size());
  const auto confusion = json.find("confusion");
  if (confusion == json.end()) return scores;
  scores.confusion.resize(num_classes, num_classes);
  for (std::size_t row = 0; row < classes.size(); ++row) {
    for (std::size_t column = 0; column < classes.size(); ++column) {
      scores.confusion(static_cast<Eigen::Index>(row), static_cast<Eigen::Index>(column)) =
          confusion->at(row).at(column).get<std::int64_t>();
    }
  }
  return scores;
}

Calibration read_calibration(const Json& json) {
  Calibration calibration;
  calibration.count = json.value("count", std::int64_t{0});
  calibration.ece = number_or_nan(json, "ece");
  calibration.brier = number_or_nan(json, "brier");
  calibration.nll = number_or_nan(json, "nll");
  calibration.ece_ci95 = read_interval(json, "ece_ci95");
  calibration.brier_ci95 = read_interval(json, "brier_ci95");
  calibration.nll_ci95 = read_interval(json, "nll_ci95");
  for (const Json& bin : json.value("bins", Json::array())) {
    calibration.bins.push_back({bin.at("from").get<double>(), bin.at("to").get<double>(),
                                bin.at("count").get<std::int64_t>(),
                                number_or_nan(bin, "mean_confidence"),
                                number_or_nan(bin, "accuracy")});
  }
  return calibration;
}

ProbabilityScores read_probability_scores(const Json& json) {
  ProbabilityScores scores;
  scores.songs = read_calibration(json.value("calibration", Json::object()));
  scores.segments = read_calibration(json.value("segments", Json::object()));
  for (const Json& point : json.value("coverage", Json::array())) {
    scores.coverage_intervals.emplace_back(
        CoveragePoint{point.at("coverage").get<double>(), point.at("count").get<std::int64_t>(),
                      point.at("min_confidence").get<double>(), point.at("accuracy").get<double>()},
        read_interval(point, "accuracy_ci95"));
  }
  const Json sides = json.value("sides", Json::object());
  if (sides.contains("positive_valence")) {
    scores.positive_valence = read_scores(sides["positive_valence"], {});
    scores.high_arousal = read_scores(sides.at("high_arousal"), {});
  }
  return scores;
}

std::optional<EmbeddingScores> read_embedding_scores(const Json& json) {
  const auto found = json.find("embedding");
  if (found == json.end()) return std::nullopt;
  return EmbeddingScores{
      found->at("count").get<std::int64_t>(),  number_or_nan(*found, "own_center"),
      number_or_nan(*found, "other_centers"),  number_or_nan(*found, "ratio"),
      number_or_nan(*found, "silhouette"),     read_interval(*found, "ratio_ci95"),
      read_interval(*found, "silhouette_ci95")};
}

template <class Scored, class Numbers>
void read_scored(const Json& stored, const Numbers& numbers, Scored& scores) {
  for (const auto& number : numbers) {
    scores.*number.score = number_or_nan(stored, number.name);
    scores.*number.interval = read_interval(stored, number.interval_name());
  }
}

/// An entry of `valence_arousal`, or of `over_time` in it; null without it.
Json axis_of(const Json& json, const char* axis, bool over_time) {
  Json scores = json.value("valence_arousal", Json::object());
  if (over_time) scores = scores.value("over_time", Json::object());
  return scores.value(axis, Json());
}

std::optional<RegressionScores> read_regression(const Json& json, const char* axis) {
  const Json stored = axis_of(json, axis, false);
  if (stored.is_null()) return std::nullopt;
  RegressionScores scores;
  scores.count = stored.at("count").get<std::int64_t>();
  read_scored(stored, kRegressionNumbers, scores);
  return scores;
}

std::optional<CurveScores> read_curve(const Json& json, const char* axis) {
  const Json stored = axis_of(json, axis, true);
  if (stored.is_null()) return std::nullopt;
  CurveScores scores;
  stored.at("songs").get_to(scores.songs);
  stored.at("points").get_to(scores.points);
  read_scored(stored, kCurveNumbers, scores);
  scores.rater_rmse = number_or_nan(stored, "rater_rmse");
  return scores;
}

void read_tags(const Json& json, Evaluation& evaluation) {
  const auto found = json.find("tags");
  if (found == json.end()) return;
  const auto read = [](const Json& stored) {
    TagScore score;
    stored.at("positives").get_to(score.positives);
    read_scored(stored, kTagNumbers, score);
    return score;
  };
  TagScores& scores = evaluation.tag_scores.emplace();
  found->at("count").get_to(scores.count);
  scores.macro = read(found->at("macro"));
  for (const auto& [tag, stored] : found->at("per_tag").items()) {
    evaluation.tags.push_back(tag);
    scores.per_tag.push_back(read(stored));
  }
}

Evaluation read_metrics(const fs::path& file) {
  const Json json = read_json_file(file);
  Evaluation evaluation;
  try {
    json.at("classes").get_to(evaluation.classes);
    evaluation.model = json.value("model", "");
    for (const Json& model : json.value("models", Json::array())) {
      evaluation.models.push_back({model.at("name"), model.at("hash")});
    }
    evaluation.split = json.value("split", "");
    evaluation.failed = json.value("failed", std::vector<std::string>());
    if (const auto known = json.find("known_songs"); known != json.end()) {
      known->at("ids").get_to(evaluation.known_songs);
      known->at("scored").get_to(evaluation.scores_known_songs);
    }
    evaluation.baseline_accuracy = number_or_nan(json, "baseline_accuracy");
    evaluation.baseline_class = json.value("baseline_class", "");
    evaluation.song_scores = read_scores(json.value("songs", Json::object()), evaluation.classes);
    evaluation.segment_scores =
        read_scores(json.value("segments", Json::object()), evaluation.classes);
    evaluation.probability_scores = read_probability_scores(json);
    evaluation.embedding_scores = read_embedding_scores(json);
    evaluation.valence = read_regression(json, "valence");
    evaluation.arousal = read_regression(json, "arousal");
    evaluation.valence_over_time = read_curve(json, "valence");
    evaluation.arousal_over_time = read_curve(json, "arousal");
    read_tags(json, evaluation);
  } catch (const Json::exception& error) {
    throw UsageError(file.string() + ": " + error.what());
  }
  return evaluation;
}

/// The numbers of a row that songs and segments share.
template <class Prediction>
void read_answer(const CsvTable& table, std::size_t row, const std::vector<std::string>& classes,
                 Prediction& prediction) {
  for (const std::string& name : classes) {
    prediction.probabilities.push_back(table.number(row, "p_" + name));
  }
  if (!table.has("valence")) return;
  prediction.valence = table.number_or_nan(row, "valence");
  prediction.arousal = table.number_or_nan(row, "arousal");
}

/// Of the same songs in the same order.
void read_embeddings(const fs::path& file, std::vector<ScoredSong>& songs) {
  if (!fs::is_regular_file(file)) return;
  const TensorFile tensors = TensorFile::open(file);
  Json ids = Json::array();
  for (const ScoredSong& song : songs) ids.push_back(song.song.id);
  const auto found = tensors.metadata().find("ids");
  if (found == tensors.metadata().end() || found->second != json_text(ids)) {
    throw UsageError(file.string() + ": has other songs than " + kPredictions,
                     "mer eval writes both anew");
  }
  const TensorView& view = tensors.at("embeddings", {std::ssize(songs), -1});
  const auto values = view.as<float>();
  const auto width = static_cast<std::size_t>(view.shape.at(1));
  for (std::size_t i = 0; i < songs.size(); ++i) {
    const auto row = values.subspan(i * width, width);
    songs[i].prediction.network_embedding.assign(row.begin(), row.end());
  }
}

void read_segments(const fs::path& file, const std::vector<std::string>& classes,
                   std::vector<ScoredSong>& songs) {
  const CsvTable table(file);
  table.require(AnswerColumns{{classes, false, {}}}.of_segments(false), "mer eval writes it anew");
  std::map<std::string, ScoredSong*> song_of;
  for (ScoredSong& song : songs) song_of[song.song.id] = &song;
  for (std::size_t row = 0; row < table.size(); ++row) {
    const auto song = song_of.find(table.cell(row, "id"));
    if (song == song_of.end()) {
      throw UsageError(table.where(row) + "song '" + table.cell(row, "id") + "' is not in " +
                       kPredictions);
    }
    SegmentPrediction segment{table.number(row, "start_s"), table.number(row, "end_s"), {}};
    read_answer(table, row, classes, segment);
    song->second->prediction.segments.push_back(std::move(segment));
  }
}

}  // namespace

Json to_json(const Evaluation& evaluation) {
  Json json;
  json["schema"] = 1;
  json["mer_version"] = kVersion;
  json["model"] = evaluation.model;
  for (const Evaluation::Model& model : evaluation.models) {
    json["models"].push_back({{"name", model.name}, {"hash", model.hash}});
  }
  json["split"] = evaluation.split;
  json["classes"] = evaluation.classes;
  const bool has_classes = !evaluation.classes.empty();
  if (has_classes) {
    json["baseline_accuracy"] = evaluation.baseline_accuracy;
    json["baseline_class"] = evaluation.baseline_class;
  }
  json["failed"] = evaluation.failed;
  if (!evaluation.known_songs.empty()) {
    json["known_songs"] = {{"count", evaluation.known_songs.size()},
                           {"scored", evaluation.scores_known_songs},
                           {"ids", evaluation.known_songs}};
  }
  if (has_classes) {
    json["songs"] = scores_json(evaluation.song_scores, evaluation.classes);
    json["segments"] = scores_json(evaluation.segment_scores, evaluation.classes);
    add_probability_scores(evaluation.probability_scores, json);
  }
  if (evaluation.embedding_scores) {
    json["embedding"] = embedding_json(*evaluation.embedding_scores);
  }
  if (evaluation.valence) json["valence_arousal"]["valence"] = regression_json(*evaluation.valence);
  if (evaluation.arousal) json["valence_arousal"]["arousal"] = regression_json(*evaluation.arousal);
  for (const auto& [axis, scores] : {std::pair("valence", evaluation.valence_over_time),
                                     {"arousal", evaluation.arousal_over_time}}) {
    if (scores) json["valence_arousal"]["over_time"][axis] = curve_json(*scores);
  }
  if (evaluation.tag_scores) json["tags"] = tags_json(*evaluation.tag_scores, evaluation.tags);
  return json;
}

void require_evaluation_folder(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::exists(folder, ignored)) return;
  if (!fs::is_directory(folder, ignored)) {
    throw UsageError(folder.string() + ": is a file, not a folder", "give another one with -o");
  }
  require_output(folder / kMetrics, OutputKind::kMetrics);
  for (const char* name : {kPredictions, kSegments, kConfusion, kReliability, kCoverage}) {
    require_output(folder / name, OutputKind::kScores);
  }
  require_output(folder / kEmbeddings, OutputKind::kEmbeddings);
}

void write_evaluation(const Evaluation& evaluation, const fs::path& folder) {
  make_folder(folder, "give another one with -o");
  const FileLock lock = locked(folder);
  write_text_file(folder / kMetrics, json_text(to_json(evaluation), 2) + "\n");
  write_text_file(folder / kPredictions, predictions_csv(evaluation));
  write_text_file(folder / kSegments, segments_csv(evaluation));
  write_embeddings(evaluation, folder / kEmbeddings);
  if (evaluation.classes.empty()) return;
  write_text_file(folder / kConfusion, confusion_csv(evaluation));
  write_text_file(folder / kReliability, reliability_csv(evaluation.probability_scores));
  write_text_file(folder / kCoverage, coverage_csv(evaluation.probability_scores));
}

bool has_scores(const fs::path& folder) { return fs::is_regular_file(folder / kMetrics); }

bool has_songs(const fs::path& folder) {
  return has_scores(folder) && fs::is_regular_file(folder / kPredictions);
}

bool has_songs_and_segments(const fs::path& folder) {
  return has_songs(folder) && fs::is_regular_file(folder / kSegments);
}

Evaluation read_evaluation(const fs::path& folder, EvaluationPart part) {
  Evaluation evaluation = read_metrics(folder / kMetrics);
  if (part == EvaluationPart::kScores) return evaluation;
  evaluation.songs = read_predictions(folder, evaluation.classes);
  read_embeddings(folder / kEmbeddings, evaluation.songs);
  if (part == EvaluationPart::kSegments) {
    read_segments(folder / kSegments, evaluation.classes, evaluation.songs);
  }
  return evaluation;
}

std::vector<ScoredSong> read_predictions(const fs::path& folder,
                                         const std::vector<std::string>& classes) {
  const CsvTable table(folder / kPredictions);
  const std::vector<std::string> columns = AnswerColumns{{classes, false, {}}}.of_songs();
  if (!std::all_of(columns.begin(), columns.end(),
                   [&](const std::string& column) { return table.has(column); })) {
    throw UsageError(table.file().string() + ": its columns are not " + join(columns, ","),
                     "a predictions.csv of a model of the same classes is wanted");
  }
  std::vector<ScoredSong> songs;
  for (std::size_t row = 0; row < table.size(); ++row) {
    ScoredSong song;
    song.song.id = table.cell(row, "id");
    song.song.listed_path = table.cell(row, "path");
    song.song.label = table.cell(row, "label");
    read_answer(table, row, classes, song.prediction);
    if (table.has("true_valence")) {
      song.song.valence = table.number_or_nan(row, "true_valence");
      song.song.arousal = table.number_or_nan(row, "true_arousal");
    }
    for (const std::string& column : table.columns()) {
      constexpr std::string_view kTag = "tag_";
      if (!column.starts_with(kTag)) continue;
      song.prediction.tags.emplace_back(column.substr(kTag.size()), table.number(row, column));
    }
    if (table.has("true_labels")) {
      const std::string& labels = table.cell(row, "true_labels");
      song.song.has_labels = !labels.empty();
      if (song.song.has_labels) song.song.labels = split_words(labels, ';');
    }
    if (table.has(kPlaceColumns.front())) {
      song.prediction.place = {table.number_or_nan(row, "own_center"),
                               table.number_or_nan(row, "other_centers"),
                               table.number_or_nan(row, "silhouette")};
    }
    songs.push_back(std::move(song));
  }
  return songs;
}

LabelledProbabilities labelled(const std::vector<ScoredSong>& songs,
                               const std::vector<std::string>& classes) {
  LabelledProbabilities predictions;
  for (const ScoredSong& scored : songs) {
    const auto label = std::find(classes.begin(), classes.end(), scored.song.label);
    if (label == classes.end()) {
      throw UsageError("song '" + scored.song.id + "': label '" + scored.song.label +
                       "' is not among " + join(classes, ", "));
    }
    predictions.ids.push_back(scored.song.id);
    predictions.truth.push_back(static_cast<int>(label - classes.begin()));
    predictions.probabilities.push_back(scored.prediction.probabilities);
  }
  return predictions;
}

}  // namespace mer
