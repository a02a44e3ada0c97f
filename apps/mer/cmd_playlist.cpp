#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "arguments.hpp"
#include "command.hpp"
#include "mer/core/error.hpp"
#include "mer/tagging/playlist.hpp"
#include "terminal.hpp"

namespace mer::app {
namespace {

struct PlaylistArgs {
  std::filesystem::path list;
  std::filesystem::path folder;
  std::vector<std::string> map_path;
};

std::string songs(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " song" : " songs");
}

int run_playlist(const PlaylistArgs& args) {
  const PathMap map(args.map_path);
  const auto list = read_prediction_list(args.list);
  if (list.empty()) throw UsageError(args.list.string() + ": holds no predictions");
  const PlaylistReport report = write_playlists(list, args.folder, map);
  for (const PlaylistFailure& failure : report.failures) log_error(failure.message, failure.hint);
  for (const Playlist& playlist : report.playlists) {
    const std::string line = playlist.file.string() + "  " + songs(playlist.num_songs);
    if (!is_quiet()) {
      log_info(line);
    } else if (playlist.has_changed) {
      std::fprintf(stderr, "%s\n", line.c_str());
    }
  }
  if (report.num_uncertain > 0) log_info("uncertain, left out: " + songs(report.num_uncertain));
  if (report.num_failed > 0) {
    log_info("without a prediction, left out: " + songs(report.num_failed));
  }
  if (report.failures.empty()) return kDone;
  log_info(songs(report.failures.size()) + " failed (exit code 3)");
  return kSomeInputsFailed;
}

}  // namespace

std::function<int()> add_playlist(CLI::App& cmd) {
  auto args = std::make_shared<PlaylistArgs>();
  cmd.add_option("predictions", args->list, "The jsonl file that mer predict wrote")
      ->required()
      ->type_name("FILE");
  cmd.add_option("-o,--output", args->folder, "Folder for happy.m3u8 and the others")
      ->required()
      ->type_name("DIR");
  add_map_path_option(cmd, args->map_path);
  add_verbosity_options(cmd);
  cmd.footer(
      "Extended M3U in UTF-8; paths are relative to DIR, titles come from the files' tags.\n"
      "Playlists of that name are replaced. Songs without an emotion (uncertain) are left out.\n"
      "Example:\n  mer predict ~/music --format jsonl -o moods.jsonl\n"
      "  mer playlist moods.jsonl -o ~/music/playlists\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some songs are missing");
  return [args] { return run_playlist(*args); };
}

}  // namespace mer::app
