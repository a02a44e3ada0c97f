#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "arguments.hpp"
#include "command.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"
#include "mer/library/similar_songs.hpp"
#include "mer/tagging/playlist.hpp"
#include "terminal.hpp"
#include "validators.hpp"

namespace mer::app {
namespace {

namespace fs = std::filesystem;

struct SimilarArgs {
  fs::path song;
  fs::path list;
  int count = 20;
  std::string format = "table";
  std::vector<std::string> map_path;
};

std::string table_row(const SimilarSong& near) {
  const std::string emotion = near.song->emotion.value_or("-");
  return pad_left(fixed(near.distance, 2), 8) + "  " + pad_right(printable(emotion), 9) + "  " +
         printable(near.path.string()) + "\n";
}

int run_similar(const SimilarArgs& args) {
  const auto list = read_prediction_list(args.list);
  const auto songs = similar_songs(args.song, args.list, list, static_cast<std::size_t>(args.count),
                                   PathMap(args.map_path));
  int exit_code = kDone;
  std::string text;
  if (args.format == "table") text = "distance  emotion    file\n";
  if (args.format == "m3u8") text = "#EXTM3U\n";
  for (const SimilarSong& near : songs) {
    try {
      text += args.format == "table"  ? table_row(near)
              : args.format == "m3u8" ? playlist_entry(near.path, near.path.string(),
                                                       near.song->result.prediction->duration_s)
                                      : near.path.string() + '\0';
    } catch (const InputError& error) {
      log_error(error.what(), error.hint());
      exit_code = kSomeInputsFailed;
    }
  }
  std::fwrite(text.data(), 1, text.size(), stdout);
  return exit_code;
}

}  // namespace

std::function<int()> add_similar(CLI::App& cmd) {
  auto args = std::make_shared<SimilarArgs>();
  cmd.add_option("song", args->song, "A song of the list")->required()->type_name("SONG");
  add_list_argument(cmd, args->list);
  cmd.add_option("-n,--songs", args->count, "How many, the nearest first")
      ->capture_default_str()
      ->check(number(at_least(1)));
  cmd.add_option("--format", args->format, "table; m3u8, a playlist; paths, each ended by a NUL")
      ->capture_default_str()
      ->check(one_of({"table", "m3u8", "paths"}));
  add_map_path_option(cmd, args->map_path);
  add_verbosity_options(cmd);
  cmd.footer(
      "Near is what the model's embeddings say: Euclidean distance, in units of how far apart\n"
      "songs lie along the axis on which they differ most.\n"
      "Example:\n  mer similar song.mp3 moods.jsonl\n"
      "  mer similar song.mp3 moods.jsonl -n 50 --format m3u8 > like_this.m3u8\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some songs can't be in a playlist");
  return [args] { return run_similar(*args); };
}

}  // namespace mer::app
