#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "mer/core/progress.hpp"
#include "mer/corpus/manifest.hpp"
#include "mer/corpus/split.hpp"

namespace mer {

/// Chromaprint's sub-fingerprints of the first two minutes of a song: 32 bits every 0.124 s, each
/// of 2.4 s of sound. Empty for songs shorter than that.
using Fingerprint = std::vector<std::uint32_t>;

/// @throws InputError as AudioReader does, Error when Chromaprint can't be loaded
Fingerprint fingerprint_of(const std::filesystem::path& audio_file);

/// Pairs of songs that are one recording: another rip, bit rate, format or level, another cut.
/// Where they overlap best, for at least 7 s, at most a fifth of the bits of their fingerprints
/// differ. Sounds that hardly change, such as silence, tell nothing: they pair with none.
/// @param songs  an empty one pairs with none
/// @return       sorted by first, then second
std::vector<NearDuplicate> find_near_duplicates(const std::vector<Fingerprint>& songs,
                                                int jobs = 0);

/// Fingerprints all songs of a manifest, and notes in it which are near-duplicates.
/// @return  what was wrong with songs that could not be read
/// @throws  Interrupted when `stop` said so
std::vector<std::string> mark_near_duplicates(Manifest& manifest, const Progress& progress,
                                              const std::function<bool()>& stop);

/// For people: what the pairs are, ten at most, and how many more there are.
/// @param splitsone or several folds; none = nothing is divided yet
std::vector<std::string> describe_near_duplicates(const Manifest& manifest,
                                                  const std::vector<Split>& splits);

}  // namespace mer
