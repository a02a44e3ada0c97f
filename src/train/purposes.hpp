#pragma once

#include <cstdint>

namespace mer {

/// What a random number is for: a part of every key, so that no two uses share their numbers.
/// Changing a value changes every training run with the same seed.
enum Purpose : std::uint64_t {
  kWeights = 1,
  kCenters,
  kEpochOrder,
  kClassOrder,
  kRow,
  kCrop,
  kGain,
  kMixupPairs,
  kMixupShare,
  kNoise,
  kMasks,
  kDropout,
  kCut,
};

}  // namespace mer
