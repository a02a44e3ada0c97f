
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <numeric>
#include <optional>

#include "arguments.hpp"
#include "command.hpp"
#include "mer/core/error.hpp"
#include "mer/core/file_lock.hpp"
#include "mer/core/files.hpp"
#include "mer/core/text.hpp"
#include "mer/experiment/sweep_runner.hpp"
#include "mer/report/gnuplot.hpp"
#include "mer/report/sweep_figures.hpp"
#include "mer/runs/sweep_folder.hpp"
#include "mer/store/song_store.hpp"
#include "terminal.hpp"
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
  bool summary = false;
  std::string cell;
};

/// One command a cell, for GNU parallel or a job array.
void print_commands(const SweepArgs& args, const SweepPlan& plan) {
  std::string command = "mer sweep -c " + shell_word(args.config.string());
  for (const std::string& assignment : args.set) command += " --set " + shell_word(assignment);
  if (args.runs != SweepArgs{}.runs) command += " --runs " + shell_word(args.runs.string());
  if (!args.name.empty()) command += " --name " + shell_word(args.name);
  const std::string count = std::to_string(plan.num_runs());
  for (std::size_t cell = 0; cell < plan.num_runs(); ++cell) {
    std::printf("%s --cell %zu/%s  # %s\n", command.c_str(), cell + 1, count.c_str(),
                plan.cells[cell].name.c_str());
  }
}

/// The cells that this process runs.
std::vector<std::size_t> chosen_cells(const SweepArgs& args, const SweepPlan& plan) {
  std::vector<std::size_t> cells;
  if (args.summary) return cells;
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

/// Pictures are an extra: without gnuplot the tables are there all the same.
void draw(const SweepPlan& plan, const SweepSummary& summary, const fs::path& folder) {
  const std::string missing = why_no_pictures();
  if (!missing.empty()) {
    write_latex_tables(plan, summary, folder);
    log_warning("pictures are left out: " + missing);
    return;
  }
  log_info("written   " + write_sweep_figures(plan, summary, folder).string());
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
  Terminal terminal;
  SweepRunner runner(plan, folder, args.jobs, "/proc/self/exe", terminal);
  std::vector<std::size_t> to_do;
  for (const std::size_t cell : cells) {
    if (runner.progress_of_cell(cell).state != CellProgress::State::kFinished) {
      to_do.push_back(cell);
    }
  }
  if (args.summary) {
    make_folder(folder);
  } else {
    log_info("sweep     " + std::to_string(plan.num_runs()) + " cells, " +
             std::to_string(cells.size() - to_do.size()) + " of " + std::to_string(cells.size()) +
             " here have finished: " + folder.string());
  }
  bool songs_failed = false;
  std::optional<FileLock> lock;  // cells that are spread over processes share it
  if (!to_do.empty()) {
    runner.make_folders();
    lock.emplace(folder);
    if ((args.cell.empty() ? lock->take() : lock->take_shared()) == FileLock::State::kTaken) {
      throw UsageError(folder.string() + ": another mer sweep is at work in this folder",
                       "wait until it has ended, or give another --name");
    }
    songs_failed = runner.fill_stores(to_do);
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
    const SweepSummary summary = write_summary(plan, runner, folder);
    if (args.cell.empty()) std::fputs(summary_markdown(plan, summary).c_str(), stdout);
    log_info("written   " + SweepFolder(folder).summary_markdown().string());
    draw(plan, summary, folder);
  }
  if (!runner.failed().empty()) {
    const std::size_t count = runner.failed().size();
    log_error(std::to_string(count) + (count == 1 ? " cell" : " cells") + " failed",
              "the same command tries again");
    return kFailed;
  }
  return songs_failed || runner.songs_failed() ? kSomeInputsFailed : kDone;
}

}  // namespace

std::function<int()> add_sweep(CLI::App& cmd) {
  auto args = std::make_shared<SweepArgs>();
  cmd.add_option("-c,--config", args->config, "YAML file of the sweep, or name of an installed one")
      ->required()
      ->type_name("FILE|NAME")
      ->transform(config_name());
  one_value_each(
      cmd.add_option("--set", args->set,
                     "Override an option of every cell, or a key of the sweep (seeds, only, …)"))
      ->type_name("KEY=VALUE");
  cmd.add_option("--runs", args->runs, "Folder of the sweep's folder")
      ->capture_default_str()
      ->type_name("DIR");
  cmd.add_option("--name", args->name, "The sweep's name; default: the config's stem");
  cmd.add_option("-j,--jobs", args->jobs, "Cells at once on this machine")
      ->capture_default_str()
      ->check(number(between(1, 1024)));
  CLI::Option* list = cmd.add_flag("--list", args->list, "Print one command per cell and stop");
  cmd.add_flag("--summary", args->summary, "Run nothing: sum up the cells that have finished")
      ->excludes(list);
  cmd.add_option("--cell", args->cell, "Run the K-th of the N cells only")
      ->type_name("K/N")
      ->excludes(list);
  add_verbosity_options(cmd);
  cmd.footer(
      "Example:\n  mer sweep -c configs/paper/table2.yaml --set data.manifest=songs.csv --jobs 2\n"
      "  mer sweep -c configs/paper/table2.yaml --set data.manifest=songs.csv --list | parallel\n"
      "Finished cells are skipped, stopped ones resumed, failed ones tried again; the summary is\n"
      "RUNS/NAME/summary.md and summary.csv, the former on stdout as well.\n"
      "Exit codes: 0 done, 1 a cell failed, 2 wrong usage, 3 some songs could not be read, 130 "
      "interrupted");
  return [args] { return run_sweep(*args); };
}

}  // namespace mer::app
