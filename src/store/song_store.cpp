#include "mer/store/song_store.hpp"

#include <charconv>
#include <mutex>
#include <numeric>
#include <optional>
#include <stdexcept>

#include "mer/core/error.hpp"
#include "mer/core/hash.hpp"
#include "mer/core/parallel.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

constexpr std::size_t kHashDigits = 16;
/// File systems allow 255 bytes in a name, temporary suffixes included.
constexpr std::size_t kMaxNameBytes = 120;

/// An id as part of a file's name: what is not a plain letter, digit, dot, dash or underscore
/// becomes an underscore. Ids that look alike then differ by the hash behind them, or the audio
/// (and so the features) is the same.
std::string file_name_of(const std::string& id) {
  std::string name = id.substr(0, kMaxNameBytes);
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-' || c == '_';
    if (!plain) c = '_';
  }
  if (!name.empty() && name.front() == '.') name.front() = '_';  // no hidden files
  return name;
}

std::optional<int> whole_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Shard Shard::parse(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash != std::string::npos) {
    const std::string_view view(text);
    const std::optional<int> index = whole_number(view.substr(0, slash));
    const std::optional<int> count = whole_number(view.substr(slash + 1));
    if (index && count && 1 <= *index && *index <= *count) return {*index, *count};
  }
  throw UsageError("shard '" + text + "' is not I/N with whole numbers 1 ≤ I ≤ N",
                   "for example 1/4, 2/4, 3/4 and 4/4 for four processes");
}

SongStore::SongStore(std::filesystem::path folder, Content content)
    : folder_(std::move(folder)), content_(std::move(content)) {}

std::filesystem::path SongStore::file_of(const Song& song) const {
  return folder_ / (file_name_of(song.id) + "-" + hash_file_hex(song.path).substr(0, kHashDigits) +
                    ".safetensors");
}

SongStore::Report SongStore::fill(const Manifest& manifest, const std::vector<std::size_t>& songs,
                                  int jobs, const Shard& shard, const Progress& progress,
                                  const std::function<bool()>& stop) const {
  if (shard.index < 1 || shard.index > shard.count) {
    throw std::invalid_argument("SongStore::fill: the shard is out of range");
  }
  std::vector<std::size_t> wanted = songs;
  if (wanted.empty()) {
    wanted.resize(manifest.songs.size());
    std::iota(wanted.begin(), wanted.end(), std::size_t{0});
  }
  std::error_code failure;
  std::filesystem::create_directories(folder_, failure);
  if (failure) {
    throw Error(folder_.string() + ": can't make this folder: " + failure.message(),
                "choose another place with --set data.store=DIR");
  }
  // For people who wonder what the folder is; the files carry the same themselves.
  const std::filesystem::path description = folder_ / "recipe.json";
  if (!std::filesystem::exists(description)) {
    write_text_file(description, content_.description);
  }

  std::vector<std::size_t> mine;  // places in `wanted`
  for (std::size_t place = 0; place < wanted.size(); ++place) {
    if (place % static_cast<std::size_t>(shard.count) ==
        static_cast<std::size_t>(shard.index - 1)) {
      mine.push_back(place);
    }
  }

  Report report;
  report.files.resize(wanted.size());
  std::mutex mutex;
  std::vector<std::optional<SongFailure>> failures(wanted.size());
  std::size_t done = 0;
  const auto work = [&](std::size_t i) {
    const std::size_t place = mine[i];
    const Song& song = manifest.songs.at(wanted[place]);
    bool made = false;
    try {
      const std::filesystem::path file = file_of(song);
      if (std::filesystem::exists(file)) {
        content_.check(file);
      } else {
        content_.make(song.path, file);
        made = true;
      }
      report.files[place] = file.string();
    } catch (const InputError& error) {
      failures[place] = SongFailure{wanted[place], error.what(), error.hint()};
    }
    const std::scoped_lock lock(mutex);
    ++done;
    if (made) ++report.made;
    if (!made && !failures[place]) ++report.present;
    if (progress) progress(done, mine.size(), song.id);
  };
  parallel_for_each(mine.size(), jobs, work, stop);

  for (const std::optional<SongFailure>& one : failures) {
    if (one) report.failures.push_back(*one);
  }
  return report;
}

}  // namespace mer
