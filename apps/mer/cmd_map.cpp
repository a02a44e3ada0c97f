#include <CLI/CLI.hpp>
#include <filesystem>

#include "arguments.hpp"
#include "command.hpp"
#include "mer/core/atomic_file.hpp"
#include "mer/core/error.hpp"
#include "mer/core/files.hpp"
#include "mer/core/text.hpp"
#include "mer/library/map_page.hpp"
#include "mer/runs/output_file.hpp"
#include "terminal.hpp"

namespace mer::app {
namespace {

namespace fs = std::filesystem;

struct MapArgs {
  fs::path list;
  fs::path page;
  std::vector<std::string> map_path;
};

int run_map(const MapArgs& args) {
  const PathMap map(args.map_path);
  require_output(args.page, OutputKind::kPage, std::span(&args.list, 1));
  const auto list = read_prediction_list(args.list);
  if (list.empty()) throw UsageError(args.list.string() + ": holds no predictions");
  write_text_file(args.page, map_page(list, absolute_path(args.page).parent_path(), map));
  const auto failed = static_cast<std::size_t>(std::count_if(
      list.begin(), list.end(), [](const ListedPrediction& song) { return !song.result.ok(); }));
  std::string line = args.page.string() + "  " + std::to_string(list.size() - failed) + " songs";
  if (failed > 0) line += ", " + std::to_string(failed) + " without a prediction are left out";
  log_info(line);
  return kDone;
}

}  // namespace

std::function<int()> add_map(CLI::App& cmd) {
  auto args = std::make_shared<MapArgs>();
  add_list_argument(cmd, args->list);
  cmd.add_option("-o,--output", args->page, "The page, which needs no other file and no network")
      ->required()
      ->type_name("PAGE.html");
  add_map_path_option(cmd, args->map_path);
  add_verbosity_options(cmd);
  cmd.footer(
      "Open it in a browser. Songs play from where they are, relative to the page's folder.\n"
      "Example:\n  mer predict ~/music --format jsonl -o moods.jsonl\n"
      "  mer map moods.jsonl -o ~/music/map.html\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage");
  return [args] { return run_map(*args); };
}

}  // namespace mer::app
