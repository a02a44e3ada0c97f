#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "arguments.hpp"
#include "command.hpp"
#include "mer/core/error.hpp"
#include "mer/tagging/playlist.hpp"
#include "terminal.hpp"
#include "validators.hpp"

namespace mer::app {
namespace {

struct PlaylistArgs {
  std::filesystem::path list;
  std::filesystem::path folder;
  std::vector<std::string> map_path;
  PlaylistOptions options;
  std::string by = "emotion";
  std::string format = "m3u8";
  std::vector<std::string> mood;
};

PlaylistReport write(const PlaylistArgs& args, const std::vector<ListedPrediction>& list) {
  PlaylistOptions options = args.options;
  if (args.by == "arousal") options.by = PlaylistOptions::By::kArousal;
  if (args.by == "valence") options.by = PlaylistOptions::By::kValence;
  if (args.format == "m3u8") {
    if (args.mood.empty()) {
      return write_playlists(list, args.folder, PathMap(args.map_path), options);
    }
    throw UsageError("--mood is for smart playlists, which ask for the words in the tags",
                     "leave it out, or --format nsp");
  }
  if (!args.map_path.empty()) {
    throw UsageError("--map-path is for playlists that name files", "leave it out");
  }
  const MoodWords words(args.mood);
  words.require_known(list.front().classes);
  return write_smart_playlists(list, args.folder, words, options);
}

std::string songs(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " song" : " songs");
}

int run_playlist(const PlaylistArgs& args) {
  const auto list = read_prediction_list(args.list);
  if (list.empty()) throw UsageError(args.list.string() + ": holds no predictions");
  const PlaylistReport report = write(args, list);
  for (const PlaylistFailure& failure : report.failures) log_error(failure.message, failure.hint);
  for (const Playlist& playlist : report.playlists) {
    const std::string line =
        playlist.file.string() + (args.format == "m3u8" ? "  " + songs(playlist.num_songs) : "");
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
  add_list_argument(cmd, args->list);
  cmd.add_option("-o,--output", args->folder, "Folder for happy.m3u8 and the others")
      ->required()
      ->type_name("DIR");
  cmd.add_option("--by", args->by, "emotion; arousal: energetic, calm; valence: bright, dark")
      ->capture_default_str()
      ->check(one_of({"emotion", "arousal", "valence"}));
  cmd.add_option("--songs", args->options.max_songs, "At most so many in a list, 0 for all")
      ->capture_default_str();
  cmd.add_option("--min-confidence", args->options.min_confidence,
                 "Only songs whose probability (or distance from the middle) is at least this")
      ->capture_default_str()
      ->check(number(between(0.0, 1.0)));
  cmd.add_option("--quantile", args->options.quantile,
                 "Only this share, the most typical: of an emotion's songs, or at each end of all")
      ->capture_default_str()
      ->check(number(between(0.0, 1.0)));
  cmd.add_option("--format", args->format, "m3u8, or nsp: smart playlists of Navidrome")
      ->capture_default_str()
      ->check(one_of({"m3u8", "nsp"}));
  one_value_each(
      cmd.add_option("--mood", args->mood, "For nsp: the words that mer tag wrote for a class"))
      ->type_name("CLASS=WORD");
  add_map_path_option(cmd, args->map_path);
  add_verbosity_options(cmd);
  cmd.footer(
      "Extended M3U in UTF-8; paths are relative to DIR, titles come from the files' tags.\n"
      "Playlists of that name are replaced. Songs without an emotion (uncertain) are left out.\n"
      "Example:\n  mer predict ~/music --format jsonl -o moods.jsonl\n"
      "  mer playlist moods.jsonl -o ~/music/playlists\n"
      "  mer playlist moods.jsonl -o ~/music/playlists --by arousal --quantile 0.2 --songs 100\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some songs are missing");
  return [args] { return run_playlist(*args); };
}

}  // namespace mer::app
