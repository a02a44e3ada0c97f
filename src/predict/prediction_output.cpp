#include "mer/predict/prediction_output.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "mer/core/progress.hpp"
#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"
#include "mer/core/version.hpp"
#include "mer/metrics/quadrants.hpp"
#include "mer/metrics/scores.hpp"

namespace mer {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxFileWidth = 60;
constexpr std::size_t kLengthWidth = 6;
constexpr std::size_t kNumberWidth = 5;
constexpr int kMinTimelineWidth = 40;
constexpr const char* kUncertain = "uncertain";

std::string dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

double to_milliseconds(double seconds) { return std::round(seconds * 1000.0) / 1000.0; }

Json probabilities_json(const std::vector<double>& probabilities,
                        const std::vector<std::string>& classes) {
  Json json = Json::object();
  for (std::size_t c = 0; c < classes.size(); ++c) json[classes[c]] = probabilities.at(c);
  return json;
}

Json segments_json(const SongPrediction& song, const std::vector<std::string>& classes) {
  Json json = Json::array();
  for (const SegmentPrediction& segment : song.segments) {
    const auto best = static_cast<std::size_t>(argmax(segment.probabilities));
    json.push_back({{"start_s", to_milliseconds(segment.start_s)},
                    {"end_s", to_milliseconds(segment.end_s)},
                    {"emotion", classes.at(best)},
                    {"probabilities", probabilities_json(segment.probabilities, classes)}});
  }
  return json;
}

double confidence_of(const SongPrediction& song) {
  return song.probabilities.at(static_cast<std::size_t>(song.predicted()));
}

const std::string& emotion_of(const SongPrediction& song, const std::vector<std::string>& classes) {
  return classes.at(static_cast<std::size_t>(song.predicted()));
}

/// Messages begin with the path, which has a column of its own in tables.
std::string without_path(const FileResult& result) {
  const std::string prefix = result.path + ": ";
  return result.error.starts_with(prefix) ? result.error.substr(prefix.size()) : result.error;
}

std::string note_of(const FileResult& result) {
  if (!result.ok()) {
    return without_path(result) + (result.hint.empty() ? "" : ": " + result.hint);
  }
  const std::size_t num_segments = result.prediction->segments.size();
  std::string note = std::to_string(num_segments) + (num_segments == 1 ? " segment" : " segments");
  if (result.uncertain) note += "; not sure enough to name an emotion";
  for (const std::string& warning : result.prediction->warnings) note += "; " + warning;
  return note;
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

Json to_json(const FileResult& result, const std::vector<std::string>& classes) {
  Json json;
  json["path"] = to_valid_utf8(result.path);
  json["status"] = result.ok() ? "ok" : "error";
  if (!result.ok()) {
    json["error"] = result.error;
    for (const char* key : {"duration_s", "analysed_s", "emotion", "confidence", "probabilities"}) {
      json[key] = nullptr;
    }
    json["segments"] = Json::array();
    json["warnings"] = Json::array();
    json["hint"] = result.hint;
    return json;
  }
  const SongPrediction& song = *result.prediction;
  json["error"] = nullptr;
  json["duration_s"] = to_milliseconds(song.duration_s);
  json["analysed_s"] = to_milliseconds(song.analysed_s);
  json["emotion"] = result.uncertain ? Json() : Json(emotion_of(song, classes));
  json["confidence"] = confidence_of(song);
  json["probabilities"] = probabilities_json(song.probabilities, classes);
  if (const auto quadrants = Quadrants::of(classes)) {
    json["p_positive_valence"] = quadrants->positive_valence(song.probabilities);
    json["p_high_arousal"] = quadrants->high_arousal(song.probabilities);
  }
  if (!std::isnan(song.valence)) json["valence"] = song.valence;
  if (!std::isnan(song.arousal)) json["arousal"] = song.arousal;
  json["segments"] = segments_json(song, classes);
  json["warnings"] = song.warnings;
  return json;
}

std::string predictions_json(const std::string& model, const std::vector<std::string>& classes,
                             std::span<const FileResult> results) {
  Json json;
  json["schema"] = 1;
  json["mer_version"] = kVersion;
  json["model"] = model;
  json["classes"] = classes;
  json["results"] = Json::array();
  for (const FileResult& result : results) json["results"].push_back(to_json(result, classes));
  return dump(json, 2);
}

std::string prediction_jsonl(const FileResult& result, const std::vector<std::string>& classes,
                             const std::string& model) {
  Json json = to_json(result, classes);
  json["size_bytes"] = result.stamp ? Json(result.stamp->size_bytes) : Json();
  json["modified"] = result.stamp ? Json(result.stamp->modified) : Json();
  json["model"] = model;
  return dump(json, -1);
}

std::string predictions_csv_header(const std::vector<std::string>& classes) {
  std::vector<std::string> cells = {"path", "status", "emotion", "confidence"};
  for (const std::string& name : classes) cells.push_back("p_" + name);
  for (const char* name : {"duration_s", "analysed_s", "segments", "error"}) cells.push_back(name);
  if (Quadrants::of(classes)) {
    for (const char* name : {"p_positive_valence", "p_high_arousal"}) cells.push_back(name);
  }
  return to_valid_utf8(csv_line(cells));
}

std::string prediction_csv_row(const FileResult& result, const std::vector<std::string>& classes) {
  const auto quadrants = Quadrants::of(classes);
  std::vector<std::string> cells = {result.path, result.ok() ? "ok" : "error"};
  if (result.ok()) {
    const SongPrediction& song = *result.prediction;
    cells.push_back(result.uncertain ? "" : emotion_of(song, classes));
    cells.push_back(format_number(confidence_of(song)));
    for (std::size_t c = 0; c < classes.size(); ++c) {
      cells.push_back(format_number(song.probabilities.at(c)));
    }
    cells.push_back(format_number(to_milliseconds(song.duration_s)));
    cells.push_back(format_number(to_milliseconds(song.analysed_s)));
    cells.push_back(std::to_string(song.segments.size()));
    cells.push_back("");
    if (quadrants) {
      cells.push_back(format_number(quadrants->positive_valence(song.probabilities)));
      cells.push_back(format_number(quadrants->high_arousal(song.probabilities)));
    }
  } else {
    cells.resize(cells.size() + 2 + classes.size() + 3);
    cells.push_back(result.error);
    if (quadrants) cells.resize(cells.size() + 2);
  }
  return to_valid_utf8(csv_line(cells));
}

PredictionTable::PredictionTable(std::span<const std::string> paths,
                                 std::vector<std::string> classes)
    : classes_(std::move(classes)), file_width_(std::string("file").size()) {
  for (const std::string& path : paths) {
    file_width_ = std::max(file_width_, display_width(printable(path)));
  }
  file_width_ = std::min(file_width_, kMaxFileWidth);
}

std::string PredictionTable::header() const {
  std::string line = pad_right("file", file_width_) + "  " + pad_left("length", kLengthWidth) +
                     "  " + pad_right("emotion", answer_width(classes_)) + "  confidence ";
  for (const std::string& name : classes_) line += "  " + pad_left(printable(name), kNumberWidth);
  return line + "   note\n";
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
      pad_left(ok ? fixed(confidence_of(*result.prediction), 2) : "-",
               std::string("confidence").size()) +
      " ";
  for (std::size_t c = 0; c < classes_.size(); ++c) {
    const std::size_t width = std::max(kNumberWidth, display_width(printable(classes_[c])));
    line += "  " + pad_left(ok ? fixed(result.prediction->probabilities.at(c), 2) : "-", width);
  }
  return line + "   " + printable(note_of(result)) + "\n";
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
