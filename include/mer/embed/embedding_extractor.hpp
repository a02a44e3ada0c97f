#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mer/data/recipe.hpp"
#include "mer/embed/embed_options.hpp"
#include "mer/embed/song_embeddings.hpp"
#include "mer/model/embedder.hpp"

namespace mer {

/// Weights of the frozen networks, by the network's name.
using WeightFiles = std::map<std::string, std::filesystem::path>;

/// Turns songs into files of embeddings.
///
///   file → front end of the taggers (tagger_recipe()) → patches of 187 frames (3 s), silence
///   included, their starts hop_seconds apart → each network's embedding of each patch
///
/// Of a song only one batch of patches is in memory. Safe to call from several threads; LibTorch's
/// own threads are then set to 1 (set_torch_threads).
class EmbeddingExtractor {
 public:
  /// @param config   whose VAD, resampler, level and part of a song count; the rest of the front
  /// end is
  ///                 the taggers'
  /// @param weights  of every network that the options name
  /// @throws UsageError when weights are missing or don't fit
  EmbeddingExtractor(const EmbedOptions& options, const Recipe& config, const WeightFiles& weights,
                     const std::string& device);

  const std::vector<EmbeddingGroup>& groups() const { return groups_; }

  /// Everything that decides what the numbers mean: `embed` (the options and each network's hash of
  /// its weights), `front_end` (a Recipe's shared part).
  const nlohmann::ordered_json& recipe() const { return recipe_; }
  /// 12 hexadecimal digits over recipe().
  const std::string& fingerprint() const { return fingerprint_; }
  /// 12 hexadecimal digits over recipe() and the part of a song that is read: the store's folder.
  const std::string& store_key() const { return store_key_; }

  /// Writes a song's embeddings atomically.
  /// @throws InputError as analyse_song() does
  void extract(const std::filesystem::path& audio_file,
               const std::filesystem::path& embedding_file) const;

 private:
  EmbedOptions options_;
  Recipe front_end_;
  std::vector<Embedder> embedders_;
  std::vector<EmbeddingGroup> groups_;
  nlohmann::ordered_json recipe_;
  std::string fingerprint_;
  std::string store_key_;
};

}  // namespace mer
