#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "mer/config/embed_options.hpp"
#include "mer/config/recipe.hpp"
#include "mer/nn/network_runner.hpp"
#include "mer/store/song_embeddings.hpp"

namespace mer {

/// Weights of the frozen networks, by the network's name.
using WeightFiles = std::map<std::string, std::filesystem::path>;

/// Turns songs into files of embeddings.
///
///   file → front end of the taggers (tagger_recipe()) → patches of 187 frames (3 s), silence
///   included, their starts hop_s apart → each network's embedding of each patch
///
/// Of a song only one batch of patches is in memory. Safe to call from several threads; LibTorch's
/// own threads are then set to 1 (set_torch_threads). Copies share the networks.
class EmbeddingExtractor {
 public:
  /// @param config   whose VAD, resampler, level and part of a song count; the rest of the front
  /// end is
  ///                 the taggers'
  /// @param weights  of every network that the options name
  /// @throws UsageError when weights are missing or don't fit
  EmbeddingExtractor(const EmbedOptions& options, const Recipe& config, const WeightFiles& weights,
                     const std::string& device);

  /// One that makes the embeddings that a model has learned from.
  /// @param recipe  recipe() of the extractor that made them; the part of a song is the whole
  /// @param where   what holds it, e.g. the model's path
  /// @throws UsageError when weights are missing or have another hash
  static EmbeddingExtractor of_recipe(const nlohmann::ordered_json& recipe,
                                      const std::string& where, const WeightFiles& weights,
                                      const std::string& device);
  /// The same for another part of each song. @param duration_s  0 = to the end
  EmbeddingExtractor of_part(double start_s, double duration_s) const;

  const std::vector<EmbeddingGroup>& groups() const { return groups_; }

  /// Everything that decides what the numbers mean: `embed` (the options and each network's hash of
  /// its weights), `front_end` (a Recipe's shared part).
  const nlohmann::ordered_json& recipe() const { return recipe_; }
  /// 12 hexadecimal digits over recipe().
  const std::string& fingerprint() const { return fingerprint_; }
  /// 12 hexadecimal digits over recipe() and the part of a song that is read: the store's folder.
  const std::string& store_key() const { return store_key_; }

  /// Writes a song's embeddings atomically.
  /// @param on_samples  as of analyse_song()
  /// @throws InputError as analyse_song() does
  void extract(const std::filesystem::path& audio_file, const std::filesystem::path& embedding_file,
               const std::function<void(std::span<const float>)>& on_samples = {}) const;

 private:
  void describe();

  EmbedOptions options_;
  Recipe front_end_;
  std::vector<NetworkRunner> networks_;
  std::vector<EmbeddingGroup> groups_;
  nlohmann::ordered_json hashes_;  // of the weights, by the network's name
  nlohmann::ordered_json recipe_;
  std::string fingerprint_;
  std::string store_key_;
};

/// Columns of a patch's embeddings by these networks.
std::int64_t embedding_columns(const EmbedOptions& options);

/// The options of the extractor with this recipe.
/// @param where  what holds it, e.g. the model's path
/// @throws UsageError when it is not an extractor's recipe
EmbedOptions embed_options_of(const nlohmann::ordered_json& recipe, const std::string& where);

}  // namespace mer
