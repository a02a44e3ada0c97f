#include "mer/predict/prediction_output.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string_view>
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
// Of songs like the training songs one in a hundred is noted.
constexpr double kUnlike = 0.99;
constexpr const char* kUnlikeNote = "unlike the songs that the model learned from";
constexpr std::array<const char*, 2> kAxes = {"valence", "arousal"};
constexpr std::array<const char*, 2> kDerivedAxes = {"~val.", "~aro."};

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
  if (result.prediction->unlike_training >= kUnlike) notes.push_back(kUnlikeNote);
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

/// Of the table's column, which may say that there is no answer.
std::size_t answer_width(const std::vector<std::string>& classes) {
  std::size_t width = std::string(kUncertain).size();
  for (const std::string& name : classes) width = std::max(width, display_width(printable(name)));
  return width;
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

/// The mean answer of the segments that cover a moment; none when no segment does.
std::optional<SegmentPrediction> answer_at(const SongPrediction& song, double time_s) {
  std::optional<SegmentPrediction> mean;
  int count = 0;
  for (const SegmentPrediction& segment : song.segments) {
    if (time_s < segment.start_s || time_s >= segment.end_s) continue;
    ++count;
    if (!mean) {
      mean = segment;
      continue;
    }
    for (std::size_t c = 0; c < mean->probabilities.size(); ++c) {
      mean->probabilities[c] += segment.probabilities[c];
    }
    mean->valence += segment.valence;
    mean->arousal += segment.arousal;
  }
  if (!mean) return mean;
  for (double& value : mean->probabilities) value /= count;
  mean->valence /= count;
  mean->arousal /= count;
  return mean;
}

/// "+0.31"
std::string signed_fixed(double value) {
  if (std::isnan(value)) return "-";
  return (value < 0.0 ? "" : "+") + fixed(value, 2);
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

PredictionTable::PredictionTable(std::span<const std::string> paths, AnswerKinds answers,
                                 int columns)
    : answers_(std::move(answers)),
      shows_values_(answers_.has_values),
      columns_(static_cast<std::size_t>(std::max(columns, 0))),
      file_width_(std::string("file").size()) {
  for (const std::string& path : paths) {
    file_width_ = std::max(file_width_, display_width(printable(path)));
  }
  std::size_t others = display_width(numbers_header());
  if (answers_.derives_values && others + kMinFileWidth > columns_) {  // they say nothing new
    shows_values_ = false;
    others = display_width(numbers_header());
  }
  const std::size_t room = columns_ > others ? columns_ - others : 0;
  file_width_ = std::min(file_width_, std::max(room, kMinFileWidth));
}

std::string PredictionTable::numbers_header() const {
  std::string line = "  " + pad_left("length", kLengthWidth);
  if (!answers_.classes.empty()) {
    line += "  " + pad_right("emotion", answer_width(answers_.classes)) + "  conf.";
  }
  for (const std::string& name : answers_.classes) {
    line += "  " + pad_left(printable(name), kProbabilityWidth);
  }
  if (shows_values_) {
    const auto& names = answers_.derives_values ? kDerivedAxes : kAxes;
    for (const char* name : names) line += "  " + std::string(name);
  }
  if (!answers_.tags.empty()) line += "  labels";
  return line;
}

std::string PredictionTable::header() const {
  return pad_right("file", file_width_) + numbers_header() + "\n";
}

std::string PredictionTable::row(const FileResult& result) const {
  const bool ok = result.ok();
  const std::vector<std::string>& classes = answers_.classes;
  std::string line =
      pad_right(shorten(printable(result.path), file_width_), file_width_) + "  " +
      pad_left(ok ? format_duration(result.prediction->duration_s) : "-", kLengthWidth);
  if (!classes.empty()) {
    const std::string emotion = !ok ? "-"
                                : result.uncertain
                                    ? kUncertain
                                    : printable(emotion_of(*result.prediction, classes));
    line += "  " + pad_right(emotion, answer_width(classes)) + "  " +
            pad_left(ok ? fixed(result.prediction->confidence(), 2) : "-", kProbabilityWidth);
  }
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const std::size_t width = std::max(kProbabilityWidth, display_width(printable(classes[c])));
    line += "  " + pad_left(ok ? fixed(result.prediction->probabilities.at(c), 2) : "-", width);
  }
  if (shows_values_) {
    const auto& names = answers_.derives_values ? kDerivedAxes : kAxes;
    const std::size_t width = std::string_view(names.front()).size();
    for (const double SongPrediction::*axis :
         {&SongPrediction::valence, &SongPrediction::arousal}) {
      line += "  " + pad_left(ok ? signed_fixed((*result.prediction).*axis) : "-", width);
    }
  }
  if (!answers_.tags.empty()) {
    const bool has_labels = ok && !result.prediction->labels.empty();
    line += "  " + (has_labels ? printable(join(result.prediction->labels, ", ")) : "-");
  }
  return line + "\n" + indented(printable(note_of(result)), columns_);
}

std::string closing_line(const BatchCount& count) {
  std::string line = std::to_string(count.done) + (count.done == 1 ? " file" : " files");
  if (count.failed > 0) line += ", " + std::to_string(count.failed) + " failed (exit code 3)";
  return line;
}

std::string timeline(const FileResult& result, const AnswerKinds& answers, int width) {
  if (!result.ok()) return printable(result.path) + ": " + printable(note_of(result)) + "\n";

  const SongPrediction& song = *result.prediction;
  const std::vector<std::string>& classes = answers.classes;
  const std::vector<std::string> keys = keys_of(classes);
  std::vector<std::string> labels = {};
  if (!classes.empty()) labels.push_back("emotion");
  for (std::size_t c = 0; c < classes.size(); ++c) {
    labels.push_back(keys[c] + " " + printable(classes[c]));
  }
  const bool shows_values = answers.has_values && !answers.derives_values;
  if (shows_values) labels.insert(labels.end(), kAxes.begin(), kAxes.end());
  if (labels.empty()) return "";
  std::size_t label_width = 0;
  for (const std::string& label : labels) label_width = std::max(label_width, display_width(label));
  const auto total = static_cast<std::size_t>(std::max(width, kMinTimelineWidth));
  label_width = std::min(label_width, total / 2);
  const std::size_t columns = total - label_width - 2;

  std::vector<std::string> rows(labels.size());
  for (std::size_t column = 0; column < columns; ++column) {
    const double time_s =
        song.duration_s * (static_cast<double>(column) + 0.5) / static_cast<double>(columns);
    const std::optional<SegmentPrediction> now = answer_at(song, time_s);
    if (!now) {
      for (std::string& row : rows) row += "·";
      continue;
    }
    auto row = rows.begin();
    if (!classes.empty()) *row++ += keys[static_cast<std::size_t>(argmax(now->probabilities))];
    for (const double probability : now->probabilities) *row++ += bar(probability);
    if (!shows_values) continue;
    *row++ += bar((now->valence + 1.0) / 2.0);
    *row++ += bar((now->arousal + 1.0) / 2.0);
  }

  const auto labelled = [&](const std::string& label, const std::string& line) {
    return pad_right(shorten(label, label_width), label_width) + "  " + line + "\n";
  };
  std::string text;
  for (std::size_t i = 0; i < labels.size(); ++i) text += labelled(labels[i], rows[i]);
  return text + labelled("", time_axis(song.duration_s, columns));
}

}  // namespace mer
