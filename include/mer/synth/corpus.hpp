#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "mer/core/options.hpp"
#include "mer/core/progress.hpp"
#include "mer/synth/composition.hpp"

namespace mer {

/// The small demo corpus.
struct SynthOptions {
  int songs = 128;
  double seconds = 30.0;  ///< of each song
  std::int64_t seed = 7;
  int sample_rate_hz = 44100;

  void visit(OptionsVisitor& v);
};

/// One song of the corpus before it is composed.
struct SongPlan {
  std::string path;   ///< relative to the corpus' folder: "happy/song_0001.flac"
  std::string group;  ///< the pseudo-artist: "artist_01"
  Emotion emotion = Emotion::kHappy;
  std::uint64_t song_seed = 0;
  std::uint64_t artist_seed = 0;
};

/// The songs of a corpus: as many of each emotion as can be, artists with two or three songs of
/// different emotions, so that an artist tells nothing of the emotion. A song depends on the seed
/// and its place only, not on how many follow.
std::vector<SongPlan> plan_corpus(const SynthOptions& options);

struct SynthReport {
  std::filesystem::path manifest;
  std::size_t num_songs = 0;
  std::size_t num_groups = 0;
  bool was_there = false;  ///< the folder held this very corpus already; nothing was done
};

/// Writes the songs as FLAC into one folder a class, and `manifest.csv` (path,label,group) when all
/// are there. Deterministic for a seed, whatever `jobs` is (0 = one thread per core). A folder that
/// holds the same corpus already is left as it is.
///
/// @param stop         asked before each song
/// @throws UsageError  when the folder holds a manifest or songs that mer did not write, or another
///                     process is at work in it
/// @throws Interrupted when `stop` said so
/// @throws Error       when the disk is full or the folder isn't writable
SynthReport make_corpus(const std::filesystem::path& folder, const SynthOptions& options, int jobs,
                        const Progress& progress, const std::function<bool()>& stop = {});

}  // namespace mer
