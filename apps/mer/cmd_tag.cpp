#include "arguments.hpp"
#include "command.hpp"
#include "mer/audio/audio_reader.hpp"
#include "mer/core/error.hpp"
#include "mer/runs/prediction_list.hpp"
#include "tagging.hpp"
#include "terminal.hpp"
#include "validators.hpp"

namespace mer::app {
namespace {

namespace fs = std::filesystem;

void stop_if_interrupted(const Tagging& tagging) {
  if (!interrupted()) return;
  throw Interrupted("interrupted after " + std::to_string(tagging.num_files()) + " files",
                    "every file is whole; the same command does the rest");
}

/// Songs that mer predict has an answer for.
int tag_list(const TagArgs& args) {
  const auto list = read_prediction_list(args.input);
  Tagging tagging(args);
  // A tag changes a file, but not what it sounds like: the list still answers for it.
  std::vector<std::string> changed;
  for (const ListedPrediction& song : list) {
    if (interrupted()) break;
    if (!song.result.ok() && !args.remove) continue;
    const std::string& path = song.result.path;
    const bool is_up_to_date = song.result.stamp && song.result.stamp == stamp_of(path);
    const bool written = tagging.add(path, args.remove ? std::nullopt : song.emotion);
    if (written && is_up_to_date) changed.push_back(path);
  }
  if (!changed.empty()) renew_stamps(args.input, changed);
  stop_if_interrupted(tagging);
  return tagging.finish();
}

/// Nothing has to be predicted in order to undo.
int untag_folder(const TagArgs& args) {
  const auto files = find_audio_files(args.input);
  if (files.empty()) throw UsageError(args.input.string() + ": no audio files in this folder");
  Tagging tagging(args);
  for (const fs::path& file : files) {
    stop_if_interrupted(tagging);
    tagging.add(file, std::nullopt);
  }
  return tagging.finish();
}

int run_tag(const TagArgs& args, const CLI::App& command) {
  catch_interrupts();
  const bool is_folder = fs::is_directory(args.input);
  if (!fs::exists(args.input)) {
    throw UsageError(args.input.string() + ": no such folder or file",
                     "mer tag takes a folder of songs, or what mer predict --format jsonl wrote");
  }
  if (!is_folder && has_audio_extension(args.input)) {
    throw UsageError(args.input.string() + ": is a song, not a list of predictions",
                     "mer predict SONG --format jsonl -o list.jsonl, then mer tag list.jsonl");
  }
  for (const char* option : {"--model", "--jobs", "--min-confidence"}) {
    if (command.count(option) > 0 && (!is_folder || args.remove)) {
      throw UsageError(std::string(option) + " is for predicting the songs of a folder",
                       "leave it out: nothing is predicted here");
    }
  }
  if (!is_folder) return tag_list(args);
  return args.remove ? untag_folder(args) : run_tag_folder(args);
}

}  // namespace

Command add_tag(CLI::App& app) {
  auto args = std::make_shared<TagArgs>();
  CLI::App* cmd =
      app.add_subcommand("tag", "Show or store songs' emotions as MOOD in their own tags");
  cmd->add_option("input", args->input,
                  "A folder, whose songs are predicted first, or the\n"
                  "jsonl file that mer predict wrote")
      ->required()
      ->type_name("DIR|FILE");
  CLI::Option* write =
      cmd->add_flag("--write", args->write, "Store; without it nothing is changed");
  cmd->add_flag("--remove", args->remove, "Undo: what was there before mer comes back")
      ->excludes(write);
  cmd->add_option("-m,--model", args->models, "For a folder, as in mer predict; may be repeated")
      ->type_name("MODEL")
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  cmd->add_option("-j,--jobs", args->jobs, "For a folder: songs at once, 0 for one per core")
      ->capture_default_str()
      ->check(number(at_least(0)));
  cmd->add_option("--min-confidence", args->min_confidence,
                  "For a folder: below it a song gets no tag")
      ->capture_default_str()
      ->check(number(between(0.0, 1.0)));
  add_talk_options(*cmd, args->talk);
  cmd->footer(
      "MP3, WAV, AIFF: TMOO; FLAC, Ogg, Opus, APE: MOOD; M4A: ----:com.apple.iTunes:MOOD;\n"
      "WMA: WM/Mood. Nothing else in a file changes, but for a field MER_MOOD that remembers\n"
      "the mood before. Songs without an emotion (uncertain) get no tag.\n"
      "Example:\n  mer predict ~/music --format jsonl -o moods.jsonl --min-confidence 0.5\n"
      "  mer tag moods.jsonl\n  mer tag moods.jsonl --write\n  mer tag ~/music --remove\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some files failed, 130 interrupted");
  return {cmd, [args, cmd] { return run_tag(*args, *cmd); }};
}

}  // namespace mer::app
