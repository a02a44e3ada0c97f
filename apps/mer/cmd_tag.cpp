#include "cmd_tag.hpp"

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <ctime>

#include "arguments.hpp"
#include "command.hpp"
#include "mer/audio/audio_reader.hpp"
#include "mer/core/atomic_file.hpp"
#include "mer/core/error.hpp"
#include "mer/core/files.hpp"
#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"
#include "mer/runs/prediction_list.hpp"
#include "mer/tagging/mood_list.hpp"
#include "terminal.hpp"
#include "validators.hpp"

namespace mer::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMoodWidth = 16;
/// By MoodAction: what happens to the file, in a word.
constexpr std::array kWords = {"-",    "add",    "replace", "append",
                               "keep", "remove", "restore", "update"};
constexpr std::size_t kChangeWidth = 7;
constexpr const char* kUnsure = "not sure enough";

const char* word_of(MoodAction action) { return kWords[static_cast<std::size_t>(action)]; }

std::string text_of(const std::vector<std::string>& mood) {
  return mood.empty() ? "-" : join(mood, "; ");
}

std::string row_of(const std::string& now, const std::string& after, const std::string& change,
                   const std::string& file) {
  const auto mood = [](const std::string& text) {
    return pad_right(shorten(printable(text), kMoodWidth), kMoodWidth);
  };
  return mood(now) + "  " + mood(after) + "  " + pad_right(change, kChangeWidth) + "  " +
         printable(file) + "\n";
}

/// "20261201-071530", in local time.
std::string time_stamp() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm local{};
  ::localtime_r(&now, &local);
  char text[32];
  std::strftime(text, sizeof(text), "%Y%m%d-%H%M%S", &local);
  return text;
}

/// Beside the list; of a folder's songs where programs of this user keep such things.
fs::path default_log(const TagArgs& args) {
  const std::string name = ".tagged-" + time_stamp() + ".log";
  if (!fs::is_directory(args.input)) {
    return args.input.parent_path() / (args.input.stem().string() + name);
  }
  const char* state = std::getenv("XDG_STATE_HOME");
  const char* home = std::getenv("HOME");
  const bool has_state = state != nullptr && *state == '/';
  const fs::path folder =
      (has_state ? fs::path(state) : fs::path(home != nullptr ? home : ".") / ".local/state") /
      "mer";
  make_folder(folder, "--log FILE puts the log elsewhere");
  return folder / (absolute_path(args.input).filename().string() + name);
}

void stop_if_interrupted(const Tagging& tagging) {
  if (!interrupted()) return;
  throw Interrupted("interrupted after " + std::to_string(tagging.num_files()) + " files",
                    "every file is whole; the same command does the rest");
}

void require_words(const TagArgs& args, const std::vector<ListedPrediction>& list) {
  bool has_labels = false;
  for (const ListedPrediction& song : list) {
    if (!song.result.ok()) continue;
    if (song.classes.empty()) {
      throw UsageError(args.input.string() + ":" + std::to_string(song.line) +
                           ": has no emotion of which a song has one, and mood tags are such",
                       "take a model with classes (targets.answer has classes)");
    }
    args.words.require_known(song.classes);
    has_labels = has_labels || !song.result.prediction->tags.empty();
  }
  if (args.rules.tags && !has_labels) {
    throw UsageError(args.input.string() + ": holds no tags",
                     "mer predict … --tags --format jsonl -o FILE writes them, too");
  }
}

/// Songs that mer predict has an answer for.
int tag_list(const TagArgs& args) {
  const PathMap map(args.map_path);
  std::optional<LineFile> writing;
  if (args.writes() && fs::is_regular_file(args.input))
    writing.emplace(args.input, LineFile::Start::kAppend);
  const auto list = read_prediction_list(args.input);
  if (!args.remove) require_words(args, list);
  Tagging tagging(args, !args.writes());
  follow_list(args.input, list, writing ? &*writing : nullptr,
              {map, interrupted, [&](const fs::path& file, const ListedPrediction& song) {
                 if (args.remove) return tagging.add(file, "", std::nullopt);
                 if (!song.result.ok()) return false;
                 return tagging.add(file, song.emotion.value_or(""),
                                    mood_of(*song.result.prediction, song.emotion, args.words,
                                            args.min_confidence));
               }});
  stop_if_interrupted(tagging);
  return tagging.finish();
}

/// Nothing has to be predicted in order to undo.
int untag_folder(const TagArgs& args) {
  const Inputs inputs = expand_inputs({args.input.string()});
  Tagging tagging(args, false);
  tagging.fail_folders(inputs.num_failed);
  for (const Input& song : inputs.songs) {
    stop_if_interrupted(tagging);
    tagging.add(song.path, "", std::nullopt);
  }
  return tagging.finish();
}

/// Puts back what a log says, and keeps the list true whose songs those are.
int undo_log(const TagArgs& args) {
  const TagLogContent log = read_tag_log(args.undo);
  const PathMap map(args.map_path);
  std::map<std::string, const TagLogEntry*> to_do;
  for (const TagLogEntry& entry : log.entries) to_do[map(entry.path).string()] = &entry;
  Tagging tagging(args, false);
  if (log.list && fs::is_regular_file(*log.list)) {
    LineFile writing(*log.list, LineFile::Start::kAppend);
    AbsolutePaths absolute;
    follow_list(*log.list, read_prediction_list(*log.list), &writing,
                {map, interrupted, [&](const fs::path& file, const ListedPrediction&) {
                   const auto found = to_do.find(absolute(file).string());
                   if (found == to_do.end()) return false;
                   const TagLogEntry& entry = *found->second;
                   to_do.erase(found);
                   return tagging.undo(file, entry);
                 }});
  }
  for (const auto& [path, entry] : to_do) {
    stop_if_interrupted(tagging);
    tagging.undo(path, *entry);
  }
  stop_if_interrupted(tagging);
  return tagging.finish();
}

/// Options that change nothing where they are given are refused.
void check(const TagArgs& args, const CLI::App& command, bool is_folder) {
  const auto refuse = [&](std::initializer_list<const char*> options, const std::string& why,
                          const std::string& hint) {
    for (const char* option : options) {
      if (command.count(option) > 0) throw UsageError(std::string(option) + " " + why, hint);
    }
  };
  if (command.count("--keep") + command.count("--replace") + command.count("--append") > 1) {
    throw UsageError("--keep, --replace and --append say three different things", "give one");
  }
  if (args.remove || !args.undo.empty()) {
    refuse({"--keep", "--replace", "--append", "--field", "--mood", "--numbers", "--tags",
            "--min-confidence", "--model", "--jobs", "--embeddings"},
           "is for storing moods", "leave it out: what was there before comes back");
  }
  if (!args.undo.empty() || !args.writes()) {
    refuse({"--log"}, "is where --write and --remove say what they did", "leave it out");
  }
  if (is_folder) {
    refuse({"--map-path"}, "is for a list, whose files lie elsewhere here",
           "leave it out: the folder's songs are where they are");
  } else {
    refuse({"--model", "--jobs", "--embeddings"}, "is for predicting the songs of a folder",
           "leave it out: nothing is predicted here");
  }
}

int run_tag(TagArgs& args, const CLI::App& command) {
  catch_interrupts();
  args.rules.require_field();
  const bool is_folder = fs::is_directory(args.input);
  check(args, command, is_folder);
  if (!args.undo.empty()) {
    if (args.input.empty()) return undo_log(args);
    throw UsageError("--undo takes all from its log", "leave '" + args.input.string() + "' out");
  }
  if (args.input.empty()) throw UsageError("input is required", "mer tag --help");
  if (!fs::exists(args.input)) {
    throw UsageError(args.input.string() + ": no such folder or file",
                     "mer tag takes a folder of songs, or what mer predict --format jsonl wrote");
  }
  if (!is_folder && has_audio_extension(args.input)) {
    throw UsageError(args.input.string() + ": is a song, not a list of predictions",
                     "mer predict SONG --format jsonl -o list.jsonl, then mer tag list.jsonl");
  }
  if (!is_folder) return tag_list(args);
  return args.remove ? untag_folder(args) : in_engine(run_tag_folder, args);
}

}  // namespace

Tagging::Tagging(const TagArgs& args, bool counts_first)
    : args_(args), counts_first_(counts_first) {
  const bool goes_back = args.remove || !args.undo.empty();
  if (is_quiet()) return;
  rows_ = row_of("mood now", goes_back ? "before mer" : "mood", "change", "file");
  if (!counts_first_) std::fputs(std::exchange(rows_, "").c_str(), stdout);
}

bool Tagging::add(const std::filesystem::path& file, const std::string& emotion,
                  const std::optional<SongMood>& mood) {
  const bool is_unsure = mood && mood->words.empty();
  return follow(file, is_unsure ? kUnsure : emotion, [&] {
    return change_tags(file, mood, args_.rules, args_.writes(),
                       [&](const TagChange& change) { keep_in_log(file, change); });
  });
}

bool Tagging::undo(const std::filesystem::path& file, const TagLogEntry& entry) {
  return follow(file, "", [&] { return undo_change(file, entry, true); });
}

bool Tagging::follow(const std::filesystem::path& file, const std::string& emotion,
                     const std::function<TagChange()>& act) {
  ++num_files_;
  try {
    const bool writes = args_.writes() || !args_.undo.empty();
    if (writes && file.parent_path() != tidied_) {
      tidied_ = file.parent_path();
      AtomicFile::remove_abandoned(tidied_);
    }
    const TagChange change = act();
    const bool changes = change.after != change.before;
    ++counts_[emotion][static_cast<std::size_t>(change.action)];
    if (changes || !is_quiet()) show(change, file);
    if (!changes) return false;
    ++num_changes_;
    return writes;
  } catch (const OutOfSpace& error) {
    throw OutOfSpace(error.what(),
                     "every file is whole; with more space the same command does the rest");
  } catch (const UsageError&) {  // of the log
    throw;
  } catch (const Error& error) {
    --num_files_;
    fail(error.what(), error.hint());
    return false;
  }
}

void Tagging::keep_in_log(const std::filesystem::path& file, const TagChange& change) {
  try {
    if (!log_) {
      log_.emplace(args_.log.empty() ? default_log(args_) : args_.log,
                   fs::is_directory(args_.input) ? std::nullopt : std::optional(args_.input));
    }
    log_->add(change.log_entry(absolute_path(file)));
  } catch (const OutOfSpace&) {
    throw;
  } catch (const Error& error) {  // no fault of the song, and the same for the next one
    throw UsageError(error.what(), "no file was changed without it; --log FILE puts it elsewhere");
  }
}

void Tagging::show(const TagChange& change, const std::filesystem::path& file) {
  const std::string row = row_of(text_of(change.mood_before()), text_of(change.mood_after()),
                                 word_of(change.action), file.string());
  if (counts_first_) {
    rows_ += row;
  } else {
    std::fputs(row.c_str(), stdout);
  }
}

void Tagging::fail(const std::string& message, const std::string& hint) {
  std::fflush(stdout);
  ++num_files_;
  ++num_failed_;
  log_error(message, hint);
}

std::string Tagging::counts_table() const {
  Counts totals{};
  std::size_t width = std::string("emotion").size();
  for (const auto& [emotion, counts] : counts_) {
    width = std::max(width, display_width(printable(emotion)));
    for (std::size_t i = 0; i < counts.size(); ++i) totals[i] += counts[i];
  }
  const auto line = [&](const std::string& name, const auto& cell) {
    std::string text = pad_right(name, width);
    for (std::size_t i = 0; i < totals.size(); ++i) {
      if (totals[i] > 0) text += "  " + pad_left(cell(i), kChangeWidth);
    }
    return text + "\n";
  };
  std::string table =
      line("emotion", [](std::size_t i) { return std::string(i == 0 ? "as it is" : kWords[i]); });
  for (const auto& [emotion, counts] : counts_) {
    table += line(printable(emotion), [&](std::size_t i) { return std::to_string(counts[i]); });
  }
  return table;
}

int Tagging::finish() {
  if (counts_first_) {
    if (!counts_.empty() && !is_quiet()) std::fputs((counts_table() + "\n").c_str(), stdout);
    std::fputs(rows_.c_str(), stdout);
  }
  std::string line = std::to_string(num_files_) + (num_files_ == 1 ? " file, " : " files, ") +
                     std::to_string(num_changes_);
  if (args_.writes() || !args_.undo.empty()) {
    line += " changed";
  } else {
    line += " to change" + std::string(num_changes_ > 0 ? "; --write stores the moods" : "");
  }
  if (num_failed_ > 0) line += ", " + std::to_string(num_failed_) + " failed (exit code 3)";
  log_info(line);
  if (log_) log_info("undo with: mer tag --undo " + shell_quoted(log_->file()));
  return num_failed_ == 0 ? kDone : kSomeInputsFailed;
}

std::function<int()> add_tag(CLI::App& cmd) {
  auto args = std::make_shared<TagArgs>();
  auto mood = std::make_shared<std::vector<std::string>>();
  cmd.add_option("input", args->input,
                 "A folder, whose songs are predicted first, or what mer predict -o FILE wrote")
      ->type_name("DIR|FILE");
  CLI::Option* write = cmd.add_flag("--write", args->write, "Store; without it nothing is changed");
  CLI::Option* remove =
      cmd.add_flag("--remove", args->remove, "What was there before mer comes back");
  CLI::Option* undo =
      cmd.add_option("--undo", args->undo, "What a run's log says comes back")->type_name("LOG");
  remove->excludes(write)->excludes(undo);
  undo->excludes(write);
  cmd.add_option("--log", args->log, "Where a run says what it did; default: beside the list")
      ->type_name("FILE");
  using Existing = TagRules::Existing;
  const auto existing = [&](const char* name, Existing value, const char* help) {
    cmd.add_flag_callback(
        name, [args, value] { args->rules.existing = value; }, help);
  };
  existing("--keep", Existing::kKeep, "Moods of others stay (default)");
  existing("--replace", Existing::kReplace, "mer's stands in their place");
  existing("--append", Existing::kAppend, "mer's stands beside them");
  cmd.add_option("--field", args->rules.field, "The mood's field: MOOD, GROUPING, GENRE, any name")
      ->capture_default_str()
      ->type_name("NAME");
  one_value_each(
      cmd.add_option("--mood", *mood, "A word of your own for a class; several with ; between"))
      ->type_name("CLASS=WORD");
  cmd.add_option("--min-confidence", args->min_confidence, "Below it a song gets no mood")
      ->capture_default_str()
      ->check(number(between(0.0, 1.0)));
  cmd.add_flag("--numbers", args->rules.numbers, "Also MER_VALENCE, MER_AROUSAL, 0.000 to 1.000");
  cmd.add_flag("--tags", args->rules.tags, "Also MER_TAGS, what mer predict --tags tells");
  add_model_option(cmd, args->models, "For a folder, as in mer predict; may be repeated");
  add_embeddings_option(cmd, args->embeddings);
  add_jobs_option(cmd, args->jobs, "For a folder: songs at once, 0 for one per core");
  add_map_path_option(cmd, args->map_path);
  add_verbosity_options(cmd);
  cmd.footer(
      "Example:\n  mer tag moods.jsonl --mood anger=Aggressive --write\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some files failed, 130 interrupted");
  return [args, mood, &cmd] {
    args->words = MoodWords(*mood);
    return run_tag(*args, cmd);
  };
}

}  // namespace mer::app
