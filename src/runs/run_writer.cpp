#include "mer/runs/run_writer.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "mer/core/atomic_file.hpp"
#include "mer/core/error.hpp"
#include "mer/core/system_reason.hpp"
#include "mer/core/text.hpp"
#include "mer/runs/split_file.hpp"

namespace mer {
namespace {

/// The columns of metrics.csv after `iteration`.
constexpr std::array<std::pair<const char*, double MetricsRow::*>, 16> kMetricsColumns = {{
    {"epoch", &MetricsRow::epoch},
    {"seconds", &MetricsRow::seconds},
    {"lr", &MetricsRow::lr},
    {"train_loss", &MetricsRow::train_loss},
    {"train_softmax", &MetricsRow::train_softmax},
    {"train_center", &MetricsRow::train_center},
    {"val_loss", &MetricsRow::val_loss},
    {"val_accuracy", &MetricsRow::val_accuracy},
    {"val_macro_f1", &MetricsRow::val_macro_f1},
    {"train_as_printed", &MetricsRow::train_as_printed},
    {"train_accuracy", &MetricsRow::train_accuracy},
    {"train_values", &MetricsRow::train_values},
    {"train_tags", &MetricsRow::train_tags},
    {"val_concordance", &MetricsRow::val_concordance},
    {"val_roc_auc", &MetricsRow::val_roc_auc},
    {"val_pr_auc", &MetricsRow::val_pr_auc},
}};

std::string metrics_header() {
  std::vector<std::string> cells = {"iteration"};
  for (const auto& [name, number] : kMetricsColumns) cells.emplace_back(name);
  return csv_line(cells);
}

/// The header and the whole lines up to an iteration: a killed process may leave half a line. What
/// an earlier version began gets the columns that came since, empty.
std::string kept_rows(const std::string& text, std::int64_t iteration) {
  const std::string header = metrics_header();
  const std::string old_header = text.substr(0, text.find('\n') + 1);
  const auto commas = [](const std::string& line) { return std::ranges::count(line, ','); };
  const std::string missing(static_cast<std::size_t>(commas(header) - commas(old_header)), ',');
  std::string kept = header;
  std::size_t start = old_header.size();
  for (std::size_t end = text.find('\n', start); end != std::string::npos;
       start = end + 1, end = text.find('\n', start)) {
    std::int64_t number = 0;
    const auto [_, error] = std::from_chars(text.data() + start, text.data() + end, number);
    if (error == std::errc() && number <= iteration) {
      kept += text.substr(start, end - start) + missing + "\n";
    }
  }
  return kept;
}

}  // namespace

RunWriter::RunWriter(std::filesystem::path path) : RunFolder(std::move(path)) {}

RunWriter RunWriter::create(const std::filesystem::path& path, const RunConfig& config,
                            const Manifest& manifest, const Split& split) {
  std::error_code error;
  if (!path.parent_path().empty()) std::filesystem::create_directories(path.parent_path(), error);
  if (!error && !std::filesystem::create_directory(path, error) && !error) {
    throw UsageError(
        path.string() + ": exists already",
        "go on with it by `mer train --resume " + path.string() + "`, or give another --name");
  }
  if (error) {
    throw Error(path.string() + ": cannot be made: " + reason_of(error.value()),
                "choose a folder that you may write to with --runs");
  }
  RunWriter folder(path);
  folder.lock();
  RunConfig effective = config;
  effective.data.manifest = std::filesystem::absolute(config.data.manifest);
  effective.data.store =
      std::filesystem::absolute(config.data.store.empty() ? "mer-store" : config.data.store);
  if (!config.train.init_from.empty()) {
    effective.train.init_from = std::filesystem::absolute(config.train.init_from);
  }
  write_text_file(folder.config_file(), to_yaml(effective, false));
  write_split_csv(folder.split_file(), manifest, split);
  folder.open_metrics(0);
  folder.open_log();
  if (config.data.split.unit == SplitOptions::Unit::kSegment) {
    folder.log().warn(
        "split by segment: pieces of one song are trained on and tested, scores are "
        "too high; only to measure leakage");
  }
  return folder;
}

RunWriter RunWriter::reopen(const std::filesystem::path& path) {
  RunWriter folder(path);
  if (!folder.has_status()) {
    throw UsageError(path.string() + ": not a run: it has no run.json",
                     "give a folder that `mer train` made");
  }
  folder.lock();
  folder.status_ = folder.read_status();
  if (folder.status_.status.empty()) {
    throw UsageError(folder.status_file().string() + ": not the status of a run");
  }
  if (folder.status_.status == "finished") {
    throw UsageError(path.string() + ": has finished, there is nothing to resume",
                     "start a new run with another --name");
  }
  if (!folder.has_state()) {
    throw UsageError(path.string() + ": nothing to resume: it has no state.safetensors",
                     "start a new run with another --name");
  }
  AtomicFile::remove_abandoned(path);
  folder.open_log();
  return folder;
}

void RunWriter::lock() {
  lock_.emplace(path());
  // Where the file system has no locks it goes without.
  if (lock_->take() == FileLock::State::kTaken) {
    throw UsageError(path().string() + ": another process is training in this folder",
                     "wait until it has ended, or stop it");
  }
}

void RunWriter::open_log() {
  const auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(log_file().string());
  log_ = std::make_shared<spdlog::logger>("train", sink);
  log_->set_level(spdlog::level::debug);
  log_->flush_on(spdlog::level::debug);
}

void RunWriter::write_status() { write_text_file(status_file(), status_.to_json()); }

void RunWriter::open_metrics(std::int64_t iteration) {
  const std::filesystem::path file = metrics_file();
  const std::string kept =
      std::filesystem::exists(file) ? kept_rows(read_text_file(file), iteration) : metrics_header();
  metrics_.reset();
  write_text_file(file, kept);
  metrics_.emplace(file, LineFile::Start::kAppend);
}

void RunWriter::add_metrics(const MetricsRow& row) {
  std::vector<std::string> cells = {std::to_string(row.iteration)};
  for (const auto& [name, number] : kMetricsColumns) cells.push_back(format_number(row.*number));
  metrics_->add(csv_line(cells));
}

}  // namespace mer
