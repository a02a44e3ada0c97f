#include "mer/corpus/near_duplicates.hpp"

#include <chromaprint.h>
#include <dlfcn.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <mutex>
#include <set>

#include "mer/audio/audio_reader.hpp"
#include "mer/core/error.hpp"
#include "mer/core/parallel.hpp"
#include "mer/core/text_table.hpp"

namespace mer {
namespace {

constexpr int kRateHz = 11025;  // Chromaprint's own
constexpr double kFingerprintSeconds = 120.0;
// Of 4QAED's clips, other versions differ in at most 0.13 of the bits where they overlap best,
// other songs in at least 0.35: docs/results/leakage.md.
constexpr double kMostBitErrors = 0.2;
constexpr std::ptrdiff_t kFewestFrames = 40;  // 7 s
// What more places than these share (silence, a held bass) is no sign of one recording.
constexpr std::ptrdiff_t kMostPlaces = 100;

/// Chromaprint, loaded when it is first used: Debian's brings libavcodec and some eighty other
/// libraries, and every start of the program, even for --help, would wait 50 ms for them.
class Chromaprint {
 public:
  static const Chromaprint& library() {
    static const Chromaprint loaded;
    return loaded;
  }

  decltype(&chromaprint_new) create;
  decltype(&chromaprint_free) free;
  decltype(&chromaprint_start) start;
  decltype(&chromaprint_feed) feed;
  decltype(&chromaprint_finish) finish;
  decltype(&chromaprint_get_raw_fingerprint) get;
  decltype(&chromaprint_dealloc) dealloc;

 private:
  Chromaprint() : handle_(dlopen("libchromaprint.so.1", RTLD_NOW | RTLD_LOCAL)) {
    load("chromaprint_new", create);
    load("chromaprint_free", free);
    load("chromaprint_start", start);
    load("chromaprint_feed", feed);
    load("chromaprint_finish", finish);
    load("chromaprint_get_raw_fingerprint", get);
    load("chromaprint_dealloc", dealloc);
  }

  template <class Function>
  void load(const char* name, Function& function) {
    function = handle_ ? reinterpret_cast<Function>(dlsym(handle_, name)) : nullptr;
    if (function) return;
    throw Error(std::string("Chromaprint can't be loaded: ") + dlerror(),
                "apt-get install libchromaprint1; or --set data.split.near_duplicates=ignore");
  }

  void* handle_;
};

/// A sub-fingerprint and where it is.
struct Place {
  std::uint32_t bits;
  std::uint32_t song;
  std::int32_t frame;
  bool operator<(const Place& other) const { return bits < other.bits; }
};

/// All songs' sub-fingerprints, by their bits; one that lasts is listed where it begins.
std::vector<Place> index_of(const std::vector<Fingerprint>& songs) {
  std::vector<Place> places;
  for (std::size_t song = 0; song < songs.size(); ++song) {
    for (std::size_t frame = 0; frame < songs[song].size(); ++frame) {
      if (frame > 0 && songs[song][frame] == songs[song][frame - 1]) continue;
      places.push_back(
          {songs[song][frame], static_cast<std::uint32_t>(song), static_cast<std::int32_t>(frame)});
    }
  }
  std::stable_sort(places.begin(), places.end());
  return places;
}

/// The share of bits that differ when `second` begins `offset` frames after `first`; 1 when they
/// overlap too little, or are alike only because they hardly change.
double bit_error_rate(const Fingerprint& first, const Fingerprint& second, std::ptrdiff_t offset) {
  const std::ptrdiff_t begin = std::max<std::ptrdiff_t>(0, offset);
  const std::ptrdiff_t end = std::min(std::ssize(first), std::ssize(second) + offset);
  if (end - begin < kFewestFrames) return 1.0;
  int errors = 0;
  for (std::ptrdiff_t frame = begin; frame < end; ++frame) {
    errors += std::popcount(first[static_cast<std::size_t>(frame)] ^
                            second[static_cast<std::size_t>(frame - offset)]);
  }
  const double rate = errors / (32.0 * static_cast<double>(end - begin));
  if (rate > kMostBitErrors) return rate;
  const std::set<std::uint32_t> distinct(first.begin() + begin, first.begin() + end);
  return std::ssize(distinct) < kFewestFrames / 2 ? 1.0 : rate;
}

/// Later songs that are the same recording as one: those that share a sub-fingerprint are compared
/// bit by bit at the offset that it gives.
std::vector<NearDuplicate> duplicates_of(std::size_t first, const std::vector<Fingerprint>& songs,
                                         const std::vector<Place>& index) {
  std::set<std::pair<std::size_t, std::ptrdiff_t>> offsets;  // of other songs
  const Fingerprint& own = songs[first];
  for (std::size_t frame = 0; frame < own.size(); ++frame) {
    const auto [begin, end] = std::equal_range(index.begin(), index.end(), Place{own[frame], 0, 0});
    if (end - begin > kMostPlaces) continue;
    for (auto place = begin; place != end; ++place) {
      if (place->song <= first) continue;
      offsets.emplace(place->song, static_cast<std::ptrdiff_t>(frame) - place->frame);
    }
  }
  std::vector<NearDuplicate> found;
  for (const auto& [second, offset] : offsets) {
    const double rate = bit_error_rate(own, songs[second], offset);
    if (rate > kMostBitErrors) continue;
    if (found.empty() || found.back().second != second) found.push_back({first, second, rate});
    found.back().bit_error_rate = std::min(found.back().bit_error_rate, rate);
  }
  return found;
}

}  // namespace

Fingerprint fingerprint_of(const std::filesystem::path& audio_file) {
  const Chromaprint& library = Chromaprint::library();
  AudioOptions options;
  options.sample_rate_hz = kRateHz;
  options.duration_s = kFingerprintSeconds;
  AudioReader reader(audio_file, options);
  const std::unique_ptr<ChromaprintContext, decltype(&chromaprint_free)> context(
      library.create(CHROMAPRINT_ALGORITHM_TEST2), library.free);
  library.start(context.get(), kRateHz, 1);
  std::vector<float> block(kRateHz);
  std::vector<std::int16_t> pcm;
  while (const std::size_t count = reader.read(block)) {
    pcm.clear();
    for (std::size_t i = 0; i < count; ++i) {
      pcm.push_back(static_cast<std::int16_t>(
          std::lround(std::clamp(block[i], -1.0F, 1.0F) * static_cast<float>(INT16_MAX))));
    }
    library.feed(context.get(), pcm.data(), static_cast<int>(count));
  }
  library.finish(context.get());
  std::uint32_t* values = nullptr;
  int size = 0;
  if (library.get(context.get(), &values, &size) != 1) {
    throw Error(audio_file.string() + ": Chromaprint made no fingerprint");
  }
  const std::unique_ptr<std::uint32_t, decltype(&chromaprint_dealloc)> owner(values,
                                                                             library.dealloc);
  return {values, values + size};
}

std::vector<NearDuplicate> find_near_duplicates(const std::vector<Fingerprint>& songs, int jobs) {
  const std::vector<Place> index = index_of(songs);
  std::vector<std::vector<NearDuplicate>> found(songs.size());
  parallel_for_each(songs.size(), jobs,
                    [&](std::size_t song) { found[song] = duplicates_of(song, songs, index); });
  std::vector<NearDuplicate> pairs;
  for (const auto& of_song : found) pairs.insert(pairs.end(), of_song.begin(), of_song.end());
  return pairs;
}

std::vector<std::string> mark_near_duplicates(Manifest& manifest, const Progress& progress,
                                              const std::function<bool()>& stop) {
  std::vector<Fingerprint> songs(manifest.songs.size());
  std::vector<std::string> failures;
  std::mutex mutex;
  std::size_t done = 0;
  const auto work = [&](std::size_t i) {
    std::string failure;
    try {
      songs[i] = fingerprint_of(manifest.songs[i].path);
    } catch (const InputError& error) {
      failure = error.what();
    }
    const std::scoped_lock lock(mutex);
    if (!failure.empty()) failures.push_back(failure);
    if (progress) progress(++done, songs.size(), manifest.songs[i].id);
  };
  parallel_for_each(songs.size(), 0, work, stop);
  if (stop && stop()) throw Interrupted("interrupted while near-duplicates were sought");
  manifest.near_duplicates = find_near_duplicates(songs);
  std::sort(failures.begin(), failures.end());
  return failures;
}

std::vector<std::string> describe_near_duplicates(const Manifest& manifest,
                                                  const std::vector<Split>& splits) {
  constexpr std::size_t kShown = 10;
  std::vector<std::string> torn;
  std::vector<std::string> together;
  for (const NearDuplicate& pair : manifest.near_duplicates) {
    const Song& first = manifest.songs[pair.first];
    const Song& second = manifest.songs[pair.second];
    std::string line = "'" + first.id + "' and '" + second.id + "' are one recording (" +
                       fixed(100.0 * pair.bit_error_rate, 0) + " % of the fingerprint differs)";
    if (!first.label.empty() && !second.label.empty() && first.label != second.label) {
      line += ", labelled " + first.label + " and " + second.label;
    }
    const auto tears = [&](const Split& split) {
      return split[pair.first] != split[pair.second] && split[pair.first] != kUnused &&
             split[pair.second] != kUnused;
    };
    const auto tearing = std::find_if(splits.begin(), splits.end(), tears);
    if (tearing == splits.end()) {
      together.push_back(line);
    } else {
      torn.push_back(line + ", in " + (*tearing)[pair.first] + " AND " + (*tearing)[pair.second] +
                     ": the given split flatters the scores");
    }
  }
  std::vector<std::string> lines = torn;  // the worst first
  lines.insert(lines.end(), together.begin(), together.end());
  if (lines.size() > kShown) {
    const std::string more = std::to_string(lines.size() - kShown);
    const std::string all = std::to_string(lines.size());
    lines.resize(kShown);
    lines.push_back(more + " more of " + all + " pairs of songs are one recording");
  }
  return lines;
}

}  // namespace mer
