#include "mer/predict/prediction_output.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "mer/core/progress.hpp"
#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"
#include "mer/metrics/scores.hpp"

namespace mer {
namespace {

constexpr std::size_t kMinFileWidth = 16;
constexpr std::size_t kLengthWidth = 6;
constexpr std::size_t kProbabilityWidth = 5;
constexpr int kMinTimelineWidth = 40;
constexpr const char* kUncertain = "uncertain";

const std::string& emotion_of(const SongPrediction& song, const std::vector<std::string>& classes) {
  return classes.at(static_cast<std::size_t>(song.predicted()));
}

/// Messages begin with the path, which has a column of its own in tables.
std::string without_path(const FileResult& result) {
  const std::string prefix = result.path + ": ";
  return result.error.starts_with(prefix) ? result.error.substr(prefix.size()) : result.error;
}

/// What a table says besides the answer; empty for a song like any other.
std::string note_of(const FileResult& result) {
  if (!result.ok()) {
    return without_path(result) + (result.hint.empty() ? "" : ": " + result.hint);
  }
  std::vector<std::string> notes = result.prediction->warnings;
  if (result.uncertain) notes.insert(notes.begin(), "not sure enough to name an emotion");
  return join(notes, "; ");
}

/// Lines of at most `columns` where words allow it, each below two spaces.
std::string indented(const std::string& text, std::size_t columns) {
  std::string lines;
  std::string line = " ";
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find(' ', start), text.size());
    const std::string word = text.substr(start, end - start);
    if (line.size() > 1 && display_width(line) + 1 + display_width(word) > columns) {
      lines += std::exchange(line, " ") + "\n";
    }
    line += " " + word;
    start = end + 1;
  }
  return line.size() > 1 ? lines + line + "\n" : lines;
}

std::size_t emotion_width(const std::vector<std::string>& classes) {
  std::size_t width = std::string("emotion").size();
  for (const std::string& name : classes) width = std::max(width, display_width(printable(name)));
  return width;
}

/// Of the table's column, which may say that there is no answer.
std::size_t answer_width(const std::vector<std::string>& classes) {
  return std::max(emotion_width(classes), std::string(kUncertain).size());
}

/// A letter for each class: the first of its name that no earlier class took, else a digit or '#'.
std::vector<std::string> keys_of(const std::vector<std::string>& classes) {
  std::vector<std::string> keys;
  const auto is_free = [&](const std::string& key) {
    return std::find(keys.begin(), keys.end(), key) == keys.end();
  };
  for (const std::string& name : classes) {
    std::string key;
    for (const char c : name) {
      const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (is_letter && is_free(std::string(1, c))) {
        key = std::string(1, c);
        break;
      }
    }
    for (int digit = 1; key.empty() && digit <= 9; ++digit) {
      if (is_free(std::to_string(digit))) key = std::to_string(digit);
    }
    keys.push_back(key.empty() ? "#" : key);
  }
  return keys;
}

/// Mean probabilities of the segments that cover a moment; empty when none does.
std::vector<double> probabilities_at(const SongPrediction& song, double time_s) {
  std::vector<double> sum;
  int count = 0;
  for (const SegmentPrediction& segment : song.segments) {
    if (time_s < segment.start_s || time_s >= segment.end_s) continue;
    sum.resize(segment.probabilities.size(), 0.0);
    for (std::size_t c = 0; c < sum.size(); ++c) sum[c] += segment.probabilities[c];
    ++count;
  }
  for (double& value : sum) value /= count;
  return sum;
}

/// A probability as a bar of eight heights.
const char* bar(double probability) {
  static constexpr std::array<const char*, 9> kBars = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const double height = std::clamp(std::round(probability * 8.0), 0.0, 8.0);
  return kBars[static_cast<std::size_t>(height)];
}

/// "0:00 … 1:47 … 3:34" over `columns`; the middle only where there is room.
std::string time_axis(double duration_s, std::size_t columns) {
  const std::string first = format_duration(0.0);
  const std::string middle = format_duration(duration_s / 2.0);
  const std::string last = format_duration(duration_s);
  std::string axis = first;
  const std::size_t middle_at = columns / 2;
  if (middle_at > first.size() + 2 && middle_at + middle.size() + last.size() + 2 < columns) {
    axis = pad_right(axis, middle_at) + middle;
  }
  const std::size_t last_at = columns > last.size() ? columns - last.size() : 0;
  if (last_at > axis.size()) axis = pad_right(axis, last_at) + last;
  return axis;
}

}  // namespace

PredictionTable::PredictionTable(std::span<const std::string> paths,
                                 std::vector<std::string> classes, int columns)
    : classes_(std::move(classes)),
      columns_(static_cast<std::size_t>(std::max(columns, 0))),
      file_width_(std::string("file").size()) {
  for (const std::string& path : paths) {
    file_width_ = std::max(file_width_, display_width(printable(path)));
  }
  const std::size_t others = display_width(numbers_header());
  const std::size_t room = columns_ > others ? columns_ - others : 0;
  file_width_ = std::min(file_width_, std::max(room, kMinFileWidth));
}

std::string PredictionTable::numbers_header() const {
  std::string line = "  " + pad_left("length", kLengthWidth) + "  " +
                     pad_right("emotion", answer_width(classes_)) + "  conf.";
  for (const std::string& name : classes_) {
    line += "  " + pad_left(printable(name), kProbabilityWidth);
  }
  return line;
}

std::string PredictionTable::header() const {
  return pad_right("file", file_width_) + numbers_header() + "\n";
}

std::string PredictionTable::row(const FileResult& result) const {
  const bool ok = result.ok();
  const std::string emotion = !ok ? "-"
                              : result.uncertain
                                  ? kUncertain
                                  : printable(emotion_of(*result.prediction, classes_));
  std::string line =
      pad_right(shorten(printable(result.path), file_width_), file_width_) + "  " +
      pad_left(ok ? format_duration(result.prediction->duration_s) : "-", kLengthWidth) + "  " +
      pad_right(emotion, answer_width(classes_)) + "  " +
      pad_left(ok ? fixed(result.prediction->confidence(), 2) : "-", kProbabilityWidth);
  for (std::size_t c = 0; c < classes_.size(); ++c) {
    const std::size_t width = std::max(kProbabilityWidth, display_width(printable(classes_[c])));
    line += "  " + pad_left(ok ? fixed(result.prediction->probabilities.at(c), 2) : "-", width);
  }
  return line + "\n" + indented(printable(note_of(result)), columns_);
}

std::string closing_line(const BatchCount& count) {
  std::string line = std::to_string(count.done) + (count.done == 1 ? " file" : " files");
  if (count.failed > 0) line += ", " + std::to_string(count.failed) + " failed (exit code 3)";
  return line;
}

std::string timeline(const FileResult& result, const std::vector<std::string>& classes, int width) {
  if (!result.ok()) return printable(result.path) + ": " + printable(note_of(result)) + "\n";

  const SongPrediction& song = *result.prediction;
  const std::vector<std::string> keys = keys_of(classes);
  std::size_t label_width = emotion_width(classes) + 2;  // "h happy"
  const auto total = static_cast<std::size_t>(std::max(width, kMinTimelineWidth));
  label_width = std::min(label_width, total / 2);
  const std::size_t columns = total - label_width - 2;

  std::string strip;
  std::vector<std::string> rows(classes.size());
  for (std::size_t column = 0; column < columns; ++column) {
    const double time_s =
        song.duration_s * (static_cast<double>(column) + 0.5) / static_cast<double>(columns);
    const std::vector<double> probabilities = probabilities_at(song, time_s);
    if (probabilities.empty()) {
      strip += "·";
      for (std::string& row : rows) row += "·";
      continue;
    }
    strip += keys[static_cast<std::size_t>(argmax(probabilities))];
    for (std::size_t c = 0; c < rows.size(); ++c) rows[c] += bar(probabilities[c]);
  }

  const auto labelled = [&](const std::string& label, const std::string& line) {
    return pad_right(shorten(label, label_width), label_width) + "  " + line + "\n";
  };
  std::string text = labelled("emotion", strip);
  for (std::size_t c = 0; c < classes.size(); ++c) {
    text += labelled(keys[c] + " " + printable(classes[c]), rows[c]);
  }
  return text + labelled("", time_axis(song.duration_s, columns));
}

}  // namespace mer
