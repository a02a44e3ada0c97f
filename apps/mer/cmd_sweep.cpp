#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <numeric>
#include <thread>

#include "command.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/store/feature_store.hpp"
#include "preprocessing.hpp"
#include "sweep_runner.hpp"
#include "validators.hpp"

namespace mer::app {
namespace {

namespace fs = std::filesystem;

struct SweepArgs {
  fs::path config;
  std::vector<std::string> set;
  fs::path runs = "runs";
  std::string name;
  int jobs = 1;
  bool list = false;
  std::string cell;
  Talk talk;
};

/// A word as a shell reads it back.
std::string quoted(const std::string& word) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("_-./=,:@%+").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

/// One command a cell, for GNU parallel or a job array.
void print_commands(const SweepArgs& args, const SweepPlan& plan) {
  std::string command = "mer sweep -c " + quoted(args.config.string());
  for (const std::string& assignment : args.set) command += " --set " + quoted(assignment);
  if (args.runs != SweepArgs{}.runs) command += " --runs " + quoted(args.runs.string());
  if (!args.name.empty()) command += " --name " + quoted(args.name);
  const std::string count = std::to_string(plan.num_runs());
  for (std::size_t cell = 0; cell < plan.num_runs(); ++cell) {
    std::printf("%s --cell %zu/%s  # %s\n", command.c_str(), cell + 1, count.c_str(),
                plan.cells[cell].name.c_str());
  }
}

/// The cells that this process runs.
std::vector<std::size_t> chosen_cells(const SweepArgs& args, const SweepPlan& plan) {
  std::vector<std::size_t> cells;
  if (args.cell.empty()) {
    cells.resize(plan.num_runs());
    std::iota(cells.begin(), cells.end(), std::size_t{0});
    return cells;
  }
  const Shard cell = Shard::parse(args.cell);
  if (static_cast<std::size_t>(cell.count) != plan.num_runs()) {
    throw UsageError(
        "--cell " + args.cell + ": the sweep has " + std::to_string(plan.num_runs()) + " cells",
        "`mer sweep … --list` prints a command for each");
  }
  return {static_cast<std::size_t>(cell.index - 1)};
}

/// Held by one process of a sweep at a time. Where the file system has no locks, by all.
class SweepLock {
 public:
  /// @throws Interrupted when the user asked to stop before it was free
  explicit SweepLock(const fs::path& file)
      : file_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    constexpr auto kPause = std::chrono::milliseconds(100);
    while (file_ >= 0 && ::flock(file_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      if (interrupted()) throw Interrupted("interrupted while another process made the features");
      std::this_thread::sleep_for(kPause);
    }
  }
  ~SweepLock() {
    if (file_ >= 0) ::close(file_);
  }
  SweepLock(const SweepLock&) = delete;
  SweepLock& operator=(const SweepLock&) = delete;

 private:
  int file_;
};

/// Features and embeddings that cells share are made before the first of them starts, by one
/// process: others that run cells of the sweep wait for it and find them made.
bool fill_stores(const SweepPlan& plan, const std::vector<std::size_t>& cells,
                 const fs::path& folder, SweepRunner& runner, const Talk& talk) {
  const SweepLock lock(folder / "features.lock");
  bool failed = false;
  for (const std::size_t cell : cells_with_distinct_features(plan, cells)) {
    const RunConfig& config = plan.cells[cell].config;
    const Manifest manifest = load_manifest(config.data);
    const FeatureStore store(config.data.store, config.recipe);
    failed = !fill_store(store, manifest, {}, 0, {}, talk).failures.empty() || failed;
    if (config.sees_embeddings()) failed = runner.make_embeddings(cell) || failed;
  }
  return failed;
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

/// Reads what has finished and writes summary.csv, summary.md and loss.csv.
/// @return the Markdown
std::string write_summary(const SweepPlan& plan, const SweepRunner& runner,
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
  const SweepSummary summary = summarize(plan, results, std::move(missing));
  const std::string markdown = summary_markdown(plan, summary);
  write_text_file(folder / "summary.csv", summary_csv(plan, summary));
  write_text_file(folder / "loss.csv", loss_csv(plan, summary));
  write_text_file(folder / "summary.md", markdown);
  return markdown;
}

int run_sweep(const SweepArgs& args) {
  catch_interrupts();
  const SweepPlan plan = plan_sweep(read_sweep_file(args.config, args.set));
  if (args.list) {
    print_commands(args, plan);
    return kDone;
  }
  const std::vector<std::size_t> cells = chosen_cells(args, plan);
  check_songs(plan);
  const fs::path folder = args.runs / (args.name.empty() ? args.config.stem().string() : args.name);
  SweepRunner runner(plan, folder, args.jobs, args.talk);
  std::vector<std::size_t> to_do;
  for (const std::size_t cell : cells) {
    if (runner.progress_of_cell(cell).state != CellProgress::State::kFinished) {
      to_do.push_back(cell);
    }
  }
  say(args.talk, "sweep     " + std::to_string(plan.num_runs()) + " cells, " +
                     std::to_string(cells.size() - to_do.size()) + " of " +
                     std::to_string(cells.size()) + " here have finished: " + folder.string());
  bool songs_failed = false;
  if (!to_do.empty()) {
    runner.make_folders();
    songs_failed = fill_stores(plan, to_do, folder, runner, args.talk);
    runner.run(to_do);
  }
  const bool all_finished = [&] {
    for (std::size_t cell = 0; cell < plan.num_runs(); ++cell) {
      if (runner.progress_of_cell(cell).state != CellProgress::State::kFinished) return false;
    }
    return true;
  }();
  // Of cells that are spread over many processes, the last one sums up.
  if (args.cell.empty() || all_finished) {
    const std::string markdown = write_summary(plan, runner, folder);
    if (args.cell.empty()) std::fputs(markdown.c_str(), stdout);
    say(args.talk, "written   " + (folder / "summary.md").string());
  }
  if (!runner.failed().empty()) {
    const std::size_t count = runner.failed().size();
    print_error(std::to_string(count) + (count == 1 ? " cell" : " cells") + " failed",
                "the same command tries again");
    return kFailed;
  }
  return songs_failed || runner.songs_failed() ? kSomeInputsFailed : kDone;
}

}  // namespace

Command add_sweep(CLI::App& app) {
  auto args = std::make_shared<SweepArgs>();
  CLI::App* cmd =
      app.add_subcommand("sweep", "Train and score every cell of a grid and compare them");
  cmd->add_option("-c,--config", args->config, "YAML file that says what varies")
      ->required()
      ->type_name("FILE");
  cmd->add_option("--set", args->set,
                  "Override an option of every cell, or a key of the sweep (seeds, only, …)")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  cmd->add_option("--runs", args->runs, "Folder of the sweep's folder")
      ->capture_default_str()
      ->type_name("DIR");
  cmd->add_option("--name", args->name, "The sweep's name; default: the config's stem");
  cmd->add_option("-j,--jobs", args->jobs, "Cells at once on this machine")
      ->capture_default_str()
      ->check(number(between(1, 1024)));
  CLI::Option* list = cmd->add_flag("--list", args->list, "Print one command per cell and stop");
  cmd->add_option("--cell", args->cell, "Run the K-th of the N cells only")
      ->type_name("K/N")
      ->excludes(list);
  add_talk_options(*cmd, args->talk);
  cmd->footer(
      "Example:\n  mer sweep -c configs/paper/table2.yaml --set data.manifest=songs.csv --jobs 2\n"
      "  mer sweep -c configs/paper/table2.yaml --set data.manifest=songs.csv --list | parallel\n"
      "Finished cells are skipped, stopped ones resumed, failed ones tried again; the summary is\n"
      "RUNS/NAME/summary.md and summary.csv, the former on stdout as well.\n"
      "Exit codes: 0 done, 1 a cell failed, 2 wrong usage, 3 some songs could not be read, 130 "
      "interrupted");
  return {cmd, [args] { return run_sweep(*args); }};
}

}  // namespace mer::app
