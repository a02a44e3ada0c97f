#include "mer/runs/prediction_list.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <unordered_map>

#include "mer/core/base64.hpp"
#include "mer/core/error.hpp"
#include "mer/core/files.hpp"
#include "mer/core/json.hpp"
#include "mer/core/text.hpp"
#include "mer/core/version.hpp"
#include "mer/metrics/quadrants.hpp"
#include "mer/metrics/scores.hpp"
#include "path_json.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kDerived = "class probabilities";

double to_thousandths(double value) { return std::round(value * 1000.0) / 1000.0; }
double to_milliseconds(double seconds) { return to_thousandths(seconds); }

const std::string& emotion_of(const SongPrediction& song, const std::vector<std::string>& classes) {
  return classes.at(static_cast<std::size_t>(song.predicted()));
}

Json probabilities_json(const std::vector<double>& probabilities,
                        const std::vector<std::string>& classes) {
  if (classes.empty()) return nullptr;
  Json json = Json::object();
  for (std::size_t c = 0; c < classes.size(); ++c) json[classes[c]] = probabilities.at(c);
  return json;
}

/// Valence and arousal, where they are answered.
template <class Prediction>
void add_place(const Prediction& prediction, Json& json) {
  if (!std::isnan(prediction.valence)) json["valence"] = prediction.valence;
  if (!std::isnan(prediction.arousal)) json["arousal"] = prediction.arousal;
}

Json segments_json(const SongPrediction& song, const std::vector<std::string>& classes) {
  Json json = Json::array();
  for (const SegmentPrediction& segment : song.segments) {
    Json emotion;
    if (!classes.empty()) {
      emotion = classes.at(static_cast<std::size_t>(argmax(segment.probabilities)));
    }
    json.push_back({{"start_s", to_milliseconds(segment.start_s)},
                    {"end_s", to_milliseconds(segment.end_s)},
                    {"emotion", std::move(emotion)},
                    {"probabilities", probabilities_json(segment.probabilities, classes)}});
    add_place(segment, json.back());
  }
  return json;
}

/// A value of an object; null when it is not there.
const Json& at(const Json& json, const char* key) {
  static const Json kNull;
  const auto found = json.find(key);
  return found == json.end() ? kNull : *found;
}

std::string text_at(const Json& json, const char* key) {
  const Json& value = at(json, key);
  return value.is_null() ? "" : value.get<std::string>();
}

template <class Prediction>
void read_place(const Json& json, Prediction& prediction) {
  prediction.valence = number_or_nan(json, "valence");
  prediction.arousal = number_or_nan(json, "arousal");
}

std::vector<double> values_of(const Json& object) {
  std::vector<double> values;
  for (const auto& [key, value] : object.items()) values.push_back(value.get<double>());
  return values;
}

SongPrediction read_song(const Json& json) {
  SongPrediction song;
  song.probabilities = values_of(at(json, "probabilities"));
  song.duration_s = json.value("duration_s", 0.0);
  song.analysed_s = json.value("analysed_s", 0.0);
  read_place(json, song);
  song.derives_values = text_at(json, "values_from") == kDerived;
  for (const auto& [tag, probability] : at(json, "tags").items()) {
    song.tags.emplace_back(tag, probability.get<double>());
  }
  for (const Json& label : at(json, "labels")) song.labels.push_back(label.get<std::string>());
  if (const Json& curve = at(json, "over_time"); !curve.is_null()) {
    song.over_time.emplace();
    curve.at("time_s").get_to(song.over_time->time_s);
    curve.at("valence").get_to(song.over_time->valence);
    curve.at("arousal").get_to(song.over_time->arousal);
  }
  song.unlike_training = number_or_nan(json, "unlike_training");
  for (const Json& value : at(json, "embedding")) song.embedding.push_back(value.get<double>());
  for (const Json& warning : at(json, "warnings")) {
    song.warnings.push_back(warning.get<std::string>());
  }
  for (const Json& of_segment : at(json, "segments")) {
    SegmentPrediction segment{of_segment.at("start_s").get<double>(),
                              of_segment.at("end_s").get<double>(),
                              values_of(at(of_segment, "probabilities"))};
    read_place(of_segment, segment);
    song.segments.push_back(std::move(segment));
  }
  return song;
}

ListedPrediction read_prediction(const Json& json) {
  ListedPrediction listed;
  FileResult& result = listed.result;
  result.path = path_in(json, "path");
  const bool is_ok = json.at("status").get<std::string>() == "ok";
  for (const auto& [name, probability] : at(json, "probabilities").items()) {
    listed.classes.push_back(name);
  }
  if (is_ok) result.prediction = read_song(json);
  if (const Json& emotion = at(json, "emotion"); !emotion.is_null()) {
    listed.emotion = emotion.get<std::string>();
  }
  result.uncertain = is_ok && !listed.emotion && !listed.classes.empty();
  result.error = text_at(json, "error");
  result.hint = text_at(json, "hint");
  listed.setup = {text_at(json, "model"), text_at(json, "model_hash")};
  for (const auto& [name, value] : at(json, "options").items()) {
    listed.setup.options[name] = value.get<double>();
  }
  if (!at(json, "modified").is_null()) {
    result.stamp =
        FileStamp{at(json, "size_bytes").get<std::uintmax_t>(), text_at(json, "modified")};
  }
  return listed;
}

/// Part of a file, in bytes.
struct Span {
  std::uintmax_t begin = 0;
  std::uintmax_t end = 0;
};

/// Replaces a list by these parts of it.
void keep_spans(LineFile& list, const fs::path& file, const std::vector<Span>& spans) {
  std::ifstream stream(file, std::ios::binary);
  list.rewrite([&](AtomicFile& shorter) {
    std::string block;
    for (const Span& span : spans) {
      block.resize(span.end - span.begin);
      stream.seekg(static_cast<std::streamoff>(span.begin));
      if (!stream.read(block.data(), static_cast<std::streamsize>(block.size()))) {
        throw Error(file.string() + ": cannot be read");
      }
      shorter.write(block);
    }
  });
}

/// What a list says of a file; the last of several lines counts.
struct Entry {
  Span span;
  bool ok = false;
  std::optional<FileStamp> stamp;
};

struct ScannedList {
  std::unordered_map<std::string, Entry> entries;  ///< by absolute path
  bool has_more = false;  ///< than the entries: lines that a later one supersedes, a torn end
};

std::string text_of(const PredictionSetup& setup) {
  std::string text = "'" + setup.model + "' (" + setup.model_hash.substr(0, 8) + ")";
  for (const auto& [name, value] : setup.options) text += " " + name + "=" + format_number(value);
  return text;
}

void require_same_setup(const std::string& where, const PredictionSetup& found,
                        const PredictionSetup& wanted) {
  if (found.model_hash == wanted.model_hash && found.options == wanted.options) return;
  const std::string hint = "give the same -m and options, or leave --resume out to write it anew";
  if (found.model_hash.empty()) {
    throw UsageError(where + ": is an answer of the model '" + found.model +
                         "' without the model's content hash, as an earlier mer wrote it; what is "
                         "to come is of " +
                         text_of(wanted),
                     hint);
  }
  throw UsageError(
      where + ": is an answer of the model " + text_of(found) + ", not of " + text_of(wanted),
      hint);
}

ScannedList scan(const fs::path& file, const PredictionSetup& setup, AbsolutePaths& absolute) {
  ScannedList list;
  PredictionListReader reader(file);
  while (auto prediction = reader.next()) {
    require_same_setup(file.string() + ":" + std::to_string(prediction->line), prediction->setup,
                       setup);
    Entry entry{{reader.begin(), reader.end()},
                prediction->result.ok(),
                std::move(prediction->result.stamp)};
    const bool is_new =
        list.entries.insert_or_assign(absolute(prediction->result.path).string(), std::move(entry))
            .second;
    list.has_more = list.has_more || !is_new;
  }
  list.has_more = list.has_more || reader.is_cut_off();
  return list;
}

bool is_gone(const fs::path& file) {
  std::error_code error;
  return fs::status(file, error).type() == fs::file_type::not_found;
}

bool is_below(const fs::path& file, const std::vector<fs::path>& folders) {
  return std::any_of(folders.begin(), folders.end(), [&](const fs::path& folder) {
    return std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first ==
           folder.end();
  });
}

}  // namespace

Json to_json(const FileResult& result, const std::vector<std::string>& classes) {
  Json json;
  put_path(json, "path", result.path);
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
  const bool is_certain = !classes.empty() && !result.uncertain;
  json["emotion"] = is_certain ? Json(emotion_of(song, classes)) : Json();
  json["confidence"] = classes.empty() ? Json() : Json(song.confidence());
  json["probabilities"] = probabilities_json(song.probabilities, classes);
  if (const auto quadrants = Quadrants::of(classes)) {
    json["p_positive_valence"] = quadrants->positive_valence(song.probabilities);
    json["p_high_arousal"] = quadrants->high_arousal(song.probabilities);
  }
  add_place(song, json);
  if (song.derives_values) json["values_from"] = kDerived;
  for (const auto& [tag, probability] : song.tags) json["tags"][tag] = probability;
  if (!song.tags.empty()) json["labels"] = song.labels;
  if (song.over_time) {
    json["over_time"] = {{"time_s", song.over_time->time_s},
                         {"valence", song.over_time->valence},
                         {"arousal", song.over_time->arousal}};
  }
  if (!std::isnan(song.unlike_training)) json["unlike_training"] = song.unlike_training;
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
  return json_text(json, 2) + "\n";
}

std::string prediction_jsonl(const FileResult& result, const std::vector<std::string>& classes,
                             const PredictionSetup& setup) {
  Json json = to_json(result, classes);
  json["size_bytes"] = result.stamp ? Json(result.stamp->size_bytes) : Json();
  json["modified"] = result.stamp ? Json(result.stamp->modified) : Json();
  json["model"] = setup.model;
  json["model_hash"] = setup.model_hash;
  json["options"] = setup.options;
  if (result.ok() && !result.prediction->embedding.empty()) {
    for (const double value : result.prediction->embedding) {
      json["embedding"].push_back(to_thousandths(value));
    }
  }
  return json_text(json) + "\n";
}

std::string predictions_csv_header(const AnswerKinds& answers, bool with_bytes) {
  std::vector<std::string> cells = {"path", "status", "emotion", "confidence"};
  for (const std::string& name : answers.classes) cells.push_back("p_" + name);
  for (const char* name : {"duration_s", "analysed_s", "segments", "error"}) cells.push_back(name);
  if (Quadrants::of(answers.classes)) {
    for (const char* name : {"p_positive_valence", "p_high_arousal"}) cells.push_back(name);
  }
  if (answers.has_values) cells.insert(cells.end(), {"valence", "arousal"});
  if (answers.derives_values) cells.push_back("values_from");
  if (!answers.tags.empty()) cells.push_back("labels");
  for (const std::string& tag : answers.tags) cells.push_back("tag_" + tag);
  if (with_bytes) cells.push_back("path_bytes");
  return to_valid_utf8(csv_line(cells));
}

std::string prediction_csv_row(const FileResult& result, const AnswerKinds& answers,
                               bool with_bytes) {
  const std::vector<std::string>& classes = answers.classes;
  const auto quadrants = Quadrants::of(classes);
  std::vector<std::string> cells = {result.path, result.ok() ? "ok" : "error"};
  const auto skip = [&cells](std::size_t count) { cells.resize(cells.size() + count); };
  const auto add = [&cells](double number) { cells.push_back(format_number(number)); };
  if (result.ok()) {
    const SongPrediction& song = *result.prediction;
    const bool has_classes = !classes.empty();
    cells.push_back(result.uncertain || !has_classes ? "" : emotion_of(song, classes));
    cells.push_back(has_classes ? format_number(song.confidence()) : "");
    for (std::size_t c = 0; c < classes.size(); ++c) add(song.probabilities.at(c));
    add(to_milliseconds(song.duration_s));
    add(to_milliseconds(song.analysed_s));
    cells.push_back(std::to_string(song.segments.size()));
    cells.push_back("");
    if (quadrants) {
      add(quadrants->positive_valence(song.probabilities));
      add(quadrants->high_arousal(song.probabilities));
    }
    if (answers.has_values) {
      add(song.valence);
      add(song.arousal);
    }
    if (answers.derives_values) cells.push_back(kDerived);
    if (!answers.tags.empty()) {
      cells.push_back(join(song.labels, ";"));
      for (const auto& [tag, probability] : song.tags) add(probability);
    }
  } else {
    skip(2 + classes.size() + 3);
    cells.push_back(result.error);
    if (quadrants) skip(2);
    if (answers.has_values) skip(2);
    if (answers.derives_values) skip(1);
    if (!answers.tags.empty()) skip(1 + answers.tags.size());
  }
  if (with_bytes) cells.push_back(is_utf8(result.path) ? "" : encode_base64(result.path));
  return to_valid_utf8(csv_line(cells));
}

std::optional<ListedPrediction> parse_prediction(const std::string& text, bool with_segments) {
  const auto wanted = [&](int depth, Json::parse_event_t event, Json& parsed) {
    return with_segments || depth != 1 || event != Json::parse_event_t::key || parsed != "segments";
  };
  try {
    return read_prediction(Json::parse(text, wanted));
  } catch (const Json::exception&) {
    return std::nullopt;
  } catch (const std::invalid_argument&) {  // of base64
    return std::nullopt;
  }
}

double ListedPrediction::probability_of(const std::string& name) const {
  if (!result.ok()) return 0.0;
  for (const auto& [tag, probability] : result.prediction->tags) {
    if (tag == name) return probability;
  }
  const auto found = std::find(classes.begin(), classes.end(), name);
  if (found == classes.end()) return 0.0;
  return result.prediction->probabilities[static_cast<std::size_t>(found - classes.begin())];
}

PredictionListReader::PredictionListReader(fs::path file)
    : file_(std::move(file)), stream_(file_, std::ios::binary) {
  std::error_code ignored;
  if (!stream_ || fs::is_directory(file_, ignored)) {
    throw UsageError(file_.string() + ": cannot be read",
                     "mer predict … --format jsonl -o FILE writes one");
  }
}

std::optional<ListedPrediction> PredictionListReader::next() {
  std::string text;
  if (!std::getline(stream_, text)) return std::nullopt;
  ++line_;
  begin_ = end_;
  const bool has_line_feed = !stream_.eof();
  end_ += text.size() + (has_line_feed ? 1 : 0);
  auto prediction = parse_prediction(text, false);
  if (!has_line_feed) {
    is_cut_off_ = true;
    return std::nullopt;
  }
  if (!prediction) {
    throw UsageError(
        file_.string() + ":" + std::to_string(line_) + ": is no line of mer predict --format jsonl",
        "mer predict … --format jsonl -o FILE, without --resume, writes it anew");
  }
  prediction->line = line_;
  return prediction;
}

std::vector<ListedPrediction> read_prediction_list(const fs::path& file) {
  std::vector<ListedPrediction> predictions;
  PredictionListReader reader(file);
  while (auto prediction = reader.next()) predictions.push_back(std::move(*prediction));
  if (reader.is_cut_off()) {
    throw UsageError(
        file.string() + ":" + std::to_string(predictions.size() + 1) + ": the last line is cut off",
        "the mer predict that wrote it, run again with --resume, goes on from there");
  }
  return predictions;
}

ResumePoint resume_prediction_list(LineFile& file, const fs::path& path,
                                   const PredictionSetup& setup,
                                   const std::vector<fs::path>& inputs,
                                   const ResumeOptions& options) {
  ResumePoint point;
  AbsolutePaths absolute;
  ScannedList list = scan(path, setup, absolute);
  std::vector<fs::path> folders;
  for (const fs::path& folder : options.folders) folders.push_back(absolute(folder / "."));
  std::vector<Span> kept;
  for (const fs::path& input : inputs) {
    const auto found = list.entries.find(absolute(input).string());
    if (found == list.entries.end()) {
      point.to_do.push_back(input);
      continue;
    }
    const Entry& entry = found->second;
    const bool is_same = entry.stamp && entry.stamp == stamp_of(input);
    const bool is_done = is_same && (entry.ok || !options.retry_failed);
    if (is_done) {
      ++(entry.ok ? point.num_done : point.num_given_up);
      kept.push_back(entry.span);
    } else {
      ++(entry.ok ? point.num_changed : point.num_failed);
      point.to_do.push_back(input);
    }
    list.has_more = list.has_more || !is_done;
    list.entries.erase(found);
  }
  for (const auto& [name, entry] : list.entries) {
    const fs::path listed = name;
    const bool gone =
        is_gone(listed) && (is_below(listed, folders) || fs::is_directory(listed.parent_path()));
    if (gone) ++point.num_gone;
    list.has_more = list.has_more || (gone && options.prune);
    if (!gone || !options.prune) kept.push_back(entry.span);
  }
  if (!list.has_more) return point;
  std::sort(kept.begin(), kept.end(),
            [](const Span& a, const Span& b) { return a.begin < b.begin; });
  keep_spans(file, path, kept);
  return point;
}

void renew_stamps(LineFile& list, const fs::path& file,
                  const std::map<std::string, FileStamp>& stamps) {
  std::ifstream stream(file, std::ios::binary);
  list.rewrite([&](AtomicFile& renewed) {
    for (std::string text; std::getline(stream, text);) {
      const auto prediction = parse_prediction(text, false);
      const auto stamp = prediction ? stamps.find(prediction->result.path) : stamps.end();
      if (stamp != stamps.end() && prediction->result.stamp) {
        auto line = Json::parse(text);
        line["size_bytes"] = stamp->second.size_bytes;
        line["modified"] = stamp->second.modified;
        text = line.dump();
      }
      if (!stream.eof()) text += '\n';
      renewed.write(text);
    }
  });
}

}  // namespace mer
