#include "cmd_tag.hpp"

#include <CLI/CLI.hpp>

#include "arguments.hpp"
#include "command.hpp"
#include "mer/audio/audio_reader.hpp"
#include "mer/core/atomic_file.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"
#include "mer/runs/prediction_list.hpp"
#include "mer/tagging/mood_list.hpp"
#include "mer/tagging/mood_tag.hpp"
#include "terminal.hpp"
#include "validators.hpp"

namespace mer::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMoodWidth = 16;
constexpr std::size_t kChangeWidth = 7;

std::string text_of(const std::vector<std::string>& mood) {
  return mood.empty() ? "-" : join(mood, "; ");
}

/// What happens to the file, in a word.
const char* word_of(const MoodChange& change) {
  if (change.after == change.before) return "-";
  if (change.after.mood.empty()) return "remove";
  if (change.before.mood.empty()) return "add";
  return change.after.record.empty() ? "restore" : "replace";
}

void stop_if_interrupted(const Tagging& tagging) {
  if (!interrupted()) return;
  throw Interrupted("interrupted after " + std::to_string(tagging.num_files()) + " files",
                    "every file is whole; the same command does the rest");
}

/// Songs that mer predict has an answer for.
int tag_list(const TagArgs& args) {
  const PathMap map(args.map_path);
  std::optional<LineFile> writing;
  const bool writes = args.write || args.remove;
  if (writes && fs::is_regular_file(args.input))
    writing.emplace(args.input, LineFile::Start::kAppend);
  const auto list = read_prediction_list(args.input);
  for (const ListedPrediction& song : list) {
    if (args.remove || !song.result.ok() || !song.classes.empty()) continue;
    throw UsageError(args.input.string() + ":" + std::to_string(song.line) +
                         ": has no emotion of which a song has one, and mood tags are such",
                     "take a model with classes (targets.answer has classes)");
  }
  Tagging tagging(args);
  follow_list(args.input, list, writing ? &*writing : nullptr,
              {map, args.remove, interrupted,
               [&](const fs::path& file, const std::optional<std::string>& emotion) {
                 return tagging.add(file, emotion);
               }});
  stop_if_interrupted(tagging);
  return tagging.finish();
}

/// Nothing has to be predicted in order to undo.
int untag_folder(const TagArgs& args) {
  const Inputs inputs = expand_inputs({args.input.string()});
  Tagging tagging(args);
  tagging.fail_folders(inputs.num_failed);
  for (const Input& song : inputs.songs) {
    stop_if_interrupted(tagging);
    tagging.add(song.path, std::nullopt);
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
  if (is_folder && !args.map_path.empty()) {
    throw UsageError("--map-path is for a list, whose files lie elsewhere here",
                     "leave it out: the folder's songs are where they are");
  }
  for (const char* option : {"--model", "--jobs", "--min-confidence"}) {
    if (command.count(option) > 0 && (!is_folder || args.remove)) {
      throw UsageError(std::string(option) + " is for predicting the songs of a folder",
                       "leave it out: nothing is predicted here");
    }
  }
  if (!is_folder) return tag_list(args);
  return args.remove ? untag_folder(args) : in_engine(run_tag_folder, args);
}

}  // namespace

Tagging::Tagging(const TagArgs& args) : args_(args) {
  if (!is_quiet()) print("mood now", args.remove ? "before mer" : "emotion", "change", "file");
}

void Tagging::print(const std::string& now, const std::string& after, const std::string& change,
                    const std::string& file) {
  const auto mood = [](const std::string& text) {
    return pad_right(shorten(printable(text), kMoodWidth), kMoodWidth);
  };
  std::printf("%s  %s  %s  %s\n", mood(now).c_str(), mood(after).c_str(),
              pad_right(change, kChangeWidth).c_str(), printable(file).c_str());
}

bool Tagging::add(const std::filesystem::path& file, const std::optional<std::string>& emotion) {
  ++num_files_;
  try {
    const bool writes = args_.write || args_.remove;
    if (writes && file.parent_path() != tidied_) {
      tidied_ = file.parent_path();
      AtomicFile::remove_abandoned(tidied_);
    }
    const MoodChange change = change_mood(file, emotion, writes);
    const bool changes = change.after != change.before;
    if (changes || !is_quiet()) {
      print(text_of(change.before.mood), text_of(change.after.mood), word_of(change),
            file.string());
    }
    if (!changes) return false;
    ++num_changes_;
    return writes;
  } catch (const OutOfSpace& error) {
    throw OutOfSpace(error.what(),
                     "every file is whole; with more space the same command does the rest");
  } catch (const Error& error) {
    --num_files_;
    fail(error.what(), error.hint());
    return false;
  }
}

void Tagging::fail(const std::string& message, const std::string& hint) {
  std::fflush(stdout);
  ++num_files_;
  ++num_failed_;
  log_error(message, hint);
}

int Tagging::finish() const {
  std::string line = std::to_string(num_files_) + (num_files_ == 1 ? " file, " : " files, ") +
                     std::to_string(num_changes_);
  if (args_.write || args_.remove) {
    line += " changed";
  } else {
    line += " to change" + std::string(num_changes_ > 0 ? "; --write stores the emotions" : "");
  }
  if (num_failed_ > 0) line += ", " + std::to_string(num_failed_) + " failed (exit code 3)";
  log_info(line);
  return num_failed_ == 0 ? kDone : kSomeInputsFailed;
}

std::function<int()> add_tag(CLI::App& cmd) {
  auto args = std::make_shared<TagArgs>();
  cmd.add_option("input", args->input,
                 "A folder, whose songs are predicted first, or the\n"
                 "jsonl file that mer predict wrote")
      ->required()
      ->type_name("DIR|FILE");
  CLI::Option* write = cmd.add_flag("--write", args->write, "Store; without it nothing is changed");
  cmd.add_flag("--remove", args->remove, "Undo: what was there before mer comes back")
      ->excludes(write);
  add_model_option(cmd, args->models, "For a folder, as in mer predict; may be repeated");
  add_jobs_option(cmd, args->jobs, "For a folder: songs at once, 0 for one per core");
  cmd.add_option("--min-confidence", args->min_confidence,
                 "For a folder: below it a song gets no tag")
      ->capture_default_str()
      ->check(number(between(0.0, 1.0)));
  add_map_path_option(cmd, args->map_path);
  add_verbosity_options(cmd);
  cmd.footer(
      "MP3, WAV, AIFF: TMOO; FLAC, Ogg, Opus, APE: MOOD; M4A: ----:com.apple.iTunes:MOOD;\n"
      "WMA: WM/Mood. Nothing else in a file changes, but for a field MER_MOOD that remembers\n"
      "the mood before. Songs without an emotion (uncertain) get no tag.\n"
      "Example:\n  mer predict ~/music --format jsonl -o moods.jsonl --min-confidence 0.5\n"
      "  mer tag moods.jsonl\n  mer tag moods.jsonl --write\n  mer tag ~/music --remove\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some files failed, 130 interrupted");
  return [args, &cmd] { return run_tag(*args, cmd); };
}

}  // namespace mer::app
