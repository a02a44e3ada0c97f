#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "mer/audio/audio_reader.hpp"
#include "mer/core/options.hpp"
#include "mer/features/feature_options.hpp"
#include "mer/features/vad.hpp"

namespace mer {

/// Everything that decides what the numbers in a feature file mean.
struct Recipe {
  AudioOptions audio;
  VadOptions vad;
  FeatureOptions features;

  void visit(OptionsVisitor& v);  ///< sections audio, vad, features

  /// The part that a model and the features given to it must share: all but audio.start_s,
  /// audio.duration_s and audio.pad_to_s (which say how much of a song, not what of it).
  /// Options that came later are left out while they have their defaults, so that older models and
  /// feature files keep their fingerprints.
  nlohmann::ordered_json shared() const;
  /// 12 hexadecimal digits over shared().
  std::string fingerprint() const;
  /// 12 hexadecimal digits over shared(), start_s and duration_s: the feature store's folder.
  std::string store_key() const;
};

/// @throws UsageError naming the first option that differs and both values
/// @param where  what holds the found recipe, e.g. the model's path
void require_same_recipe(const nlohmann::ordered_json& expected_shared,
                         const nlohmann::ordered_json& found_shared, const std::string& where);

}  // namespace mer
