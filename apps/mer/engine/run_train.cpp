#include <malloc.h>
#include <spdlog/spdlog.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <mutex>
#include <utility>

#include "../cmd_train.hpp"
#include "../command.hpp"
#include "../terminal.hpp"
#include "launch.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"
#include "mer/crossval/training_job.hpp"
#include "mer/distributed/collective.hpp"
#include "mer/runs/run_folder.hpp"

namespace mer::app {
namespace {

namespace fs = std::filesystem;

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
    return fixed(static_cast<double>(count) / 1e6, 2) + " M";
  };
  std::string size = millions(system.parameters) + " parameters";
  if (system.trained_parameters < system.parameters) {
    size += " (" + millions(system.trained_parameters) + " of them trained)";
  }
  const bool has_classes = config.targets.has(kClassesTask);
  return system.name + ", " + size + (has_classes ? ", " + config.loss.name + " loss" : "") +
         "   device " + config.device;
}

void log_summary(const TrainArgs& args, const TrainingJob& job, const Manifest& manifest,
                 const std::string& division) {
  const RunConfig& config = job.config;
  RunConfig summarized = config;
  if (job.resumes) summarized.train.init_from.clear();  // the run has its own weights now
  const SystemDescription system = describe_system(summarized, TaskSizes::of(manifest));
  log_info("config    " +
           (job.resumes ? RunFolder(job.run).config_file() : args.config.config).string());
  log_info("data      " + division_text(config, manifest, division) + ", seed " +
           std::to_string(config.data.split.seed));
  const bool is_network = config.model.is_network();
  if (!is_network || config.targets.has(kClassesTask)) {
    log_info("classes   " + join(manifest.classes, ", "));
  }
  if (is_network && config.targets.has(kValenceArousalTask)) {
    log_info(std::string("numbers   valence and arousal") +
             (config.targets.over_time ? ", over time where there are curves" : ""));
  }
  if (is_network && config.targets.has(kTagsTask)) {
    log_info("labels    " + join(manifest.tags, ", "));
  }
  log_info("features  recipe " + config.recipe.fingerprint() + "   segments " +
           format_number(config.segment.length_s) + " s (" + std::to_string(system.segment_frames) +
           " frames)");
  log_info("model     " + system_text(system, config));
  const int processes = job.workers.processes == nullptr ? 1 : job.workers.processes->size();
  const int replicas = job.workers.replicas > 0 ? job.workers.replicas : config.train.replicas;
  if (processes * replicas > 1) {
    log_info("workers   " + std::to_string(processes) + " processes x " + std::to_string(replicas) +
             " replicas share each batch of " + std::to_string(config.train.batch_size));
  }
  log_info("run       " + job.run.string());
}

/// A number of a column, `-` where it was not measured.
std::string cell(double value, int digits, std::size_t width) {
  return pad_left(std::isnan(value) ? "-" : fixed(value, digits), width);
}

/// A column of the table of a run: which rows have it, and its number.
struct Column {
  const char* title;
  std::size_t width;
  int digits;
  double MetricsRow::*number;
};
constexpr std::array kColumns = {
    Column{"acc", 6, 3, &MetricsRow::train_accuracy},
    Column{"val loss", 9, 3, &MetricsRow::val_loss},
    Column{"acc", 6, 3, &MetricsRow::val_accuracy},
    Column{"F1", 6, 3, &MetricsRow::val_macro_f1},
    Column{"conc.", 7, 3, &MetricsRow::val_concordance},
    Column{"ROC-AUC", 8, 3, &MetricsRow::val_roc_auc},
};

/// Tasks that the first row has no number of have no column.
class RowFormat {
 public:
  explicit RowFormat(const MetricsRow& first)
      : has_parts_(std::isnan(first.train_values) && std::isnan(first.train_tags)),
        has_validation_(std::isfinite(first.val_loss)) {
    for (const Column& column : kColumns) {
      if (!std::isnan(first.*column.number)) columns_.push_back(&column);
    }
  }

  std::string header() const {
    std::string line = " iter epoch   loss";
    if (has_parts_) line += " (softmax + center)";
    for (const Column* column : columns_) line += pad_left(column->title, column->width);
    return line + "      lr seg/s";
  }

  std::string row(const MetricsRow& row) const {
    std::string line = pad_left(std::to_string(row.iteration), 5) + cell(row.epoch, 1, 6) +
                       cell(row.train_loss, 3, 7);
    if (has_parts_) {
      line += " (" + cell(row.train_softmax, 3, 7) + " + " + cell(row.train_center, 3, 6) + ")";
    }
    for (const Column* column : columns_) {
      line += cell(row.*column->number, column->digits, column->width);
    }
    return line + " " + pad_left(std::isnan(row.lr) ? "-" : significant(row.lr, 2), 7) +
           cell(row.segments_per_second, 0, 6) + (row.is_best && has_validation_ ? " *" : "");
  }

 private:
  bool has_parts_;  ///< classes are the only task: the loss is softmax + center
  bool has_validation_;
  std::vector<const Column*> columns_;
};

void log_trained(const std::string& prefix, const MetricsRow& row) {
  const std::string scores = std::isnan(row.val_accuracy)
                                 ? ""
                                 : "; validation accuracy" + cell(row.val_accuracy, 3, 6) +
                                       ", macro-F1" + cell(row.val_macro_f1, 3, 6);
  log_info((prefix.empty() ? "trained   " : "fold" + prefix + "  ") + "in" +
           cell(row.seconds, 1, 5) + " s" + scores);
}

/// What runs tell the terminal: one table for all folds, and of a lone run a progress line.
class TrainingTable {
 public:
  RunCallbacks callbacks(int fold) {
    const std::string prefix = fold == 0 ? "" : pad_left(std::to_string(fold), 4);
    RunCallbacks callbacks;
    callbacks.on_row = [this, prefix](const MetricsRow& row) { add(prefix, row); };
    if (fold == 0) {
      line_.emplace("training");
      callbacks.on_step = [this](std::int64_t iteration, std::int64_t iterations, double rate) {
        if (!meter_) {
          meter_.emplace();
          first_iteration_ = iteration;
        }
        const auto done = static_cast<std::size_t>(iteration - first_iteration_);
        const auto total = static_cast<std::size_t>(iterations - first_iteration_);
        const double steps_a_second = meter_->per_second(done);
        line_->show(std::to_string(iteration) + "/" + std::to_string(iterations) + "  " +
                    fixed(rate, 0) + " segments/s" +
                    (steps_a_second > 0.0
                         ? ", " +
                               format_duration(static_cast<double>(total - done) / steps_a_second) +
                               " left"
                         : ""));
      };
    }
    callbacks.stop = interrupted;
    callbacks.log = spdlog::default_logger();
    return callbacks;
  }

  void clear() {
    if (line_) line_->clear();
  }

 private:
  void add(const std::string& prefix, const MetricsRow& row) {
    const std::scoped_lock lock(mutex_);
    clear();
    if (std::isnan(row.train_loss)) {  // a classical system is trained in one go
      log_trained(prefix, row);
      return;
    }
    // Not before: what is said about the data and the network comes first.
    if (!format_) {
      format_.emplace(row);
      log_info(std::string(prefix.empty() ? "" : "fold") + format_->header());
    }
    log_info(prefix + format_->row(row));
  }

  std::mutex mutex_;
  std::optional<RowFormat> format_;
  std::optional<RateMeter> meter_;  ///< of this process' steps, without the first
  std::int64_t first_iteration_ = 0;
  std::optional<ProgressLine> line_;
};

[[noreturn]] void stop_here(const TrainingJob& job) {
  const bool starts_anew = !job.config.model.is_network();
  throw Interrupted(
      starts_anew ? "interrupted" : "interrupted; the state is saved",
      "mer train --resume " + job.run.string() + (starts_anew ? " starts it anew" : ""));
}

int train(const TrainArgs& args, Workers workers) {
  TrainingJob job;
  job.resumes = !args.resume.empty();
  if (job.resumes && !RunFolder(args.resume).has_config()) {
    throw UsageError(args.resume.string() + ": is not a run folder", "runs are kept in runs/");
  }
  ConfigArgs source = args.config;
  if (job.resumes) source.config = RunFolder(args.resume).config_file();
  job.config = source.read();
  if (args.replicas > 0) job.config.train.replicas = args.replicas;
  job.workers = workers;
  job.workers.replicas = job.config.train.replicas;
  job.run = job.resumes      ? args.resume
            : job.is_first() ? new_run_folder(args)
                             : args.runs / args.name;
  job.command_line = join(process_arguments(), " ");
  job.weights = bundled_files().pretrained_weights();
  for (const fs::path& vectors : {job.config.embed.files, job.config.embed.exported}) {
    if (job.config.sees_embeddings() && !vectors.empty())
      add_embedding_source(job.weights, vectors);
  }

  Terminal terminal;
  TrainingTable table;
  const TrainingOutcome outcome =
      run_training(job, {terminal,
                         [&](const Manifest& manifest, const std::string& division) {
                           log_summary(args, job, manifest, division);
                         },
                         [&](int fold) { return table.callbacks(fold); }});
  table.clear();
  if (outcome.is_interrupted) {
    if (!job.is_first()) return kInterrupted;  // one process says it
    stop_here(job);
  }
  if (outcome.evaluation) {
    std::fputs(to_table(*outcome.evaluation).c_str(), stdout);
  } else if (job.config.data.split.folds == 0) {
    if (!std::isnan(outcome.result.best_score)) {
      log_info("best      validation score " + fixed(outcome.result.best_score, 3) +
               " at iteration " + std::to_string(outcome.result.best_iteration));
    }
    for (const std::string& line : curve_lines(RunFolder(job.run).metrics())) {
      log_info("          " + line);
    }
    log_info("next      mer eval " + job.run.string());
  }
  return outcome.songs_failed ? kSomeInputsFailed : kDone;
}

/// Every step needs the same large tensors again: giving their memory back to the system after each
/// makes it clear the pages anew, an eighth of a step's time.
void keep_freed_memory() {
  ::mallopt(M_MMAP_MAX, 0);
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
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
  if (place->rank > 0) be_quiet();
  try {
    return train(args, workers);
  } catch (const Interrupted&) {
    throw;
  } catch (const std::exception& error) {
    processes->fail(error.what());
    throw;
  }
}

}  // namespace mer::app
