#include "mer/library/map_page.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "embedded/d3_min_js.hpp"
#include "embedded/map_css.hpp"
#include "embedded/map_html.hpp"
#include "embedded/map_js.hpp"
#include "mer/core/base64.hpp"
#include "mer/core/error.hpp"
#include "mer/core/files.hpp"
#include "mer/core/json.hpp"
#include "mer/core/text.hpp"
#include "mer/tagging/mood_tag.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kUncertain = "uncertain";

/// A part of a path in a link; bytes are what counts, whatever the encoding.
std::string percent_encoded(std::string_view bytes) {
  constexpr std::string_view kPlain = "-_.~!*'()/";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && (std::isalnum(byte) != 0 || kPlain.find(c) != std::string_view::npos)) {
      text += c;
    } else {
      text += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
  }
  return text;
}

/// Gives each text a number, in the order in which they come.
class Numbers {
 public:
  std::size_t of(const std::string& text) {
    const auto [place, is_new] = numbers_.emplace(text, texts_.size());
    if (is_new) texts_.push_back(text);
    return place->second;
  }
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  std::map<std::string, std::size_t> numbers_;
  std::vector<std::string> texts_;
};

Json rounded(double value, double steps) {
  return std::isnan(value) ? Json() : Json(std::round(value * steps) / steps);
}

/// The songs, column by column.
class MapData {
 public:
  MapData(const std::vector<ListedPrediction>& list, fs::path folder, const PathMap& map)
      : folder_(std::move(folder)) {
    for (const ListedPrediction& song : list) {
      if (song.result.ok())
        num_axes_ = std::max(num_axes_, song.result.prediction->embedding.size());
      for (const std::string& name : song.classes) emotions_.of(name);
    }
    for (const ListedPrediction& song : list) {
      if (song.result.ok()) add(song, absolute_path(map(song.result.path)));
    }
    if (num_axes_ > 0 || has_values_) return;
    throw UsageError(
        "no song of the list says where it lies: neither an embedding nor valence and "
        "arousal",
        "mer predict … --format jsonl -o FILE, with a model of this version, does");
  }

  std::string text() {
    Json json;
    std::vector<std::string> emotions = emotions_.texts();
    emotions.emplace_back(kUncertain);
    json["emotions"] = emotions;
    json["axes"] = num_axes_;
    json["embedding"] = encode_base64(embedding_);
    json["folders"] = Json::array();
    json["folder_links"] = Json::array();
    for (const std::string& folder : folders_.texts()) {
      json["folders"].push_back(to_valid_utf8(folder));
      const std::string link = fs::path(folder).lexically_relative(folder_).string();
      json["folder_links"].push_back(percent_encoded(link.empty() ? folder : link) + "/");
    }
    json["artists"] = artists_.texts();
    json["links"] = links_.empty() ? Json::object() : links_;
    for (auto& [name, column] : columns_.items()) json[name] = std::move(column);
    // Whatever a title holds, it ends no script.
    std::string text = json_text(json);
    for (std::size_t at = text.find('<'); at != text.npos; at = text.find('<', at)) {
      text.replace(at, 1, "\\u003c");
    }
    return text;
  }

 private:
  void add(const ListedPrediction& line, const fs::path& file) {
    const SongPrediction& song = *line.result.prediction;
    const auto [artist, title] = song_names(file);
    const std::string name = file.filename().string();
    if (!is_utf8(name)) links_[std::to_string(columns_["file"].size())] = percent_encoded(name);
    columns_["title"].push_back(to_valid_utf8(title));
    columns_["artist"].push_back(artists_.of(to_valid_utf8(artist)));
    columns_["folder"].push_back(folders_.of(file.parent_path().string()));
    columns_["file"].push_back(to_valid_utf8(name));
    columns_["emotion"].push_back(line.emotion ? emotions_.of(*line.emotion)
                                               : emotions_.texts().size());
    columns_["confidence"].push_back(
        song.probabilities.empty() ? Json() : rounded(song.confidence(), 100.0));
    columns_["duration"].push_back(std::lround(song.duration_s));
    columns_["valence"].push_back(rounded(song.valence, 1000.0));
    columns_["arousal"].push_back(rounded(song.arousal, 1000.0));
    if (!song.labels.empty()) has_labels_ = true;
    if (has_labels_) {
      Json& labels = columns_["labels"];
      while (labels.size() + 1 < columns_["file"].size()) labels.push_back("");
      labels.push_back(to_valid_utf8(join(song.labels, ", ")));
    }
    has_values_ = has_values_ || !std::isnan(song.valence);
    for (std::size_t axis = 0; axis < num_axes_; ++axis) {
      const double value = axis < song.embedding.size() ? song.embedding[axis] : 0.0;
      const auto thousandths =
          static_cast<std::int16_t>(std::clamp(value * 1000.0, -32767.0, 32767.0));
      const auto bits = static_cast<std::uint16_t>(thousandths);
      embedding_ += static_cast<char>(bits & 255U);
      embedding_ += static_cast<char>(bits >> 8U);
    }
  }

  fs::path folder_;
  std::size_t num_axes_ = 0;
  bool has_values_ = false;
  bool has_labels_ = false;
  Numbers emotions_, folders_, artists_;
  Json links_;
  Json columns_;
  std::string embedding_;  ///< 16-bit thousandths, the smaller byte first
};

/// A template with `{{name}}` replaced.
std::string filled(std::string_view page, const std::map<std::string, std::string_view>& parts) {
  std::string text;
  for (std::size_t at = 0; at < page.size();) {
    const std::size_t begin = page.find("{{", at);
    const std::size_t end = page.find("}}", begin);
    text += page.substr(at, begin - at);
    if (end == page.npos) break;
    text += parts.at(std::string(page.substr(begin + 2, end - begin - 2)));
    at = end + 2;
  }
  return text;
}

}  // namespace

std::string map_page(const std::vector<ListedPrediction>& list, const fs::path& folder,
                     const PathMap& map) {
  const std::string data = MapData(list, absolute_path(folder / "."), map).text();
  return filled(embedded::map_html, {{"css", embedded::map_css},
                                     {"data", data},
                                     {"d3", embedded::d3_min_js},
                                     {"js", embedded::map_js}});
}

}  // namespace mer
