#include "tagging.hpp"

#include <cstdio>

#include "command.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"
#include "mer/tagging/mood_tag.hpp"
#include "terminal.hpp"

namespace mer::app {
namespace {

constexpr std::size_t kMoodWidth = 16;
constexpr std::size_t kChangeWidth = 7;

void print_row(const std::string& now, const std::string& after, const std::string& change,
               const std::string& file) {
  const auto mood = [](const std::string& text) {
    return pad_right(shorten(printable(text), kMoodWidth), kMoodWidth);
  };
  std::printf("%s  %s  %s  %s\n", mood(now).c_str(), mood(after).c_str(),
              pad_right(change, kChangeWidth).c_str(), printable(file).c_str());
}

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

}  // namespace

Tagging::Tagging(const TagArgs& args) : args_(args) {
  print_row("mood now", args.remove ? "before mer" : "emotion", "change", "file");
}

bool Tagging::add(const std::filesystem::path& file, const std::optional<std::string>& emotion) {
  ++num_files_;
  try {
    const bool writes = args_.write || args_.remove;
    if (writes && file.parent_path() != tidied_) {
      tidied_ = file.parent_path();
      remove_half_written_copies(tidied_.empty() ? "." : tidied_);
    }
    const MoodChange change = change_mood(file, emotion, writes);
    print_row(text_of(change.before.mood), text_of(change.after.mood), word_of(change),
              file.string());
    if (change.after == change.before) return false;
    ++num_changes_;
    return writes;
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
  print_error(message, hint);
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
  say(args_.talk, line);
  return num_failed_ == 0 ? kDone : kSomeInputsFailed;
}

}  // namespace mer::app
