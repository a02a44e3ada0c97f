#include "mer/experiment/sweep_runner.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "mer/core/error.hpp"
#include "mer/core/file_lock.hpp"
#include "mer/core/files.hpp"
#include "mer/core/parallel.hpp"
#include "mer/core/text.hpp"
#include "mer/corpus/near_duplicates.hpp"
#include "mer/runs/sweep_folder.hpp"
#include "mer/store/feature_store.hpp"
#include "mer/store/fill_store.hpp"
#include "mer/store/fingerprint_store.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using State = CellProgress::State;

constexpr auto kPause = std::chrono::milliseconds(50);
constexpr int kBySignal = 128;

/// The last line of a text that says what went wrong, else its last line.
std::string last_error(const std::string& text) {
  std::string last;
  std::string error;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string line = text.substr(start, end - start);
    if (!line.empty()) last = line;
    if (line.starts_with("error: ")) error = line.substr(std::strlen("error: "));
    start = end + 1;
  }
  return error.empty() ? last : error;
}

const char* word_of(CellProgress::State state) {
  switch (state) {
    case CellProgress::State::kNew:
      return "not started";
    case CellProgress::State::kStopped:
      return "stopped before its end";
    case CellProgress::State::kTrained:
      return "trained, but not scored";
    case CellProgress::State::kFailed:
    case CellProgress::State::kFinished:
      break;
  }
  return "failed";
}

/// None when one of the cells that answer together has no results.
std::optional<CellResults> results_of_ensemble(
    const SweepPlan& plan, std::size_t cell,
    const std::vector<std::optional<CellResults>>& results) {
  std::vector<const CellResults*> members;
  std::vector<std::string> names;
  for (const std::size_t member : plan.cells[cell].members) {
    if (!results[member]) return std::nullopt;
    members.push_back(&*results[member]);
    names.push_back(plan.cells[member].name);
  }
  return ensemble_results(members, names);
}

}  // namespace

SweepRunner::SweepRunner(const SweepPlan& plan, fs::path folder, int jobs, fs::path program,
                         JobListener& listener)
    : plan_(plan),
      folder_(std::move(folder)),
      jobs_(jobs),
      program_(std::move(program)),
      listener_(listener) {}

fs::path SweepRunner::folder_of(std::size_t cell) const { return folder_ / plan_.cells[cell].name; }

fs::path SweepRunner::log_of(std::size_t cell) const {
  return SweepFolder(folder_).log_file(plan_.cells[cell].name);
}

fs::path SweepRunner::config_of(std::size_t cell) const {
  return SweepFolder(folder_).config_file(plan_.cells[cell].name);
}

CellProgress SweepRunner::progress_of_cell(std::size_t cell) const {
  return progress_of(plan_.cells[cell], folder_of(cell), plan_.file.score,
                     plan_.file.show_train_accuracy);
}

std::vector<std::string> SweepRunner::next_command(std::size_t cell) const {
  const fs::path run = folder_of(cell);
  const CellProgress progress = progress_of_cell(cell);
  if (progress.state == State::kFinished) return {};
  if (progress.state == State::kTrained) {
    const UnscoredPart next =
        unscored_parts(plan_.cells[cell], run, plan_.file.score, plan_.file.show_train_accuracy)
            .front();
    const int jobs = std::max(1, available_cores() / jobs_);
    return {"eval", next.run.string(), "--split", next.part, "-j", std::to_string(jobs)};
  }
  if (fs::exists(run)) return {"train", "--resume", run.string()};
  return {"train",          "-c",     config_of(cell).string(), "--runs",
          folder_.string(), "--name", plan_.cells[cell].name};
}

void SweepRunner::write_config(std::size_t cell) const {
  RunConfig config = plan_.cells[cell].config;
  int& folds_at_once = config.train.fold_jobs;
  if (folds_at_once == 0) folds_at_once = std::max(1, available_cores() / jobs_);
  write_text_file(config_of(cell), to_yaml(config, false));
}

/// Writes the cell's config and makes way for another try.
void SweepRunner::prepare(std::size_t cell) {
  const CellProgress progress = progress_of_cell(cell);
  if (progress.state == State::kFailed) {
    listener_.info("again     " + plan_.cells[cell].name + ", which failed: " + progress.error);
    clear_failed(plan_.cells[cell], folder_of(cell));
  }
  write_config(cell);
}

bool SweepRunner::make_embeddings(std::size_t cell) {
  write_config(cell);
  start(cell, {"preprocess", "-c", config_of(cell).string()}, clock_.seconds());
  Running& child = running_.back();
  const auto display = listener_.progress("embeddings");
  display->show("for " + plan_.cells[cell].name);
  bool told_to_stop = false;
  std::optional<int> exit_code;
  while (!(exit_code = child.process->exit_code())) {
    if (listener_.stopped() && !std::exchange(told_to_stop, true)) child.process->ask_to_stop();
    std::this_thread::sleep_for(kPause);
  }
  display->clear();
  const std::string reason = reason_of(child, *exit_code);
  running_.pop_back();
  if (listener_.stopped()) throw Interrupted("interrupted; finished embeddings stay");
  if (*exit_code == kDone || *exit_code == kSomeInputsFailed) return *exit_code != kDone;
  throw Error("cell '" + plan_.cells[cell].name + "': " + reason,
              "all that was said is in " + log_of(cell).string());
}

bool SweepRunner::fill_stores(const std::vector<std::size_t>& cells) {
  constexpr auto kWait = std::chrono::milliseconds(100);
  FileLock lock(folder_ / "features.lock");
  while (lock.take() == FileLock::State::kTaken) {
    if (listener_.stopped()) {
      throw Interrupted("interrupted while another process made the features");
    }
    std::this_thread::sleep_for(kWait);
  }
  bool failed = false;
  std::set<fs::path> compared;  // manifests
  for (const std::size_t cell : cells_with_distinct_features(plan_, cells)) {
    const RunConfig& config = plan_.cells[cell].config;
    const SplitOptions& split = config.data.split;
    if (split.unit == SplitOptions::Unit::kSong &&
        split.near_duplicates == SplitOptions::NearDuplicates::kKeepTogether &&
        compared.insert(config.data.manifest).second) {
      Manifest manifest = config.data.load_manifest();
      mark_near_duplicates(config.data.store, manifest, listener_);
      for (const std::string& line : describe_near_duplicates(manifest, {})) {
        listener_.warn(line);
      }
      check_songs(plan_, manifest);
    }
    const FeatureStore store(config.data.store, config.recipe);
    const auto report =
        fill_store(store.songs(), config.data.load_manifest(), {}, 0, {}, "features", listener_);
    failed = !report.failures.empty() || failed;
    if (config.sees_embeddings()) failed = make_embeddings(cell) || failed;
  }
  return failed;
}

void SweepRunner::start(std::size_t cell, const std::vector<std::string>& command,
                        double started_s) {
  const fs::path log = log_of(cell);
  std::error_code no_log_yet;
  const std::uintmax_t size = fs::file_size(log, no_log_yet);
  std::vector<std::string> words = {"mer"};
  words.insert(words.end(), command.begin(), command.end());
  running_.push_back({cell, command, no_log_yet ? 0 : size, started_s,
                      std::make_unique<ChildProcess>(
                          words, ChildOptions{program_, {}, log, /*ends_with_us=*/true})});
}

std::string SweepRunner::reason_of(const Running& running, int exit_code) const {
  std::string text = read_text_file(log_of(running.cell));
  text.erase(0, std::min<std::size_t>(text.size(), running.log_start));
  const std::string verb = "mer " + running.command.front();
  if (exit_code > kBySignal && exit_code != kInterrupted) {
    const int signal = exit_code - kBySignal;
    return verb + " was ended by signal " + std::to_string(signal) +
           (signal == SIGKILL ? " (by the system, out of memory?)" : "");
  }
  const std::string error = last_error(text);
  return error.empty() ? verb + " ended with exit code " + std::to_string(exit_code) : error;
}

void SweepRunner::fail(std::size_t cell, const std::string& reason) {
  failed_.push_back({plan_.cells[cell].name, reason});
  listener_.error("cell '" + plan_.cells[cell].name + "': " + reason,
                  "the other cells go on; all that was said is in " + log_of(cell).string());
}

void SweepRunner::ended(const Running& running, int exit_code) {
  if (exit_code == kSomeInputsFailed) songs_failed_ = true;
  if (exit_code != kDone && exit_code != kSomeInputsFailed) {
    if (!listener_.stopped()) fail(running.cell, reason_of(running, exit_code));
    return;
  }
  const std::vector<std::string> command = next_command(running.cell);
  if (command == running.command) {
    fail(running.cell, "mer " + command.front() + " has left no result");
  } else if (!command.empty()) {
    if (!listener_.stopped()) start(running.cell, command, running.started_s);
  } else {
    listener_.info("finished  " + plan_.cells[running.cell].name + "  " +
                   format_duration(clock_.seconds() - running.started_s));
  }
}

void SweepRunner::show(ProgressDisplay& display, std::size_t num_left) const {
  std::vector<std::string> names;
  for (const Running& running : running_) names.push_back(plan_.cells[running.cell].name);
  display.show(std::to_string(num_left + running_.size()) + " to do, " +
               std::to_string(failed_.size()) + " failed; running " + join(names, ", "));
}

void SweepRunner::make_folders() const {
  const SweepFolder folder(folder_);
  if (fs::exists(folder_) && !fs::is_empty(folder_) && !fs::is_directory(folder.configs())) {
    throw UsageError(folder_.string() + ": is there already and is no sweep's folder",
                     "give another --name");
  }
  const std::string hint = "choose a folder that you may write to with --runs";
  make_folder(folder.configs(), hint);
  make_folder(folder.logs(), hint);
}

void SweepRunner::run(const std::vector<std::size_t>& cells) {
  make_folders();
  const auto display = listener_.progress("cells");
  std::size_t next = 0;
  bool told_to_stop = false;
  while (!running_.empty() || (next < cells.size() && !listener_.stopped())) {
    while (next < cells.size() && !listener_.stopped() &&
           running_.size() < static_cast<std::size_t>(jobs_)) {
      const std::size_t cell = cells[next++];
      prepare(cell);
      const std::vector<std::string> command = next_command(cell);
      if (!command.empty()) start(cell, command, clock_.seconds());
    }
    if (listener_.stopped() && !std::exchange(told_to_stop, true)) {
      for (const Running& running : running_) running.process->ask_to_stop();
    }
    for (auto running = running_.begin(); running != running_.end();) {
      const std::optional<int> exit_code = running->process->exit_code();
      if (!exit_code) {
        ++running;
        continue;
      }
      display->clear();
      const Running done = std::move(*running);
      running = running_.erase(running);
      ended(done, *exit_code);
    }
    show(*display, cells.size() - next);
    if (!running_.empty()) std::this_thread::sleep_for(kPause);
  }
  display->clear();
  if (listener_.stopped()) {
    throw Interrupted("interrupted; cells that were running have saved their state",
                      "the same command goes on");
  }
}

SweepSummary write_summary(const SweepPlan& plan, const SweepRunner& runner,
                           const fs::path& folder) {
  std::vector<std::optional<CellResults>> results(plan.cells.size());
  std::vector<MissingCell> missing;
  for (std::size_t cell = 0; cell < plan.num_runs(); ++cell) {
    const CellProgress progress = runner.progress_of_cell(cell);
    if (progress.state == CellProgress::State::kFinished) {
      results[cell] = read_cell_results(plan.cells[cell], runner.folder_of(cell), plan.file.score,
                                        plan.file.show_train_accuracy);
      continue;
    }
    const auto failed =
        std::find_if(runner.failed().begin(), runner.failed().end(),
                     [&](const MissingCell& one) { return one.name == plan.cells[cell].name; });
    missing.push_back({plan.cells[cell].name, failed != runner.failed().end() ? failed->reason
                                              : !progress.error.empty()       ? progress.error
                                                                        : word_of(progress.state)});
  }
  for (std::size_t cell = plan.num_runs(); cell < plan.cells.size(); ++cell) {
    results[cell] = results_of_ensemble(plan, cell, results);
    if (!results[cell])
      missing.push_back({plan.cells[cell].name, "a member of this ensemble is missing"});
  }
  SweepSummary summary = summarize(plan, results, std::move(missing));
  const SweepFolder sweep(folder);
  write_text_file(sweep.summary_csv(), summary_csv(plan, summary));
  write_text_file(sweep.loss_csv(), loss_csv(plan, summary));
  write_text_file(sweep.loss_as_printed_csv(), loss_csv(plan, summary, &LossPoint::as_printed));
  write_text_file(sweep.summary_markdown(), summary_markdown(plan, summary));
  return summary;
}

}  // namespace mer
