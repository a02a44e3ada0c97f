#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "arguments.hpp"
#include "command.hpp"
#include "mer/core/error.hpp"
#include "mer/core/tensor_file.hpp"
#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"
#include "mer/runs/ensemble_card.hpp"
#include "mer/runs/evaluation_files.hpp"
#include "mer/runs/model_card.hpp"
#include "mer/runs/run_folder.hpp"

namespace mer::app {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

void print_pair(const std::string& key, const std::string& value) {
  std::printf("%s %s\n", pad_right(key, 18).c_str(), value.c_str());
}

/// An entry of the metadata; of an ensemble's members, what they are made of stands one a line.
void print_entry(const std::string& key, const std::string& value) {
  const Json member = key.starts_with("member-") ? Json::parse(value, nullptr, false) : Json();
  if (!member.is_object()) return print_pair(key, value);
  for (const auto& [inner, text] : member.items()) {
    print_pair(key + " " + inner, text.is_string() ? text.get<std::string>() : text.dump());
  }
}

/// "3, 2" or "3 x 2"
std::string shape_text(const TensorView& tensor, const std::string& separator) {
  std::vector<std::string> sizes;
  for (const std::int64_t size : tensor.shape) sizes.push_back(std::to_string(size));
  return join(sizes, separator);
}

/// A file's metadata and tensors as they are stored.
void print_tensor_file(const TensorFile& file) {
  for (const auto& [key, value] : file.metadata()) print_entry(key, value);
  for (const std::string& name : file.names()) {
    print_pair("tensor", name + " [" + shape_text(file.at(name), ", ") + "]");
  }
}

/// "happy 180, sad 90"
std::string counts_text(const std::vector<std::string>& classes,
                        const std::vector<std::int64_t>& counts) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < std::min(classes.size(), counts.size()); ++i) {
    parts.push_back(classes[i] + " " + std::to_string(counts[i]));
  }
  return join(parts, ", ");
}

/// "accuracy 0.612, macro-F1 0.604", of what was measured.
std::string validation_text(const ModelCard::Validation& scores) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : {std::pair("accuracy", scores.accuracy),
                                    {"macro-F1", scores.macro_f1},
                                    {"concordance", scores.concordance},
                                    {"ROC-AUC", scores.roc_auc},
                                    {"PR-AUC", scores.pr_auc}}) {
    if (!std::isnan(value)) parts.push_back(std::string(name) + " " + fixed(value, 3));
  }
  return parts.empty() ? "not measured" : join(parts, ", ");
}

/// What a model answers, a line a task.
void print_answers(const ModelCard& card) {
  if (!card.classes.empty()) print_pair("classes", join(card.classes, ", "));
  if (card.answers_values()) print_pair("answers", "valence and arousal, -1...1");
  if (!card.tags.empty()) print_pair("tags", join(card.tags, ", "));
}

void print_calibration(const ModelCard::FittedTemperature& fitted) {
  if (fitted.songs == 0) return print_pair("calibrated", "no");
  print_pair("calibrated", "temperature " + significant(fitted.temperature, 3) + ", fitted on " +
                               std::to_string(fitted.songs) + " songs: " + fitted.fitted_on);
}

/// What one system is and was trained on.
void print_system(const TensorFile& file) {
  const ModelCard card = ModelCard::read(file);
  const Json layout = Json::parse(card.layout);
  const Json segment = Json::parse(card.segment);
  print_pair("system",
             card.model.name + (card.is_network() ? ", " + card.loss.name + " loss" : ""));
  print_pair("run", card.run_name + ", iteration " + std::to_string(card.iteration) + ", mer " +
                        card.mer_version);
  if (!card.is_network()) {
    const Json sees = Json::parse(card.classic).value("song_vector", Json::array());
    print_pair("sees", join(sees.get<std::vector<std::string>>(), ", "));
  }
  if (!card.embeddings.empty()) {
    const Json networks = Json::parse(card.embeddings)["embed"]["networks"];
    print_pair("embeddings", join(networks.get<std::vector<std::string>>(), ", "));
  }
  const auto frame = [&layout](const char* key) { return layout.value(key, 0); };
  print_pair("features", "recipe " + card.recipe_fingerprint + ", " +
                             std::to_string(frame("sample_rate_hz")) + " Hz, frames of " +
                             std::to_string(frame("window_samples")) + " samples every " +
                             std::to_string(frame("hop_samples")));
  print_pair("segments", format_number(segment.value("length_s", 0.0)) + " s");
  if (!card.classes.empty()) {
    print_pair("trained on", counts_text(card.classes, card.training_counts) + " songs");
  }
  print_pair("validation", validation_text(card.validation));
}

/// What a model answers and what it is made of.
void print_model(const TensorFile& file) {
  const bool several = EnsembleCard::is_in(file);
  const std::vector<TensorFile> systems = systems_in(file);
  print_pair("kind",
             several ? "ensemble of " + std::to_string(systems.size()) + " systems" : "model");
  const ModelCard first = ModelCard::read(systems.front());
  print_answers(first);
  if (!first.classes.empty()) print_calibration(calibration_of(file));
  std::vector<std::string> weights;
  if (several) {
    for (const double weight : EnsembleCard::read(file).weights)
      weights.push_back(fixed(weight, 2));
    print_pair("weights", join(weights, ", ") + " of the members' log-probabilities");
  }
  for (const TensorFile& system : systems) {
    if (several) std::puts("");
    print_system(system);
  }
}

/// Options as `section.key  value`, a line each.
void print_options(const std::string& prefix, const Json& json) {
  if (!json.is_object()) {
    return print_pair(prefix, json.is_string() ? json.get<std::string>() : json.dump());
  }
  for (const auto& [key, value] : json.items()) print_options(prefix + "." + key, value);
}

/// Features or embeddings: nested metadata a line an option, then the arrays.
void print_arrays(const TensorFile& file) {
  for (const auto& [key, value] : file.metadata()) {
    const Json json = Json::parse(value, nullptr, false);
    json.is_object() ? print_options(key, json) : print_pair(key, value);
  }
  for (const std::string& name : file.names()) {
    print_pair(name, shape_text(file.at(name), " x "));
  }
}

void print_file(const fs::path& path, bool all) {
  const TensorFile file = TensorFile::open(path);
  print_pair("file", path.string());
  print_pair("size",
             format_number(static_cast<double>(fs::file_size(path) / 1000) / 1000.0) + " MB");
  const auto format = file.metadata().find("format");
  const bool is_model = format != file.metadata().end() &&
                        (format->second == "mer-model" || EnsembleCard::is_in(file));
  if (all) return print_tensor_file(file);
  if (!is_model) return print_arrays(file);
  print_model(file);
  fs::path card = path;
  card.replace_extension(".md");
  if (fs::exists(card)) print_pair("card", card.string());
}

void print_scores(const RunFolder& run) {
  for (const std::string& split : run.scored_splits()) {
    const Evaluation evaluation =
        read_evaluation(run.evaluation_folder(split), EvaluationPart::kScores);
    const auto print = [&split](const std::string& name, double value, const Interval& interval,
                                const std::string& rest) {
      print_pair("scored " + split, name + " " + fixed(value, 3) + " [" + fixed(interval[0], 3) +
                                        ", " + fixed(interval[1], 3) + "], " + rest);
    };
    const auto songs_text = [](std::int64_t count) { return std::to_string(count) + " songs"; };
    if (!evaluation.classes.empty()) {
      const Scores& songs = evaluation.song_scores;
      print("accuracy", songs.accuracy, songs.accuracy_ci95,
            "macro-F1 " + fixed(songs.macro_f1, 3) + ", " + songs_text(songs.count));
    }
    for (const auto& [axis, scores] :
         {std::pair("valence", evaluation.valence), {"arousal", evaluation.arousal}}) {
      if (!scores) continue;
      print(std::string(axis) + " R2", scores->r2, scores->r2_ci95,
            "concordance " + fixed(scores->concordance, 3) + ", " + songs_text(scores->count));
    }
    if (evaluation.tag_scores) {
      const TagScore& macro = evaluation.tag_scores->macro;
      print("ROC-AUC", macro.roc_auc, macro.roc_auc_ci95,
            "PR-AUC " + fixed(macro.pr_auc, 3) + ", " + songs_text(evaluation.tag_scores->count));
    }
  }
}

/// run.json and the last row of metrics.csv.
void print_run_files(const RunFolder& run) {
  std::puts(read_text_file(run.status_file()).c_str());
  const CsvTable metrics = run.metrics();
  if (metrics.size() == 0) return;
  for (const std::string& column : metrics.columns()) {
    print_pair("last " + column, metrics.cell(metrics.size() - 1, column));
  }
}

void print_run(const RunFolder& run) {
  const RunStatus status = run.read_status();
  print_pair("run", run.name());
  print_pair("status", status.status + (status.error.empty() ? "" : ": " + status.error));
  print_pair("command", status.command);
  print_pair("mer",
             status.mer_version + (status.commit.empty() ? "" : ", commit " + status.commit));
  print_pair("started", status.started);
  if (!status.ended.empty()) print_pair("ended", status.ended);
  if (status.network) {
    print_pair("system", status.network->name + ", " + std::to_string(status.network->parameters) +
                             " parameters");
  }
  if (status.system) {
    print_pair("system", status.system->name + " on " + join(status.system->inputs, ", "));
  }
  if (status.iterations) print_pair("iterations", std::to_string(*status.iterations));
  if (status.seeds) {
    print_pair("seeds", "train " + std::to_string(status.seeds->train) + ", split " +
                            std::to_string(status.seeds->split));
  }
  if (status.dataset) {
    const std::string of_classes =
        counts_text(status.dataset->classes, status.dataset->training_counts);
    print_pair("trained on",
               (of_classes.empty() ? std::to_string(status.dataset->training_songs) : of_classes) +
                   " songs; " + std::to_string(status.dataset->validation_songs) + " to validate");
  }
  if (status.best) {
    print_pair("best", "iteration " + std::to_string(status.best->iteration) + ", validation " +
                           validation_text(status.best->scores));
  }
  if (fs::exists(run.metrics_file())) {
    const std::vector<std::string> curves = curve_lines(run.metrics());
    for (std::size_t i = 0; i < curves.size(); ++i) print_pair(i == 0 ? "curves" : "", curves[i]);
  }
  print_scores(run);
}

/// The pooled scores of a cross-validation and how far its folds are.
void print_folds(const RunFolder& run) {
  const std::vector<RunFolder> folds = run.folds();
  print_pair("run", run.name() + ", a cross-validation of " + std::to_string(folds.size()) +
                        " folds; each was scored on its own test songs");
  for (const RunFolder& fold : folds) {
    const auto status = fold.find_status();
    print_pair(fold.name(), status ? status->status : "not begun");
    print_scores(fold);
  }
  print_pair("all folds", "");
  print_scores(run);
}

int run_info(const std::string& what, bool all) {
  if (what.empty()) {
    const auto models = bundled_files().models();
    if (models.empty()) std::fputs("no bundled models\n", stdout);
    for (const fs::path& model : models) {
      fs::path card = model;
      card.replace_extension(".md");
      std::printf("%-16s %s%s\n", model.stem().c_str(), model.c_str(),
                  fs::exists(card) ? ("   card: " + card.string()).c_str() : "");
    }
    return kDone;
  }
  if (fs::is_directory(what)) {
    const RunFolder run(what);
    if (!run.folds().empty()) return print_folds(run), kDone;
    if (!run.has_status()) throw UsageError(what + ": is a folder without a run in it");
    all ? print_run_files(run) : print_run(run);
  } else {
    print_file(bundled_files().find_model(what).file, all);
  }
  return kDone;
}

}  // namespace

std::function<int()> add_info(CLI::App& cmd) {
  auto what = std::make_shared<std::string>();
  auto all = std::make_shared<bool>(false);
  cmd.add_option("what", *what, "Run folder, model, or feature file")->type_name("PATH|NAME");
  cmd.add_flag("--all", *all, "Every entry and every tensor as it is stored");
  cmd.footer(
      "Example:\n  mer info runs/first\n  mer info default\nExit codes: 0 done, 2 no such thing");
  return [what, all] { return run_info(*what, *all); };
}

}  // namespace mer::app
