#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>

#include "../arguments.hpp"
#include "../command.hpp"
#include "../models.hpp"
#include "../preprocessing.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/eval/evaluation.hpp"
#include "mer/eval/predict_files.hpp"
#include "mer/eval/predictor.hpp"

namespace mer::app {
namespace {

namespace fs = std::filesystem;

/// Which songs are scored, and under what name.
struct EvalSongs {
  Manifest manifest;
  std::vector<std::size_t> songs;
  std::string split;
};

/// The songs of a manifest that was given: all rows, or those of its split column.
EvalSongs songs_of_manifest(const EvalArgs& args) {
  EvalSongs chosen{Manifest::load(args.manifest), {}, "all"};
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
  EvalSongs chosen{load_manifest(config.data), {}, args.split.empty() ? kTest : args.split};
  chosen.songs = songs_in(read_split_csv(run / "split.csv", chosen.manifest), chosen.split);
  return chosen;
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

  RunConfig config;
  if (!args.config.config.empty() || !args.config.set.empty()) {
    config = args.config.read();
  } else if (!run.empty()) {
    ConfigDocument::load(run / "config.yaml").read(config);
  }
  if (config.data.store.empty()) config.data.store = fs::absolute("mer-store");
  if (args.manifest.empty() && run.empty()) {
    throw UsageError(names.front() + ": a model file has no songs of its own",
                     "--manifest songs.csv says which songs to score");
  }
  const EvalSongs chosen =
      args.manifest.empty() ? songs_of_run(args, config, run) : songs_of_manifest(args);
  if (chosen.songs.empty())
    throw UsageError("there are no songs in the part '" + chosen.split + "'");

  const Predictor predictor = Predictor::load(files, config.device);
  // The model's recipe decides; a config given by hand may change which part of a song is read.
  Recipe recipe = predictor.recipe();
  if (!args.config.config.empty() || !args.config.set.empty()) {
    recipe.audio.start_s = config.recipe.audio.start_s;
    recipe.audio.duration_s = config.recipe.audio.duration_s;
    recipe.audio.pad_to_seconds = config.recipe.audio.pad_to_seconds;
  }
  const FeatureStore store(config.data.store, recipe);
  const FeatureStore::Report features =
      fill_store(store, chosen.manifest, chosen.songs, args.jobs, {}, args.talk);

  ProgressLine line("scoring", args.talk);
  const Evaluation evaluation =
      evaluate_songs(predictor, join(names, " + "), chosen.split, chosen.manifest, chosen.songs,
                     features.files, args.jobs, line.callback());
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
