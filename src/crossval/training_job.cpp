#include "mer/crossval/training_job.hpp"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <utility>

#include "mer/config/classic/va_regression.hpp"
#include "mer/core/error.hpp"
#include "mer/core/hash.hpp"
#include "mer/core/parallel.hpp"
#include "mer/core/text.hpp"
#include "mer/corpus/near_duplicates.hpp"
#include "mer/distributed/collective.hpp"
#include "mer/embed/embedding_store.hpp"
#include "mer/predict/predict_files.hpp"
#include "mer/predict/song_axes.hpp"
#include "mer/store/fill_store.hpp"
#include "mer/store/fingerprint_store.hpp"
#include "mer/store/segment_rows.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;

std::string counts_text(const Split& split) {
  return std::to_string(songs_in(split, kTrain).size()) + "/" +
         std::to_string(songs_in(split, kValidation).size()) + "/" +
         std::to_string(songs_in(split, kTest).size());
}

bool divides_segments(const RunConfig& config) {
  return config.data.split.unit == SplitOptions::Unit::kSegment;
}

/// What the first process found out, for all of them.
bool as_first(const Workers& workers, bool value) {
  if (workers.processes == nullptr) return value;
  return all_gather(*workers.processes, value ? 1 : 0).front() == 1;
}

/// Folds trained at once: as many as there are cores for them, but one where processes share it.
int fold_jobs(const RunConfig& config, const Workers& workers) {
  if (workers.processes != nullptr) return 1;
  if (config.train.fold_jobs > 0) return config.train.fold_jobs;
  const int replicas = workers.replicas > 0 ? workers.replicas : config.train.replicas;
  return std::max(1, available_cores() / replicas);
}

class Job {
 public:
  Job(const TrainingJob& job, const TrainingListener& listener)
      : job_(job), config_(job.config), workers_(job.workers), listener_(listener) {}

  TrainingOutcome train_one() {
    start();
    const RunFolder folder(job_.run);
    Split split =
        job_.resumes ? folder.split(manifest_) : make_split(manifest_, config_.data.split);
    tell_near_duplicates({split});
    make_inputs(counts_text(split));
    const RunData data{manifest_, std::move(split), features_, embeddings_};
    const RunCallbacks callbacks = listener_.callbacks(0);
    const bool starts_anew = job_.resumes && !config_.model.is_network() && !folder.has_finished();
    TrainingOutcome outcome;
    outcome.result =
        starts_anew    ? train_or_resume(config_, data, job_.run, callbacks)
        : job_.resumes ? resume_run(job_.run, data, callbacks, workers_)
                       : train_run(config_, data, job_.run, job_.command_line, callbacks, workers_);
    outcome.is_interrupted = outcome.result.status == RunResult::Status::kInterrupted;
    if (!outcome.is_interrupted && job_.is_first()) add_axes(folder, data.split);
    outcome.songs_failed = !outcome.result.failures.empty();
    return outcome;
  }

  TrainingOutcome train_folds() {
    start();
    const std::vector<Split> folds = make_folds(manifest_, config_.data.split);
    const RunFolder folder(job_.run);
    require_same_folds(folder, folds);
    tell_near_duplicates(folds);
    make_inputs(std::to_string(folds.size()) + " folds");
    if (job_.is_first()) {
      fs::create_directories(job_.run);
      write_text_file(folder.config_file(), to_yaml(config_, false));
    }
    std::atomic<bool> any_failed{false};
    std::atomic<bool> any_interrupted{false};
    const auto stop = [&] { return listener_.job.stopped() || any_interrupted; };
    parallel_for_each(
        folds.size(), fold_jobs(config_, workers_),
        [&](std::size_t i) {
          const int number = static_cast<int>(i) + 1;
          const RunFolder fold = folder.fold(number);
          if (as_first(workers_, fold.has_finished())) return;
          RunConfig fold_config = config_;
          fold_config.data.split.folds = 0;
          const RunData data{manifest_, folds[i], features_, embeddings_};
          const RunResult result =
              train_or_resume(fold_config, data, fold.path(), listener_.callbacks(number));
          if (!result.failures.empty()) any_failed = true;
          if (result.status == RunResult::Status::kInterrupted) {
            any_interrupted = true;
          } else if (job_.is_first()) {
            add_axes(fold, folds[i]);
          }
        },
        // Processes that share the folds agree on when to stop as they train.
        workers_.processes == nullptr ? std::function<bool()>(stop)
                                      : [&] { return any_interrupted.load(); });
    TrainingOutcome outcome;
    outcome.is_interrupted = workers_.processes == nullptr ? stop() : any_interrupted.load();
    outcome.songs_failed = any_failed;
    if (!outcome.is_interrupted && job_.is_first()) outcome.evaluation = score_folds(folds);
    return outcome;
  }

 private:
  /// Finds the songs and which are near-duplicates, or the segments where those are divided.
  void start() {
    manifest_ = config_.data.load_manifest();
    manifest_.require_no_single_class();
    if (config_.model.is_network()) {
      config_.targets.require_in(manifest_);
    } else if (config_.model.name != VaRegressionOptions::kName || !manifest_.classes.empty()) {
      manifest_.require_classes();
    }
    if (!divides_segments(config_)) {
      if (config_.data.split.near_duplicates == SplitOptions::NearDuplicates::kIgnore) return;
      const Shard shard = workers_.processes == nullptr
                              ? Shard{}
                              : Shard{workers_.processes->rank() + 1, workers_.processes->size()};
      run_beside_barriers(workers_.processes, [&](const std::function<bool()>& give_up) {
        mark_near_duplicates(config_.data.store, manifest_, listener_.job, shard, give_up);
      });
      return;
    }
    features_ = fill_features();
    expand_to_segments(config_.recipe, config_.segment, manifest_, features_);
  }

  void tell_near_duplicates(const std::vector<Split>& splits) const {
    for (const std::string& line : describe_near_duplicates(manifest_, splits)) {
      listener_.job.warn(line);
    }
  }

  /// Folds that an earlier version divided, which did not look for near-duplicates, may differ.
  void require_same_folds(const RunFolder& folder, const std::vector<Split>& folds) const {
    for (std::size_t i = 0; i < folds.size(); ++i) {
      const RunFolder fold = folder.fold(static_cast<int>(i) + 1);
      if ((fold.has_finished() || fold.has_state()) && fold.split(manifest_) != folds[i]) {
        throw UsageError(fold.path().string() + ": its songs were divided in another way",
                         "start a new cross-validation; data.split.near_duplicates=ignore divides "
                         "as earlier versions did");
      }
    }
  }

  void make_inputs(const std::string& division) {
    listener_.on_songs(manifest_, division);
    if (!divides_segments(config_)) features_ = fill_features();
    embeddings_ =
        fill_embeddings_of_run(config_, manifest_, features_, job_.weights, listener_.job);
  }

  /// The features of all songs. Several processes make a shard each; then each looks for all of
  /// them, and makes what is missing where hosts don't share a store.
  SongStore::Report fill_features() {
    const FeatureStore store(config_.data.store, config_.recipe);
    JobListener& listener = listener_.job;
    if (workers_.processes == nullptr) {
      return fill_store(store.songs(), manifest_, {}, 0, {}, "features", listener);
    }
    const int process = workers_.processes->rank() + 1;
    SongStore::Report report;
    for (const Shard& shard : {Shard{process, workers_.processes->size()}, Shard{}}) {
      run_beside_barriers(workers_.processes, [&](const std::function<bool()>& give_up) {
        const auto stop = [&] { return listener.stopped() || give_up(); };
        {
          const auto display = listener.progress("features");
          report = store.fill(manifest_, {}, 0, shard, display->callback(), stop);
        }
        if (listener.stopped()) throw Interrupted("interrupted; finished features stay");
      });
    }
    if (job_.is_first()) {
      for (const SongFailure& failure : report.failures) {
        listener.error(failure.message, failure.hint);
      }
    }
    return report;
  }

  /// What a system sees of songs; those that could not be read are left out.
  std::vector<SongFiles> files_of(const std::vector<std::size_t>& songs) const {
    std::vector<SongFiles> files;
    for (const std::size_t song : songs) {
      SongFiles& one = files.emplace_back(SongFiles{{features_.files[song]}, {}});
      if (config_.sees_embeddings()) one.embeddings = {embeddings_.files[song]};
    }
    return files;
  }

  /// A finished run's models learn where songs lie among its training songs.
  void add_axes(const RunFolder& run, const Split& split) const {
    const std::vector<std::string> units = names_of_units(manifest_, config_.data.split.group_by);
    const std::vector<std::size_t> numbers = songs_in(split, kTrain);
    const std::vector<SongFiles> all = files_of(numbers);
    std::vector<SongFiles> songs;
    std::vector<std::string> groups;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!all[i].complete()) continue;
      songs.push_back(all[i]);
      groups.push_back(units[numbers[i]]);
    }
    const fs::path best = run.best_file();
    const fs::path last = run.last_file();
    const bool are_same =
        fs::exists(best) && fs::exists(last) && hash_file_hex(best) == hash_file_hex(last);
    for (const fs::path& model : {best, last}) {
      if (!fs::exists(model)) continue;
      if (are_same && model == last) {
        write_text_file(last, read_text_file(best));
      } else {
        add_song_axes(model, songs, groups, config_.device, job_.weights);
      }
    }
  }

  RunResult train_or_resume(const RunConfig& config, const RunData& data, const fs::path& run,
                            const RunCallbacks& callbacks) const {
    if (as_first(workers_, RunFolder(run).has_state())) {
      return resume_run(run, data, callbacks, workers_);
    }
    // Stopped before its first checkpoint: nothing is lost by starting again.
    if (job_.is_first()) fs::remove_all(run);
    return train_run(config, data, run, job_.command_line, callbacks, workers_);
  }

  /// Scores each fold's model on its own test songs, and all of them pooled.
  Evaluation score_folds(const std::vector<Split>& folds) const {
    std::vector<ScoredSong> pooled;
    std::vector<std::string> failed;
    ModelAnswers answers;
    std::vector<Evaluation::Model> models;
    const RunFolder folder(job_.run);
    const auto display = listener_.job.progress("scoring");
    for (std::size_t i = 0; i < folds.size(); ++i) {
      const RunFolder fold = folder.fold(static_cast<int>(i) + 1);
      const fs::path weights = fold.weights_file(fold.selected_weights());
      const Predictor predictor = Predictor::load({weights}, config_.device, job_.weights);
      models.push_back({fold.path().string(), hash_file_hex(weights)});
      const std::vector<std::size_t> songs = songs_in(folds[i], kTest);
      Evaluation evaluation = evaluate_songs(predictor, fold.path().string(), kTest, manifest_,
                                             songs, files_of(songs), 0, display->callback());
      evaluation.models = {models.back()};
      write_evaluation(evaluation, fold.evaluation_folder(kTest));
      const std::vector<std::int64_t> counts_before = answers.training_counts;
      answers = predictor.answers();
      for (std::size_t c = 0; c < counts_before.size(); ++c) {
        answers.training_counts[c] += counts_before[c];
      }
      std::move(evaluation.songs.begin(), evaluation.songs.end(), std::back_inserter(pooled));
      failed.insert(failed.end(), evaluation.failed.begin(), evaluation.failed.end());
    }
    Evaluation evaluation = score_songs(job_.run.string(), kTest, std::move(answers),
                                        std::move(pooled), std::move(failed));
    evaluation.models = std::move(models);
    write_evaluation(evaluation, folder.evaluation_folder(kTest));
    return evaluation;
  }

  const TrainingJob& job_;
  const RunConfig& config_;
  const Workers& workers_;
  const TrainingListener& listener_;
  Manifest manifest_;
  SongStore::Report features_;
  SongStore::Report embeddings_;
};

}  // namespace

bool TrainingJob::is_first() const {
  return workers.processes == nullptr || workers.processes->rank() == 0;
}

TrainingOutcome run_training(const TrainingJob& job, const TrainingListener& listener) {
  Job running(job, listener);
  return job.config.data.split.folds > 0 ? running.train_folds() : running.train_one();
}

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

}  // namespace mer
