#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "../arguments.hpp"
#include "../command.hpp"
#include "../models.hpp"
#include "../preprocessing.hpp"
#include "mer/core/error.hpp"
#include "mer/core/tensor_file.hpp"
#include "mer/core/text.hpp"
#include "mer/data/segment_rows.hpp"
#include "mer/eval/evaluation.hpp"
#include "mer/eval/predict_files.hpp"
#include "mer/eval/predictor.hpp"
#include "mer/model/model_card.hpp"
#include "song_files.hpp"

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
  EvalSongs chosen{load_manifest(config.data), {}, args.split.empty() ? kTest : args.split, {}};
  if (config.data.split.unit == SplitOptions::Unit::kSegment) {
    const FeatureStore store(config.data.store, config.recipe);
    chosen.features = fill_store(store, chosen.manifest, {}, args.jobs, {}, args.talk);
    expand_to_segments(config.recipe, config.segment, chosen.manifest, *chosen.features);
  }
  chosen.songs = songs_in(read_split_csv(run / "split.csv", chosen.manifest), chosen.split);
  return chosen;
}

/// The files of the chosen rows.
std::vector<SongFiles> files_of(const EvalArgs& args, const RunConfig& config,
                                const Predictor& predictor, const EvalSongs& chosen) {
  if (!chosen.features) {
    return files_for(predictor, config, chosen.manifest, chosen.songs, args.jobs, args.talk);
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
    return args.config.read_over(ConfigDocument::load(model.run / "config.yaml"));
  }
  const ModelCard card = ModelCard::read(TensorFile::open(model.file));
  return args.config.read_over(ConfigDocument::parse(
      card.recipe.dump(), model.file.string() + " ('recipe' of the model)", fs::path()));
}

}  // namespace

int run_eval(const EvalArgs& args) {
  catch_interrupts();
  static const std::vector<std::string> kParts = {kTrain, kValidation, kTest};
  if (!args.split.empty() && std::find(kParts.begin(), kParts.end(), args.split) == kParts.end()) {
    throw UsageError("--split is '" + args.split + "', allowed: " + join(kParts, ", "));
  }
  std::vector<FoundModel> models;
  std::vector<fs::path> files;
  std::vector<std::string> names;
  for (const std::string& name : args.models) {
    models.push_back(find_model(name, args.weights));
    files.push_back(models.back().file);
    names.push_back(name);
  }
  const fs::path& run = models.front().run;

  if (args.manifest.empty() && run.empty()) {
    throw UsageError(names.front() + ": a model file has no songs of its own",
                     "--manifest songs.csv says which songs to score");
  }
  const RunConfig config = eval_config(args, models.front());
  const EvalSongs chosen =
      args.manifest.empty() ? songs_of_run(args, config, run) : songs_of_manifest(args);
  if (chosen.songs.empty())
    throw UsageError("there are no songs in the part '" + chosen.split + "'");

  const Predictor predictor = Predictor::load(files, config.device, pretrained_weights());
  // A config given by hand may change which part of a song is read, but not what features mean.
  require_same_recipe(config.recipe.shared(), predictor.recipes().front().shared(), names.front());
  const std::vector<SongFiles> song_files = files_of(args, config, predictor, chosen);

  ProgressLine line("scoring", args.talk);
  const Evaluation evaluation =
      evaluate_songs(predictor, join(names, " + "), chosen.split, chosen.manifest, chosen.songs,
                     song_files, args.jobs, line.callback());
  line.clear();
  if (args.format == "json") {
    const std::string json =
        to_json(evaluation).dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
    std::fputs((json + "\n").c_str(), stdout);
  } else {
    std::fputs(to_table(evaluation).c_str(), stdout);
  }
  fs::path output = args.output;
  if (output.empty() && args.manifest.empty()) output = run / "eval" / chosen.split;
  if (!output.empty()) {
    write_evaluation(evaluation, output);
    say(args.talk, "written   " + output.string());
  }
  return evaluation.failed.empty() ? kDone : kSomeInputsFailed;
}

}  // namespace mer::app
