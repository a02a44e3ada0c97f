#pragma once

#include <filesystem>

#include "mer/config/recipe.hpp"
#include "mer/nn/script_network.hpp"

namespace mer {

/// The card beside an exported network, NAME.yaml beside NAME.pt: what it must be shown, and what
/// it gives.
struct ExportedCard {
  enum class FrontEnd { kWaveform, kMel } front_end = FrontEnd::kWaveform;
  int sample_rate_hz = 16000;
  FeatureOptions features;  ///< of a mel front end: spectrogram, frame, mel
  std::int64_t patch = 0;   ///< samples of a waveform, frames of mel bands
  std::int64_t hop = 0;     ///< between the starts of patches, in the same; 0 = patch
  ScriptNetworkShape network;

  ExportedCard();
  /// @param network_file  whose card is read
  /// @throws UsageError when it is not there or says what can't be
  static ExportedCard of(const std::filesystem::path& network_file);

  void visit(OptionsVisitor& v);
  void validate() const;
};

/// Beside the network's file.
std::filesystem::path card_of(const std::filesystem::path& network_file);

}  // namespace mer
