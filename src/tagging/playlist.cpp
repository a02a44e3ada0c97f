#include "mer/tagging/playlist.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <map>
#include <set>
#include <system_error>

#include "mer/core/error.hpp"
#include "mer/core/files.hpp"
#include "mer/core/system_reason.hpp"
#include "mer/core/text.hpp"
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
std::string file_name(const std::string& emotion) {
  std::string name = emotion;
  for (char& c : name) {
    if (c == '/' || static_cast<unsigned char>(c) < 0x20) c = '_';
  }
  return (name.starts_with('.') ? "_" + name : name) + ".m3u8";
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
  std::string path = file.lexically_relative(folder).string();
  if (path.find_first_of("\r\n") != std::string::npos) {
    throw InputError(listed.string() + ": its name has a line break, which a playlist can't hold",
                     "rename the file");
  }
  if (!named.insert(real).second) return "";
  if (path.starts_with('#') || path.starts_with(' ')) path = "./" + path;  // no comment
  return "#EXTINF:" + std::to_string(std::lround(song.result.prediction->duration_s)) + "," +
         on_one_line(display_title(file)) + "\n" + path + "\n";
}

/// @return whether that changed anything
bool write_if_new(const fs::path& file, const std::string& text) {
  std::error_code ignored;
  if (fs::is_regular_file(file, ignored) && read_text_file(file) == text) return false;
  write_text_file(file, text);
  return true;
}

}  // namespace

PlaylistReport write_playlists(const std::vector<ListedPrediction>& list, const fs::path& folder,
                               const PathMap& map) {
  PlaylistReport report;
  std::map<std::string, std::vector<const ListedPrediction*>> songs;
  for (const ListedPrediction& song : list) {
    for (const std::string& emotion : song.classes) songs[emotion];
    if (!song.result.ok()) {
      ++report.num_failed;
    } else if (song.classes.empty()) {  // one list a label
      const SongPrediction& answer = *song.result.prediction;
      for (const std::string& label : answer.labels) songs[label].push_back(&song);
      if (answer.labels.empty()) ++report.num_uncertain;
    } else if (!song.emotion) {
      ++report.num_uncertain;
    } else {
      songs[*song.emotion].push_back(&song);
    }
  }
  make_folder(folder, "choose another with -o");
  const fs::path real_folder = fs::canonical(folder);
  for (const auto& [emotion, chosen] : songs) {
    require_output(folder / file_name(emotion), OutputKind::kPlaylist);
  }
  for (auto& [emotion, chosen] : songs) {
    std::sort(chosen.begin(), chosen.end(),
              [&name = emotion](const ListedPrediction* a, const ListedPrediction* b) {
                const double of_a = a->probability_of(name);
                const double of_b = b->probability_of(name);
                return of_a != of_b ? of_a > of_b : a->result.path < b->result.path;
              });
    Playlist playlist{folder / file_name(emotion), emotion, 0};
    std::set<fs::path> named;
    std::string text = "#EXTM3U\n#PLAYLIST:" + on_one_line(emotion) + "\n";
    for (const ListedPrediction* song : chosen) {
      try {
        const std::string entry = entry_of(*song, real_folder, map, named);
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
  std::stable_sort(
      report.playlists.begin(), report.playlists.end(),
      [](const Playlist& a, const Playlist& b) { return rank_of(a.emotion) < rank_of(b.emotion); });
  return report;
}

}  // namespace mer
