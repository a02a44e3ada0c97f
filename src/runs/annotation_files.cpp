#include "mer/runs/annotation_files.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "mer/audio/audio_reader.hpp"
#include "mer/core/error.hpp"
#include "mer/core/files.hpp"
#include "mer/core/hash.hpp"
#include "mer/core/json.hpp"
#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"
#include "mer/core/version.hpp"
#include "mer/metrics/scores.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// A stretch of a song, or a point of it when it lasts 0 s.
struct Stretch {
  double start_s = 0.0;
  double length_s = 0.0;
  std::string emotion = {};  ///< empty without classes
  double confidence = 0.0;
  double valence = std::nan("");
  double arousal = std::nan("");

  bool has_place() const { return !std::isnan(valence) && !std::isnan(arousal); }
};

std::vector<Stretch> segments_of(const SongAnnotations& annotations) {
  std::vector<Stretch> stretches;
  for (const SegmentPrediction& segment : annotations.song.prediction->segments) {
    Stretch next{.start_s = segment.start_s,
                 .length_s = segment.end_s - segment.start_s,
                 .valence = segment.valence,
                 .arousal = segment.arousal};
    if (!annotations.classes.empty()) {
      const auto best = static_cast<std::size_t>(argmax(segment.probabilities));
      next.emotion = annotations.classes.at(best);
      next.confidence = segment.probabilities.at(best);
    }
    stretches.push_back(std::move(next));
  }
  return stretches;
}

/// Valence and arousal over time: the curve where there is one, else what is said of segments.
std::vector<Stretch> places_of(const SongAnnotations& annotations) {
  std::vector<Stretch> places;
  if (const auto& curve = annotations.song.prediction->over_time) {
    for (std::size_t i = 0; i < curve->time_s.size(); ++i) {
      places.push_back({.start_s = curve->time_s[i],
                        .valence = curve->valence[i],
                        .arousal = curve->arousal[i]});
    }
  } else {
    places = segments_of(annotations);
  }
  std::erase_if(places, [](const Stretch& place) { return !place.has_place(); });
  return places;
}

/// What stands behind the names of valence and arousal that no model was trained to answer.
std::string origin_of(const SongPrediction& song) {
  return song.derives_values ? " (from the class probabilities)" : "";
}

Json observation(double start_s, double length_s, Json value, Json confidence) {
  return {{"time", start_s},
          {"duration", length_s},
          {"value", std::move(value)},
          {"confidence", std::move(confidence)}};
}

std::string jams(const SongAnnotations& annotations) {
  const SongPrediction& song = *annotations.song.prediction;
  Json file;
  file["annotations"] = Json::array();
  const auto add = [&](const std::string& name, const std::string& what, Json data) {
    if (data.empty()) return;
    file["annotations"].push_back({{"namespace", name},
                                   {"data", std::move(data)},
                                   {"annotation_metadata",
                                    {{"curator", {{"name", ""}, {"email", ""}}},
                                     {"annotator", {{"model", to_valid_utf8(annotations.model)}}},
                                     {"annotation_tools", std::string("mer ") + kVersion},
                                     {"data_source", "program"}}},
                                   {"sandbox", {{"what", what}}},
                                   {"time", 0},
                                   {"duration", song.duration_s}});
  };
  Json whole = Json::array();
  if (!annotations.classes.empty() && !annotations.song.uncertain) {
    whole.push_back(observation(0.0, song.duration_s,
                                annotations.classes.at(static_cast<std::size_t>(song.predicted())),
                                song.confidence()));
  }
  add("tag_open", "emotion of the song", std::move(whole));
  Json tags = Json::array();
  for (const auto& [tag, probability] : song.tags) {
    tags.push_back(observation(0.0, song.duration_s, tag, probability));
  }
  add("tag_open", "probability of each label", std::move(tags));
  Json emotions = Json::array();
  for (const Stretch& segment : segments_of(annotations)) {
    if (segment.emotion.empty()) continue;
    emotions.push_back(
        observation(segment.start_s, segment.length_s, segment.emotion, segment.confidence));
  }
  add("tag_open", "emotion of segments", std::move(emotions));
  Json place = Json::array();
  if (!std::isnan(song.valence) && !std::isnan(song.arousal)) {
    place.push_back(
        observation(0.0, song.duration_s, Json::array({song.valence, song.arousal}), nullptr));
  }
  const std::string origin = origin_of(song);
  add("mood_thayer", "valence and arousal of the song" + origin, std::move(place));
  Json places = Json::array();
  for (const Stretch& next : places_of(annotations)) {
    places.push_back(observation(next.start_s, next.length_s,
                                 Json::array({next.valence, next.arousal}), nullptr));
  }
  add("mood_thayer", "valence and arousal over time" + origin, std::move(places));
  file["file_metadata"] = {
      {"title", to_valid_utf8(fs::path(annotations.song.path).stem().string())},
      {"artist", ""},
      {"release", ""},
      {"duration", song.duration_s},
      {"identifiers", Json::object()},
      {"jams_version", "0.3.4"}};
  file["sandbox"] = {{"path", to_valid_utf8(annotations.song.path)}};
  return json_text(file, 1) + "\n";
}

std::string place_text(const Stretch& stretch) {
  return "valence " + fixed(stretch.valence, 2) + ", arousal " + fixed(stretch.arousal, 2);
}

std::string audacity(const SongAnnotations& annotations) {
  std::string text;
  const auto add = [&](const Stretch& stretch, const std::string& label) {
    text += fixed(stretch.start_s, 6) + "\t" + fixed(stretch.start_s + stretch.length_s, 6) + "\t" +
            to_valid_utf8(printable(label)) + "\n";
  };
  for (const Stretch& segment : segments_of(annotations)) {
    if (!segment.emotion.empty()) add(segment, segment.emotion);
  }
  const std::string origin = origin_of(*annotations.song.prediction);
  for (const Stretch& place : places_of(annotations)) add(place, place_text(place) + origin);
  return text;
}

/// For an attribute's value. Control characters have no place in XML.
std::string xml(const std::string& text) {
  std::string escaped;
  for (const char c : to_valid_utf8(printable(text))) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

/// One file of layers. Frames are those of the audio file, as in the program's own exports.
class LayerFile {
 public:
  LayerFile(int rate_hz, double duration_s) : rate_hz_(rate_hz), duration_s_(duration_s) {}

  void add_regions(const std::string& name, const std::vector<Stretch>& stretches) {
    begin(name, 3, " subtype=\"region\" valueQuantization=\"0\" minimum=\"0\" maximum=\"1\"");
    for (const Stretch& stretch : stretches) {
      data_ += "<point frame=\"" + frame(stretch.start_s) + "\" value=\"" +
               format_number(stretch.confidence) + "\" duration=\"" + frame(stretch.length_s) +
               "\" label=\"" + xml(stretch.emotion) + "\"/>\n";
    }
    end("regions", name);
  }
  void add_curve(const std::string& name, const std::vector<Stretch>& places,
                 double Stretch::*value) {
    begin(name, 2, " minimum=\"-1\" maximum=\"1\"");
    for (const Stretch& place : places) {
      data_ += "<point frame=\"" + frame(place.start_s + place.length_s / 2) + "\" value=\"" +
               format_number(place.*value) + "\" label=\"\"/>\n";
    }
    end("timevalues", name);
  }
  std::string text() const {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE "
           "sonic-visualiser>\n<sv>\n<data>\n" +
           data_ + "</data>\n<display>\n" + layers_ + "</display>\n</sv>\n";
  }

 private:
  std::string frame(double seconds) const {
    return std::to_string(std::llround(seconds * rate_hz_));
  }
  void begin(const std::string& name, int dimensions, const std::string& more) {
    const std::string set = std::to_string(next_id_);
    data_ += "<model id=\"" + std::to_string(next_id_ + 1) + "\" name=\"" + name +
             "\" sampleRate=\"" + std::to_string(rate_hz_) + "\" start=\"0\" end=\"" +
             frame(duration_s_) + "\" type=\"sparse\" dimensions=\"" + std::to_string(dimensions) +
             "\" resolution=\"1\" notifyOnAdd=\"true\" dataset=\"" + set + "\"" + more +
             " units=\"\"/>\n<dataset id=\"" + set + "\" dimensions=\"" +
             std::to_string(dimensions) + "\">\n";
  }
  void end(const std::string& type, const std::string& name) {
    data_ += "</dataset>\n";
    layers_ += "<layer id=\"" + std::to_string(next_id_ + 2) + "\" type=\"" + type + "\" name=\"" +
               name + "\" model=\"" + std::to_string(next_id_ + 1) + "\"/>\n";
    next_id_ += 3;
  }

  int rate_hz_;
  double duration_s_;
  int next_id_ = 1;
  std::string data_;
  std::string layers_;
};

std::string sonic_visualiser(const SongAnnotations& annotations) {
  const AudioReader audio(annotations.song.path, {});
  LayerFile file(audio.info().sample_rate_hz, annotations.song.prediction->duration_s);
  if (!annotations.classes.empty()) file.add_regions("emotion", segments_of(annotations));
  if (const std::vector<Stretch> places = places_of(annotations); !places.empty()) {
    const std::string origin = origin_of(*annotations.song.prediction);
    file.add_curve("valence" + origin, places, &Stretch::valence);
    file.add_curve("arousal" + origin, places, &Stretch::arousal);
  }
  return file.text();
}

}  // namespace

AnnotationFormats builtin_annotation_formats() {
  AnnotationFormats formats;
  formats.add("jams", {".jams", "JAMS", OutputKind::kJams, jams});
  formats.add("audacity", {".txt", "label tracks", OutputKind::kLabelTrack, audacity});
  formats.add("sonic_visualiser", {".svl", "layers", OutputKind::kLayers, sonic_visualiser});
  return formats;
}

AnnotationFolder::AnnotationFolder(const AnnotationFormat& format, fs::path folder,
                                   std::span<const fs::path> songs)
    : format_(format) {
  std::error_code ignored;
  if (fs::exists(folder, ignored) && !fs::is_directory(folder, ignored)) {
    throw UsageError(folder.string() + ": is a file; this writes a file a song",
                     "-o DIR, a folder for them");
  }
  make_folder(folder, "choose another with -o");
  std::map<std::string, int> uses;
  for (const fs::path& song : songs) ++uses[song.stem().string()];
  for (const fs::path& song : songs) {
    std::string name = song.stem().string();
    if (uses[name] > 1) name += "-" + hash_hex(absolute_path(song).string()).substr(0, 8);
    const fs::path file = folder / (name + format_.extension);
    require_output(file, format_.kind);
    files_[song.string()] = file;
  }
}

void AnnotationFolder::add(const SongAnnotations& annotations) const {
  if (!annotations.song.ok()) return;
  write_text_file(file_of(annotations.song.path), format_.text(annotations));
}

}  // namespace mer
