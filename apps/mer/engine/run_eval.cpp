#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "../cmd_eval.hpp"
#include "../command.hpp"
#include "../terminal.hpp"
#include "load_predictor.hpp"
#include "mer/core/error.hpp"
#include "mer/core/hash.hpp"
#include "mer/core/json.hpp"
#include "mer/core/tensor_file.hpp"
#include "mer/core/text.hpp"
#include "mer/crossval/ensemble_fit.hpp"
#include "mer/predict/evaluation.hpp"
#include "mer/predict/predict_files.hpp"
#include "mer/predict/predictor.hpp"
#include "mer/predict/song_files.hpp"
#include "mer/report/latex.hpp"
#include "mer/runs/ensemble_card.hpp"
#include "mer/runs/output_file.hpp"
#include "mer/runs/run_folder.hpp"
#include "mer/store/fill_store.hpp"
#include "mer/store/overlaps.hpp"
#include "mer/store/segment_rows.hpp"

namespace mer::app {
namespace {

namespace fs = std::filesystem;

/// Which songs are scored, and under what name.
struct EvalSongs {
  Manifest manifest;
  std::vector<std::size_t> songs;
  std::string split;
  /// Of all rows, where they had to be made to know the rows.
  std::optional<FeatureStore::Report> features;
  std::vector<std::string> known = {};  ///< ids of songs that a model has learned from
};

/// The songs of a manifest that was given: all rows, or those of its split column.
EvalSongs songs_of_manifest(const EvalArgs& args) {
  EvalSongs chosen{Manifest::load(args.manifest), {}, "all", {}};
  const std::size_t count = chosen.manifest.songs.size();
  if (args.split.empty()) {
    chosen.songs.resize(count);
    std::iota(chosen.songs.begin(), chosen.songs.end(), std::size_t{0});
    return chosen;
  }
  if (!chosen.manifest.has_splits) {
    throw UsageError(args.manifest.string() + ": has no split column",
                     "leave --split out to score every row");
  }
  chosen.split = args.split;
  for (std::size_t i = 0; i < count; ++i) {
    if (chosen.manifest.songs[i].split == args.split) chosen.songs.push_back(i);
  }
  return chosen;
}

/// The songs of the run's own split.
EvalSongs songs_of_run(const EvalArgs& args, const RunConfig& config, const fs::path& run) {
  const std::string usual = args.fit ? kValidation : kTest;
  EvalSongs chosen{config.data.load_manifest(), {}, args.split.empty() ? usual : args.split, {}};
  if (config.data.split.unit == SplitOptions::Unit::kSegment) {
    const FeatureStore store(config.data.store, config.recipe);
    Terminal terminal;
    chosen.features =
        fill_store(store.songs(), chosen.manifest, {}, args.jobs, {}, "features", terminal);
    expand_to_segments(config.recipe, config.segment, chosen.manifest, *chosen.features);
  }
  chosen.songs = songs_in(RunFolder(run).split(chosen.manifest), chosen.split);
  return chosen;
}

/// The files of the chosen rows.
std::vector<SongFiles> song_files_of(const EvalArgs& args, const RunConfig& config,
                                     const Predictor& predictor, const EvalSongs& chosen) {
  if (!chosen.features) {
    Terminal terminal;
    return make_song_files(predictor, config, chosen.manifest, chosen.songs, args.jobs, terminal);
  }
  if (predictor.recipes().size() > 1 || !predictor.extractors().empty()) {
    throw UsageError("a split by segment is of one recipe's features, and these models want more",
                     "give models of one recipe");
  }
  std::vector<SongFiles> files;
  for (const std::size_t row : chosen.songs) files.push_back({{chosen.features->files[row]}, {}});
  return files;
}

/// Where the songs and their features are and how they are read: the config given, else the run's,
/// else the recipe that the model file carries; --set on top of it.
RunConfig eval_config(const EvalArgs& args, const FoundModel& model) {
  if (!args.config.config.empty()) return args.config.read();
  if (!model.run.empty()) {
    return args.config.read_over(ConfigDocument::load(RunFolder(model.run).config_file()));
  }
  const ModelCard card = ModelCard::read(systems_in(TensorFile::open(model.file)).front());
  return args.config.read_over(ConfigDocument::parse(
      card.recipe, model.file.string() + " ('recipe' of the model)", fs::path()));
}

void check(const EvalArgs& args) {
  static const std::vector<std::string> kParts = {kTrain, kValidation, kTest};
  if (!args.split.empty() && std::find(kParts.begin(), kParts.end(), args.split) == kParts.end()) {
    throw UsageError("--split is '" + args.split + "', allowed: " + join(kParts, ", "));
  }
  const bool fits = args.fit || !args.fit_on.empty();
  if (fits && args.save.empty()) {
    throw UsageError(std::string(args.fit ? "--fit" : "--fit-on") + " without a file to keep it in",
                     "--save FILE");
  }
  if (args.fit && !args.fit_on.empty()) {
    throw UsageError("--fit and --fit-on both say what to fit on", "give one of them");
  }
  if (!args.fit_on.empty() && args.fit_on.size() != args.models.size()) {
    throw UsageError(std::to_string(args.fit_on.size()) + " times --fit-on for " +
                         std::to_string(args.models.size()) + " models",
                     "give it once for each MODEL, in the same order");
  }
  if (args.fit && args.manifest.empty() && (args.split == kTest || args.split == kTrain)) {
    throw UsageError("--fit on a run's " + args.split + " songs would " +
                         (args.split == kTest ? "spoil them for testing"
                                              : "trust songs that the model has learned"),
                     "fit on its validation songs, --split validation");
  }
}

/// What is scored, and how it is read.
struct Scoring {
  RunConfig config;
  EvalSongs chosen;
  WeightFiles sources;  ///< of embeddings
};

/// Songs of another corpus that a run has learned say nothing of how it does on new ones.
void drop_overlaps(const EvalArgs& args, const RunConfig& config, const FoundModel& model,
                   EvalSongs& chosen) {
  if (model.run.empty()) return;
  const RunFolder run(model.run);
  RunConfig own;
  ConfigDocument::load(run.config_file()).read(own);
  Manifest manifest;
  try {
    manifest = own.data.load_manifest();
  } catch (const UsageError& error) {
    log_warning(std::string(error.what()) + ": nobody knows which songs " + model.name +
                " has learned; its scores may flatter");
    return;
  }
  ManifestPart scored{chosen.manifest, chosen.songs};
  if (is_same_corpus(scored, manifest)) return;
  ManifestPart learned{manifest, {}};
  const bool by_segment = own.data.split.unit == SplitOptions::Unit::kSegment;
  const Split split = by_segment ? Split(manifest.songs.size(), kTrain) : run.split(manifest);
  for (std::size_t i = 0; i < split.size(); ++i) {
    if (split[i] == kTrain || split[i] == kValidation) learned.songs.push_back(i);
  }
  Terminal terminal;
  const std::vector<Overlap> overlaps = find_overlaps(
      config.data.store, scored, learned,
      config.data.split.near_duplicates == SplitOptions::NearDuplicates::kKeepTogether, terminal);
  if (overlaps.empty()) return;
  std::vector<std::string> examples;
  std::size_t recordings = 0;
  for (const Overlap& overlap : overlaps) {
    if (!std::isnan(overlap.bit_error_rate)) ++recordings;
    if (examples.size() < 3) {
      examples.push_back("'" + chosen.manifest.songs[overlap.song].id + "' = '" +
                         manifest.songs[overlap.learned].id + "'");
    }
    std::erase(chosen.songs, overlap.song);
    const std::string& id = chosen.manifest.songs[overlap.song].id;
    if (std::ranges::find(chosen.known, id) == chosen.known.end()) chosen.known.push_back(id);
  }
  const std::string what =
      std::to_string(overlaps.size()) + " of " + std::to_string(scored.songs.size()) +
      " songs are known to " + model.name + " from training or validation (" +
      std::to_string(recordings) + " by recording, " +
      std::to_string(overlaps.size() - recordings) + " by id: " + join(examples, ", ") +
      (examples.size() < overlaps.size() ? ", …)" : ")");
  if (args.keep_overlaps) {
    log_warning(what + "; --keep-overlaps scores them, which flatters");
    chosen.songs = scored.songs;
    return;
  }
  if (chosen.songs.empty()) {
    throw UsageError(args.manifest.string() + ": " + what + ": none is left to score",
                     "--keep-overlaps scores them all the same");
  }
  log_warning(what + " and left out; --keep-overlaps scores them");
}

Scoring prepare(const EvalArgs& args, const std::vector<FoundModel>& models) {
  const FoundModel& model = models.front();
  Scoring scoring{eval_config(args, model), {}, embedding_sources(models, args.embeddings)};
  // A config given by hand may change which part of a song is read, but not what features mean.
  const ModelCard card = ModelCard::read(systems_in(TensorFile::open(model.file)).front());
  const Recipe recipe = options_in_card<Recipe>(card.recipe, "recipe", model.file.string());
  require_same_recipe(scoring.config.recipe.shared(), recipe.shared(), model.name);
  scoring.chosen = args.manifest.empty() ? songs_of_run(args, scoring.config, model.run)
                                         : songs_of_manifest(args);
  if (!args.manifest.empty()) {
    for (const FoundModel& one : models) drop_overlaps(args, scoring.config, one, scoring.chosen);
  }
  if (scoring.chosen.songs.empty()) {
    throw UsageError("there are no songs in the part '" + scoring.chosen.split + "'");
  }
  return scoring;
}

/// Sets answers against the songs that are scored; no label is looked at.
void adapt(Predictor& predictor, const std::vector<SongFiles>& songs, int jobs) {
  if (!predictor.can_adapt()) {
    throw UsageError("--adapt: no model here can adapt to other music",
                     "networks can't; train a classical system again if an earlier version did");
  }
  const std::optional<LibraryAdaptation> adaptation = adapt_to_songs(predictor, songs, jobs);
  if (!adaptation) {
    throw UsageError(
        "--adapt: fewer than " + std::to_string(LibraryAdaptation::kFewestSongs) + " songs",
        "leave it out");
  }
  log_info("adapted   to " + std::to_string(adaptation->num_songs) + " of the songs, strength " +
           format_number(std::round(adaptation->strength * 100.0) / 100.0));
}

Evaluation score(const EvalArgs& args, const std::vector<fs::path>& files,
                 const std::vector<std::string>& names, const Scoring& scoring) {
  Predictor predictor =
      load_predictor(files, scoring.config.device, scoring.sources, args.embeddings);
  const std::vector<SongFiles> song_files =
      song_files_of(args, scoring.config, predictor, scoring.chosen);
  if (args.adapt) adapt(predictor, song_files, args.jobs);
  ProgressLine line("scoring");
  Evaluation evaluation =
      evaluate_songs(predictor, join(names, " + "), scoring.chosen.split, scoring.chosen.manifest,
                     scoring.chosen.songs, song_files, args.jobs, line.callback());
  line.clear();
  evaluation.known_songs = scoring.chosen.known;
  evaluation.scores_known_songs = args.keep_overlaps;
  for (std::size_t i = 0; i < files.size(); ++i) {
    evaluation.models.push_back({names[i], hash_file_hex(files[i])});
  }
  return evaluation;
}

/// The models' own predictions of the songs that are scored.
std::vector<LabelledProbabilities> predictions_of(const EvalArgs& args,
                                                  const std::vector<FoundModel>& models,
                                                  const Scoring& scoring) {
  std::vector<LabelledProbabilities> predictions;
  for (const FoundModel& model : models) {
    const Evaluation evaluation = score(args, {model.file}, {model.name}, scoring);
    predictions.push_back(labelled(evaluation.songs, evaluation.classes));
  }
  return predictions;
}

/// Writes the models as one file and says what was fitted.
void save(const EvalArgs& args, const std::vector<fs::path>& models,
          const FittedEnsemble& ensemble) {
  write_ensemble_file(args.save, models, ensemble);
  const auto rounded = [](double value) { return format_number(std::round(value * 1e3) / 1e3); };
  const ModelCard::FittedTemperature& fitted = ensemble.calibration;
  if (fitted.songs > 0) {
    std::vector<std::string> weights;
    for (const double weight : ensemble.weights) weights.push_back(rounded(weight));
    log_info("fitted    on " + std::to_string(fitted.songs) +
             " songs: " + (models.size() > 1 ? "weights " + join(weights, ", ") + "; " : "") +
             "temperature " + rounded(fitted.temperature) + ", NLL " + rounded(fitted.nll_before) +
             " -> " + rounded(fitted.nll_after));
  }
  log_info("saved     " + args.save.string());
}

/// @param folder  where the tables go without -o; may be empty
void report(const EvalArgs& args, const Evaluation& evaluation, const fs::path& folder) {
  if (args.format == "json") {
    std::fputs((json_text(to_json(evaluation), 2) + "\n").c_str(), stdout);
  } else {
    std::fputs((args.format == "latex" ? latex_tables(evaluation) : to_table(evaluation)).c_str(),
               stdout);
  }
  const fs::path output = args.output.empty() ? folder : args.output;
  if (output.empty()) return;
  write_evaluation(evaluation, output);
  log_info("written   " + output.string());
}

/// A cross-validation is no model: its folds were scored, each on its own test songs, when they
/// were trained.
bool is_cross_validation(const EvalArgs& args) {
  return args.models.size() == 1 && fs::is_directory(args.models.front()) &&
         !RunFolder(args.models.front()).folds().empty();
}

int show_pooled(const EvalArgs& args) {
  const RunFolder run(args.models.front());
  const std::string count = std::to_string(run.folds().size());
  if (!args.manifest.empty() || !args.save.empty() ||
      (!args.split.empty() && args.split != kTest)) {
    throw UsageError(run.path().string() + ": is a cross-validation of " + count +
                         " folds, which are scored on their own test songs only",
                     "name a fold, e.g. " + run.folds().front().path().string());
  }
  const fs::path folder = run.evaluation_folder(kTest);
  if (!has_songs_and_segments(folder)) {
    throw UsageError(folder.string() + ": there are no scores yet",
                     "mer train --resume " + run.path().string());
  }
  Evaluation evaluation = read_evaluation(folder, EvaluationPart::kSegments);
  evaluation.split = "test songs of " + count + " folds";
  const std::map<std::string, std::string> groups = run.folds().front().groups();
  for (ScoredSong& scored : evaluation.songs) {
    const auto group = groups.find(scored.song.id);
    if (group != groups.end()) scored.song.group = group->second;
  }
  report(args, evaluation, {});
  return kDone;
}

}  // namespace

int run_eval(const EvalArgs& args) {
  catch_interrupts();
  check(args);
  if (is_cross_validation(args)) return show_pooled(args);
  std::vector<FoundModel> models;
  for (const std::string& name : args.models) {
    models.push_back(bundled_files().find_model(name, args.weights));
  }
  std::vector<fs::path> files = files_of(models);
  std::vector<std::string> names = args.models;
  if (!args.save.empty()) require_output(args.save, OutputKind::kModel, files);
  if (!args.output.empty()) require_evaluation_folder(args.output);

  const bool has_songs = !args.manifest.empty() || !models.front().run.empty();
  if (!has_songs && (args.save.empty() || args.fit)) {
    throw UsageError(names.front() + ": a model file has no songs of its own",
                     "--manifest songs.csv says which songs to score");
  }
  if (!args.fit_on.empty()) {
    save(args, files, fit_on_folds(files, args.fit_on));
    if (args.manifest.empty() && args.split.empty()) return kDone;
  }
  std::optional<Scoring> scoring;
  if (has_songs) scoring = prepare(args, models);
  if (!args.save.empty()) {
    if (args.fit_on.empty()) {
      const std::string fitted_on =
          args.manifest.empty() ? "validation songs" : args.manifest.filename().string();
      save(args, files,
           args.fit ? fit_on_songs(files, predictions_of(args, models, *scoring), fitted_on)
                    : ensemble_of_equals(files));
    }
    files = {args.save};
    names = {args.save.string()};
  }
  if (!has_songs) return kDone;
  const Evaluation evaluation = score(args, files, names, *scoring);
  if (args.fit) log_info("note      these scores are of the songs that were fitted on");
  // A run's folder holds what the run alone answers.
  const bool is_of_run = args.manifest.empty() && models.size() == 1 && args.save.empty();
  if (args.manifest.empty() && !is_of_run && args.output.empty()) {
    log_info("note      nothing is written: -o DIR keeps the scores");
  }
  report(
      args, evaluation,
      is_of_run ? RunFolder(models.front().run).evaluation_folder(evaluation.split) : fs::path());
  return evaluation.failed.empty() ? kDone : kSomeInputsFailed;
}

}  // namespace mer::app
