#include "mer/tagging/playlist.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <system_error>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
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

/// The song's line and the one that names it.
/// @throws InputError for a file that is missing or that a line can't name
std::string entry_of(const ListedPrediction& song, const fs::path& folder) {
  const fs::path file = song.result.path;
  std::error_code error;
  const fs::path real = fs::canonical(file, error);
  if (error) {
    throw InputError(song.result.path + ": no such file",
                     "has it been moved? mer predict --resume brings the list up to date");
  }
  std::string path = real.lexically_relative(folder).string();
  if (path.find_first_of("\r\n") != std::string::npos) {
    throw InputError(song.result.path + ": its name has a line break, which a playlist can't hold",
                     "rename the file");
  }
  if (path.starts_with('#') || path.starts_with(' ')) path = "./" + path;  // no comment
  return "#EXTINF:" + std::to_string(std::lround(song.result.prediction->duration_s)) + "," +
         on_one_line(display_title(file)) + "\n" + path + "\n";
}

}  // namespace

PlaylistReport write_playlists(const std::vector<ListedPrediction>& list, const fs::path& folder) {
  PlaylistReport report;
  std::map<std::string, std::vector<const ListedPrediction*>> songs;
  for (const ListedPrediction& song : list) {
    for (const std::string& emotion : song.classes) songs[emotion];
    if (!song.result.ok()) {
      ++report.num_failed;
    } else if (!song.emotion) {
      ++report.num_uncertain;
    } else {
      songs[*song.emotion].push_back(&song);
    }
  }
  std::error_code error;
  fs::create_directories(folder, error);
  const fs::path real_folder = error ? fs::path() : fs::canonical(folder, error);
  if (error) throw Error(folder.string() + ": cannot be made: " + error.message());

  for (auto& [emotion, chosen] : songs) {
    std::sort(chosen.begin(), chosen.end(),
              [&name = emotion](const ListedPrediction* a, const ListedPrediction* b) {
                const double of_a = a->probability_of(name);
                const double of_b = b->probability_of(name);
                return of_a != of_b ? of_a > of_b : a->result.path < b->result.path;
              });
    Playlist playlist{folder / file_name(emotion), emotion, 0};
    std::string text = "#EXTM3U\n#PLAYLIST:" + on_one_line(emotion) + "\n";
    for (const ListedPrediction* song : chosen) {
      try {
        text += entry_of(*song, real_folder);
        ++playlist.num_songs;
      } catch (const InputError& failure) {
        report.failures.push_back({failure.what(), failure.hint()});
      }
    }
    write_text_file(playlist.file, text);
    report.playlists.push_back(std::move(playlist));
  }
  std::stable_sort(
      report.playlists.begin(), report.playlists.end(),
      [](const Playlist& a, const Playlist& b) { return rank_of(a.emotion) < rank_of(b.emotion); });
  return report;
}

}  // namespace mer
