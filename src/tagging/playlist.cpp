#include "mer/tagging/playlist.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>

#include "mer/core/error.hpp"
#include "mer/core/files.hpp"
#include "mer/core/json.hpp"
#include "mer/core/system_reason.hpp"
#include "mer/core/text.hpp"
#include "mer/metrics/quadrants.hpp"
#include "mer/runs/output_file.hpp"
#include "mer/tagging/mood_tag.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;

constexpr std::array kClassOrder = {"happy", "anger", "sad", "relaxed"};

std::size_t rank_of(const std::string& emotion) {
  return static_cast<std::size_t>(std::find(kClassOrder.begin(), kClassOrder.end(), emotion) -
                                  kClassOrder.begin());
}

/// An emotion's name as a file's: labels may hold any character.
std::string file_name(const std::string& emotion, const char* ending) {
  std::string name = emotion;
  for (char& c : name) {
    if (c == '/' || static_cast<unsigned char>(c) < 0x20) c = '_';
  }
  return (name.starts_with('.') ? "_" + name : name) + ending;
}

using By = PlaylistOptions::By;

/// An axis' two lists.
struct Ends {
  const char* high;
  const char* low;
  double SongPrediction::*value;
  const char* field;
};
Ends ends_of(By by) {
  if (by == By::kArousal) return {"energetic", "calm", &SongPrediction::arousal, kArousalField};
  return {"bright", "dark", &SongPrediction::valence, kValenceField};
}

/// A song of a list, and how typical it is.
struct Typical {
  const ListedPrediction* song = nullptr;
  double degree = 0.0;
};
using SongsByName = std::map<std::string, std::vector<Typical>>;

/// Every emotion's songs, or every label's where there are no classes.
SongsByName by_emotion(const std::vector<ListedPrediction>& list, PlaylistReport& report) {
  SongsByName songs;
  const auto add = [&](const std::string& name, const ListedPrediction& song) {
    songs[name].push_back({&song, song.probability_of(name)});
  };
  for (const ListedPrediction& song : list) {
    for (const std::string& emotion : song.classes) songs[emotion];
    if (!song.result.ok()) {
      ++report.num_failed;
    } else if (song.classes.empty()) {
      const SongPrediction& answer = *song.result.prediction;
      for (const std::string& label : answer.labels) add(label, song);
      if (answer.labels.empty()) ++report.num_uncertain;
    } else if (!song.emotion) {
      ++report.num_uncertain;
    } else {
      add(*song.emotion, song);
    }
  }
  return songs;
}

/// Valence or arousal, which may follow from the classes.
double place_of(const ListedPrediction& line, const Ends& ends) {
  const SongPrediction& song = *line.result.prediction;
  const double value = song.*ends.value;
  const auto quadrants = Quadrants::of(line.classes);
  if (!std::isnan(value) || !quadrants) return value;
  return ends.value == &SongPrediction::arousal ? quadrants->arousal(song.probabilities)
                                                : quadrants->valence(song.probabilities);
}

/// The two ends of an axis: by the sign, or so much of all songs.
SongsByName by_axis(const std::vector<ListedPrediction>& list, const PlaylistOptions& options,
                    PlaylistReport& report) {
  const Ends ends = ends_of(options.by);
  std::vector<Typical> known;
  for (const ListedPrediction& song : list) {
    if (!song.result.ok()) {
      ++report.num_failed;
    } else if (const double value = place_of(song, ends); std::isnan(value)) {
      ++report.num_uncertain;
    } else {
      known.push_back({&song, value});
    }
  }
  if (known.empty()) {
    throw UsageError("no song of the list has valence and arousal",
                     "mer predict … --format jsonl -o FILE, with a model that tells them");
  }
  SongsByName songs{{ends.high, {}}, {ends.low, {}}};
  const bool by_sign = options.quantile >= 1.0;
  for (const Typical& song : known) {
    if (!by_sign || song.degree > 0.0) songs[ends.high].push_back(song);
    if (!by_sign || song.degree < 0.0) songs[ends.low].push_back({song.song, -song.degree});
  }
  return songs;
}

/// The most typical first, and no more than are asked for.
void choose(std::vector<Typical>& songs, const PlaylistOptions& options) {
  std::sort(songs.begin(), songs.end(), [](const Typical& a, const Typical& b) {
    return a.degree != b.degree ? a.degree > b.degree : a.song->result.path < b.song->result.path;
  });
  const auto share = std::ceil(options.quantile * static_cast<double>(songs.size()) - 1e-9);
  songs.resize(std::min(songs.size(), static_cast<std::size_t>(share)));
  if (options.min_confidence <= 0.0) return;
  std::erase_if(songs, [&](const Typical& song) { return song.degree < options.min_confidence; });
}

std::string on_one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return to_valid_utf8(text);
}

/// The song's line and the one that names it; empty for a file that stands there already.
/// @throws InputError for a file that is missing or that a line can't name
std::string entry_of(const ListedPrediction& song, const fs::path& folder, const PathMap& map,
                     std::set<fs::path>& named) {
  const fs::path listed = map(song.result.path);
  const fs::path file = absolute_path(listed);
  std::error_code error;
  const fs::path real = fs::canonical(file, error);
  if (error) {
    throw InputError(
        listed.string() + ": " +
            (error.value() == ENOENT || error.value() == ENOTDIR ? "no such file"
                                                                 : reason_of(error.value())),
        "has it been moved? mer predict --resume brings the list up to date; is it "
        "mounted elsewhere? --map-path FROM=TO");
  }
  require_file(real);
  const std::string path = file.lexically_relative(folder).string();
  const std::string entry = playlist_entry(listed, path, song.result.prediction->duration_s);
  return named.insert(real).second ? entry : "";
}

void sort_by_rank(std::vector<Playlist>& playlists) {
  std::stable_sort(playlists.begin(), playlists.end(), [](const Playlist& a, const Playlist& b) {
    return rank_of(a.emotion) < rank_of(b.emotion);
  });
}

/// @return whether that changed anything
bool write_if_new(const fs::path& file, const std::string& text) {
  std::error_code ignored;
  if (fs::is_regular_file(file, ignored) && read_text_file(file) == text) return false;
  write_text_file(file, text);
  return true;
}

}  // namespace

std::string playlist_entry(const fs::path& song, const std::string& path, double duration_s) {
  if (path.find_first_of("\r\n") != std::string::npos) {
    throw InputError(song.string() + ": its name has a line break, which a playlist can't hold",
                     "rename the file");
  }
  const bool is_no_path = path.starts_with('#') || path.starts_with(' ');  // but a comment
  return "#EXTINF:" + std::to_string(std::lround(duration_s)) + "," +
         on_one_line(display_title(song)) + "\n" + (is_no_path ? "./" : "") + path + "\n";
}

PlaylistReport write_playlists(const std::vector<ListedPrediction>& list, const fs::path& folder,
                               const PathMap& map, const PlaylistOptions& options) {
  PlaylistReport report;
  SongsByName songs =
      options.by == By::kEmotion ? by_emotion(list, report) : by_axis(list, options, report);
  make_folder(folder, "choose another with -o");
  const fs::path real_folder = fs::canonical(folder);
  for (const auto& [name, chosen] : songs) {
    require_output(folder / file_name(name, ".m3u8"), OutputKind::kPlaylist);
  }
  for (auto& [name, chosen] : songs) {
    choose(chosen, options);
    Playlist playlist{folder / file_name(name, ".m3u8"), name, 0};
    std::set<fs::path> named;
    std::string text = "#EXTM3U\n#PLAYLIST:" + on_one_line(name) + "\n";
    for (const Typical& song : chosen) {
      if (options.max_songs > 0 && playlist.num_songs == options.max_songs) break;
      try {
        const std::string entry = entry_of(*song.song, real_folder, map, named);
        if (entry.empty()) continue;
        text += entry;
        ++playlist.num_songs;
      } catch (const InputError& failure) {
        report.failures.push_back({failure.what(), failure.hint()});
      }
    }
    playlist.has_changed = write_if_new(playlist.file, text);
    report.playlists.push_back(std::move(playlist));
  }
  sort_by_rank(report.playlists);
  return report;
}

PlaylistReport write_smart_playlists(const std::vector<ListedPrediction>& list,
                                     const fs::path& folder, const MoodWords& words,
                                     const PlaylistOptions& options) {
  if (options.quantile < 1.0) {
    throw UsageError("--quantile is nothing that Navidrome can ask for", "--format m3u8");
  }
  if (options.by == By::kEmotion && options.min_confidence > 0.0) {
    throw UsageError("--min-confidence is nothing that Navidrome can ask an emotion for",
                     "mer tag --write --min-confidence P decides which songs have one");
  }
  using Json = nlohmann::ordered_json;
  std::map<std::string, Json> rules;
  PlaylistReport report;
  if (options.by == By::kEmotion) {
    for (const auto& [name, songs] : by_emotion(list, report)) {
      Json any = Json::array();
      for (const std::string& word : words.of(name)) any.push_back({{"is", {{"mood", word}}}});
      rules[name] = {{"any", std::move(any)}, {"sort", "random"}};
    }
  } else {
    const Ends ends = ends_of(options.by);
    std::string field = ends.field;
    std::transform(field.begin(), field.end(), field.begin(), [](char c) {
      return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
    const double distance = options.min_confidence / 2.0;
    rules[ends.high] = {
        {"all", {{{"gt", {{field, 0.5 + distance}}}}}}, {"sort", field}, {"order", "desc"}};
    rules[ends.low] = {
        {"all", {{{"lt", {{field, 0.5 - distance}}}}}}, {"sort", field}, {"order", "asc"}};
  }
  make_folder(folder, "choose another with -o");
  for (const auto& [name, rule] : rules) {
    require_output(folder / file_name(name, ".nsp"), OutputKind::kSmartPlaylist);
  }
  for (auto& [name, rule] : rules) {
    Json document{{"name", name}, {"comment", "by mer, from the tags of the songs"}};
    document.update(rule);
    if (options.max_songs > 0) document["limit"] = options.max_songs;
    Playlist playlist{folder / file_name(name, ".nsp"), name, 0};
    playlist.has_changed = write_if_new(playlist.file, json_text(document, 2) + "\n");
    report.playlists.push_back(std::move(playlist));
  }
  sort_by_rank(report.playlists);
  return report;
}

}  // namespace mer
