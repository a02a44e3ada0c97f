#pragma once

#include <filesystem>
#include <span>

namespace mer {

/// What a verb writes into one file.
enum class OutputKind {
  kPredictionTable,
  kPredictionJson,
  kPredictionList,
  kPredictionCsv,
  kManifest,
  kFeatureCsv,
  kFeatureTensors,
  kDescriptorCsv,
  kDescription,  ///< beside such a CSV
  kDescriptorTensors,
  kNpz,
  kModel,
  kMetrics,
  kScores,
  kEmbeddings,
  kPage,
  kSvg,
  kPng,
  kPdf,
  kLatex,  ///< tables
  kPlaylist,
  kSmartPlaylist,  ///< of Navidrome
  kJams,
  kLabelTrack,  ///< of Audacity
  kLayers       ///< of Sonic Visualiser
};

/// Refuses to write where something would be lost, before any work: over an input, under a song's
/// name, over a file of another kind than is written there. A file of the kind is replaced, an
/// empty one, a device and a pipe are written to.
/// @param inputs  what the verb reads
/// @throws UsageError saying which of these it is, or that there is no such folder
/// @throws Error when the folder isn't writable
void require_output(const std::filesystem::path& file, OutputKind kind,
                    std::span<const std::filesystem::path> inputs = {});

}  // namespace mer
