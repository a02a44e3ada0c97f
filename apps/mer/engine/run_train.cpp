#include <malloc.h>
#include <spdlog/logger.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <limits>
#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

#include "../arguments.hpp"
#include "../command.hpp"
#include "../models.hpp"
#include "../preprocessing.hpp"
#include "launch.hpp"
#include "mer/core/error.hpp"
#include "mer/core/parallel.hpp"
#include "mer/core/text.hpp"
#include "mer/distributed/collective.hpp"
#include "mer/predict/evaluation.hpp"
#include "mer/predict/predict_files.hpp"
#include "mer/store/segment_rows.hpp"
#include "mer/train/trainer.hpp"
#include "song_files.hpp"

namespace mer::app {
namespace {

namespace fs = std::filesystem;

std::string command_line() { return join(process_arguments(), " "); }

/// `runs/NAME`; without a name the config's stem, with -2, -3, … when taken.
fs::path new_run_folder(const TrainArgs& args) {
  if (!args.name.empty()) {
    const fs::path folder = args.runs / args.name;
    if (fs::exists(folder)) {
      throw UsageError(folder.string() + ": the run exists already",
                       "mer train --resume " + folder.string() + ", or give another --name");
    }
    return folder;
  }
  const std::string stem = args.config.config.stem().string();
  for (int number = 1;; ++number) {
    const fs::path folder = args.runs / (number == 1 ? stem : stem + "-" + std::to_string(number));
    if (!fs::exists(folder)) return folder;
  }
}

std::string counts_text(const Split& split) {
  return std::to_string(songs_in(split, kTrain).size()) + "/" +
         std::to_string(songs_in(split, kValidation).size()) + "/" +
         std::to_string(songs_in(split, kTest).size());
}

bool is_first(const Workers& workers) {
  return workers.processes == nullptr || workers.processes->rank() == 0;
}

/// What the first process found out, for all of them.
int as_first(const Workers& workers, int value) {
  if (workers.processes == nullptr) return value;
  return static_cast<int>(all_gather(*workers.processes, value).front());
}

/// The features of all songs. Several processes make a shard each; then each looks for all of them,
/// and makes what is missing where hosts don't share a store.
FeatureStore::Report fill_together(const FeatureStore& store, const Manifest& manifest,
                                   const Workers& workers, const Talk& talk) {
  if (workers.processes == nullptr) return fill_store(store, manifest, {}, 0, {}, talk);
  const int process = workers.processes->rank() + 1;
  FeatureStore::Report report;
  for (const Shard& shard : {Shard{process, workers.processes->size()}, Shard{}}) {
    run_beside_barriers(workers.processes, [&](const std::function<bool()>& give_up) {
      const auto stop = [&] { return interrupted() || give_up(); };
      {
        ProgressLine line("features", talk);
        report = store.fill(manifest, {}, 0, shard, line.callback(), stop);
      }
      if (interrupted()) throw Interrupted("interrupted; finished features stay");
    });
  }
  if (is_first(workers)) {
    for (const SongFailure& failure : report.failures) print_error(failure.message, failure.hint);
  }
  return report;
}

std::string system_text(const SystemDescription& system, const RunConfig& config) {
  if (system.columns > 0) {
    const bool songs = config.classic.song_vector_over == ClassicOptions::Over::kSong;
    const std::vector<std::string>& blocks = config.classic.song_vector;
    const std::string what =
        blocks.size() == 1 ? blocks.front() : "numbers (" + join(blocks, ", ") + ")";
    return system.name + " on " + std::to_string(system.columns) + " " + what + " of each " +
           (songs ? "song" : "segment");
  }
  const auto millions = [](std::int64_t count) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.2f M", static_cast<double>(count) / 1e6);
    return std::string(text);
  };
  std::string size = millions(system.parameters) + " parameters";
  if (system.trained_parameters < system.parameters) {
    size += " (" + millions(system.trained_parameters) + " of them trained)";
  }
  return system.name + ", " + size + ", " + config.loss.name + " loss   device " + config.device;
}

bool divides_segments(const RunConfig& config) {
  return config.data.split.unit == SplitOptions::Unit::kSegment;
}

/// "16 songs (8/4/4), split by group"
std::string division_text(const RunConfig& config, const Manifest& manifest,
                          const std::string& division) {
  const std::string count = std::to_string(manifest.songs.size());
  if (divides_segments(config)) {
    return count + " segments (" + division + "), split by SEGMENT: wrong, only measures leakage";
  }
  const bool grouped =
      manifest.has_groups && config.data.split.group_by == SplitOptions::GroupBy::kGroup;
  return count + " songs (" + division + "), split by " + (grouped ? "group" : "song");
}

void print_summary(const TrainArgs& args, const RunConfig& config, const Manifest& manifest,
                   const std::string& division, const fs::path& run, const Workers& workers) {
  RunConfig summarized = config;
  if (!args.resume.empty()) summarized.train.init_from.clear();  // the run has its own weights now
  const SystemDescription system =
      describe_system(summarized, static_cast<int>(manifest.classes.size()));
  say(args.talk,
      "config    " + (args.resume.empty() ? args.config.config : run / "config.yaml").string());
  say(args.talk, "data      " + division_text(config, manifest, division) + ", seed " +
                     std::to_string(config.data.split.seed) + "; classes " +
                     join(manifest.classes, ", "));
  say(args.talk, "features  recipe " + config.recipe.fingerprint() + "   segments " +
                     format_number(config.segment.length_s) + " s (" +
                     std::to_string(system.segment_frames) + " frames)");
  say(args.talk, "model     " + system_text(system, config));
  const int processes = workers.processes == nullptr ? 1 : workers.processes->size();
  const int replicas = workers.replicas > 0 ? workers.replicas : config.train.replicas;
  if (processes * replicas > 1) {
    say(args.talk, "workers   " + std::to_string(processes) + " processes x " +
                       std::to_string(replicas) + " replicas share each batch of " +
                       std::to_string(config.train.batch_size));
  }
  say(args.talk, "run       " + run.string());
}

void print_row_header(const Talk& talk, bool with_fold) {
  say(talk, std::string(with_fold ? "fold  " : "") +
                " iter   epoch    loss  (softmax + center)  val loss  val acc   val F1        lr  "
                "segments/s");
}

/// A number of a column, `-` where it was not measured.
std::string cell(const char* format, int width, double value) {
  char text[32];
  if (std::isnan(value)) {
    std::snprintf(text, sizeof(text), "%*s", width, "-");
  } else {
    std::snprintf(text, sizeof(text), format, width, value);
  }
  return text;
}

void print_row(const Talk& talk, const std::string& prefix, const MetricsRow& row) {
  char start[24];
  std::snprintf(start, sizeof(start), "%5lld  ", static_cast<long long>(row.iteration));
  say(talk, prefix + start + cell("%*.1f", 6, row.epoch) + cell("%*.3f", 8, row.train_loss) +
                "  (" + cell("%*.3f", 7, row.train_softmax) + " + " +
                cell("%*.3f", 6, row.train_center) + ")" + cell("%*.3f", 10, row.val_loss) +
                cell("%*.3f", 9, row.val_accuracy) + cell("%*.3f", 9, row.val_macro_f1) +
                cell("%*.2g", 10, row.lr) + cell("%*.0f", 12, row.segments_per_second) +
                (row.is_best ? "  best" : ""));
}

void print_trained(const Talk& talk, const std::string& prefix, const MetricsRow& row) {
  const std::string scores = std::isnan(row.val_accuracy)
                                 ? ""
                                 : "; validation accuracy" + cell("%*.3f", 6, row.val_accuracy) +
                                       ", macro-F1" + cell("%*.3f", 6, row.val_macro_f1);
  say(talk, (prefix.empty() ? "trained   " : "fold " + prefix) + "in" +
                cell("%*.1f", 5, row.seconds) + " s" + scores);
}

/// What a run tells the terminal. `prefix` names the fold; only a lone run draws a progress line.
/// `header` says whether the table's header was printed; it and `mutex` are shared by all folds.
RunCallbacks make_callbacks(const Talk& talk, const std::string& prefix, ProgressLine* line,
                            bool& header, std::mutex& mutex,
                            const std::shared_ptr<spdlog::logger>& log) {
  RunCallbacks callbacks;
  callbacks.on_row = [&talk, prefix, line, &header, &mutex](const MetricsRow& row) {
    const std::scoped_lock lock(mutex);
    if (line != nullptr) line->clear();
    if (std::isnan(row.train_loss)) {  // a classical system is trained in one go
      print_trained(talk, prefix, row);
      return;
    }
    // Not before: what is said about the data and the network comes first.
    if (!std::exchange(header, true)) print_row_header(talk, !prefix.empty());
    print_row(talk, prefix, row);
  };
  if (line != nullptr) {
    callbacks.on_step = [line](std::int64_t iteration, std::int64_t iterations, double rate) {
      char text[96];
      std::snprintf(text, sizeof(text), "%lld/%lld  %.0f segments/s",
                    static_cast<long long>(iteration), static_cast<long long>(iterations), rate);
      line->show(text);
    };
  }
  callbacks.stop = interrupted;
  callbacks.log = log;
  return callbacks;
}

/// True when run.json says that nothing is left to do.
bool is_finished(const fs::path& run) {
  if (!fs::exists(run / "run.json")) return false;
  const auto json = nlohmann::json::parse(read_text_file(run / "run.json"), nullptr, false);
  return json.is_object() && json.value("status", "") == "finished";
}

RunResult train_or_resume(const RunConfig& config, const RunData& data, const fs::path& run,
                          const RunCallbacks& callbacks, const Workers& workers) {
  if (as_first(workers, fs::exists(run / "state.safetensors") ? 1 : 0) == 1) {
    return resume_run(run, data, callbacks, workers);
  }
  // Stopped before its first checkpoint: nothing is lost by starting again.
  if (is_first(workers)) fs::remove_all(run);
  return train_run(config, data, run, command_line(), callbacks, workers);
}

[[noreturn]] void stop_here(const RunConfig& config, const fs::path& run) {
  const bool starts_anew = is_classic_system(config.model.name);
  throw Interrupted(starts_anew ? "interrupted" : "interrupted; the state is saved",
                    "mer train --resume " + run.string() + (starts_anew ? " starts it anew" : ""));
}

int train_one(const TrainArgs& args, const RunConfig& config, const fs::path& run, bool resuming,
              const Workers& workers) {
  RunData data;
  data.manifest = load_manifest(config.data);
  const FeatureStore store(config.data.store, config.recipe);
  if (divides_segments(config)) {
    data.features = fill_together(store, data.manifest, workers, args.talk);
    expand_to_segments(config.recipe, config.segment, data.manifest, data.features);
  }
  data.split = resuming ? read_split_csv(run / "split.csv", data.manifest)
                        : make_split(data.manifest, config.data.split);
  print_summary(args, config, data.manifest, counts_text(data.split), run, workers);
  if (!divides_segments(config)) {
    data.features = fill_together(store, data.manifest, workers, args.talk);
  }
  data.embeddings = embeddings_of_run(config, data.manifest, data.features, args.talk);

  std::mutex mutex;
  bool header = false;
  ProgressLine line("training", args.talk);
  const auto callbacks =
      make_callbacks(args.talk, "", &line, header, mutex, make_logger(args.talk));
  const bool starts_anew = resuming && is_classic_system(config.model.name) && !is_finished(run);
  const RunResult result = starts_anew ? train_or_resume(config, data, run, callbacks, workers)
                           : resuming
                               ? resume_run(run, data, callbacks, workers)
                               : train_run(config, data, run, command_line(), callbacks, workers);
  line.clear();
  if (result.status == RunResult::Status::kInterrupted) {
    if (!is_first(workers)) return kInterrupted;  // one process says it
    stop_here(config, run);
  }
  if (!std::isnan(result.best_macro_f1)) {
    char best[64];
    std::snprintf(best, sizeof(best), "validation macro-F1 %.3f at iteration %lld",
                  result.best_macro_f1, static_cast<long long>(result.best_iteration));
    say(args.talk, std::string("best      ") + best);
  }
  say(args.talk, "next      mer eval " + run.string());
  return result.failures.empty() ? kDone : kSomeInputsFailed;
}

/// Scores each fold's model on its own test songs, and all of them pooled.
void score_folds(const TrainArgs& args, const RunConfig& config, const Manifest& manifest,
                 const std::vector<Split>& folds, const FeatureStore::Report& features,
                 const SongStore::Report& embeddings, const fs::path& run) {
  std::vector<ScoredSong> pooled;
  std::vector<std::string> failed;
  std::vector<std::int64_t> training_counts(manifest.classes.size(), 0);
  ProgressLine line("scoring", args.talk);
  for (std::size_t i = 0; i < folds.size(); ++i) {
    const FoundModel model = find_model((run / ("fold-" + std::to_string(i + 1))).string(), "");
    const Predictor predictor = Predictor::load({model.file}, config.device, pretrained_weights());
    const std::vector<std::size_t> songs = songs_in(folds[i], kTest);
    std::vector<SongFiles> files;
    for (const std::size_t song : songs) {
      files.push_back({{features.files[song]}, {}});
      if (config.sees_embeddings()) files.back().embeddings = {embeddings.files[song]};
    }
    Evaluation evaluation =
        evaluate_songs(predictor, model.name, kTest, manifest, songs, files, 0, line.callback());
    write_evaluation(evaluation, model.run / "eval" / kTest);
    for (std::size_t c = 0; c < training_counts.size(); ++c) {
      training_counts[c] += predictor.training_counts()[c];
    }
    std::move(evaluation.songs.begin(), evaluation.songs.end(), std::back_inserter(pooled));
    failed.insert(failed.end(), evaluation.failed.begin(), evaluation.failed.end());
  }
  line.clear();
  const Evaluation evaluation = score_songs(run.string(), kTest, manifest.classes,
                                            std::move(pooled), std::move(failed), training_counts);
  write_evaluation(evaluation, run / "eval" / kTest);
  std::fputs(to_table(evaluation).c_str(), stdout);
}

/// Folds trained at once: as many as there are cores for them, but one where processes share it.
int fold_jobs(const RunConfig& config, const Workers& workers) {
  if (workers.processes != nullptr) return 1;
  if (config.train.fold_jobs > 0) return config.train.fold_jobs;
  const int replicas = workers.replicas > 0 ? workers.replicas : config.train.replicas;
  return std::max(1, available_cores() / replicas);
}

int train_folds(const TrainArgs& args, const RunConfig& config, const fs::path& run,
                const Workers& workers) {
  Manifest manifest = load_manifest(config.data);
  const FeatureStore store(config.data.store, config.recipe);
  FeatureStore::Report features;
  if (divides_segments(config)) {
    features = fill_together(store, manifest, workers, args.talk);
    expand_to_segments(config.recipe, config.segment, manifest, features);
  }
  const std::vector<Split> folds = make_folds(manifest, config.data.split);
  print_summary(args, config, manifest, std::to_string(folds.size()) + " folds", run, workers);
  if (!divides_segments(config)) {
    features = fill_together(store, manifest, workers, args.talk);
  }
  const SongStore::Report embeddings = embeddings_of_run(config, manifest, features, args.talk);
  if (is_first(workers)) {
    fs::create_directories(run);
    write_text_file(run / "config.yaml", to_yaml(config, false));
  }

  std::mutex mutex;
  bool header = false;
  const auto log = make_logger(args.talk);
  std::atomic<bool> any_failed{false};
  std::atomic<bool> any_interrupted{false};
  const auto stop = [&] { return interrupted() || any_interrupted; };
  parallel_for_each(
      folds.size(), fold_jobs(config, workers),
      [&](std::size_t i) {
        const fs::path fold = run / ("fold-" + std::to_string(i + 1));
        if (as_first(workers, is_finished(fold) ? 1 : 0) == 1) return;
        RunConfig fold_config = config;
        fold_config.data.split.folds = 0;
        const RunData data{manifest, folds[i], features, embeddings};
        const auto callbacks =
            make_callbacks(args.talk, std::to_string(i + 1) + "     ", nullptr, header, mutex, log);
        const RunResult result = train_or_resume(fold_config, data, fold, callbacks, workers);
        if (!result.failures.empty()) any_failed = true;
        if (result.status == RunResult::Status::kInterrupted) any_interrupted = true;
      },
      // Processes that share the folds agree on when to stop as they train.
      workers.processes == nullptr ? std::function<bool()>(stop)
                                   : [&] { return any_interrupted.load(); });
  if (workers.processes == nullptr ? stop() : any_interrupted.load()) {
    if (!is_first(workers)) return kInterrupted;
    stop_here(config, run);
  }
  if (!is_first(workers)) return any_failed ? kSomeInputsFailed : kDone;
  score_folds(args, config, manifest, folds, features, embeddings, run);
  return any_failed ? kSomeInputsFailed : kDone;
}

/// Every step needs the same large tensors again: giving their memory back to the system after each
/// makes it clear the pages anew, an eighth of a step's time.
void keep_freed_memory() {
  ::mallopt(M_MMAP_MAX, 0);
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
}

int train(const TrainArgs& args, Workers& workers) {
  const bool resuming = !args.resume.empty();
  if (resuming && !fs::exists(args.resume / "config.yaml")) {
    throw UsageError(args.resume.string() + ": is not a run folder", "runs are kept in runs/");
  }
  ConfigArgs source = args.config;
  if (resuming) source.config = args.resume / "config.yaml";
  RunConfig config = source.read();
  if (args.replicas > 0) config.train.replicas = args.replicas;
  workers.replicas = config.train.replicas;
  const fs::path run = resuming            ? args.resume
                       : is_first(workers) ? new_run_folder(args)
                                           : args.runs / args.name;
  if (config.data.split.folds > 0) return train_folds(args, config, run, workers);
  return train_one(args, config, run, resuming, workers);
}

}  // namespace

int run_train(const TrainArgs& args) {
  keep_freed_memory();
  catch_interrupts();
  Workers workers;
  const std::optional<ProcessPlace> place = place_in_environment();
  if (!place) return train(args, workers);

  const std::shared_ptr<Collective> processes = join_processes(*place, {}, interrupted);
  workers.processes = processes.get();
  workers.rank_on_host = place->rank_on_host;
  TrainArgs mine = args;
  if (place->rank > 0) mine.talk.quiet = true;
  try {
    return train(mine, workers);
  } catch (const Interrupted&) {
    throw;
  } catch (const std::exception& error) {
    processes->fail(error.what());
    throw;
  }
}

}  // namespace mer::app
