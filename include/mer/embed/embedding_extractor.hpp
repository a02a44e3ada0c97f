#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "mer/config/embed_options.hpp"
#include "mer/config/recipe.hpp"
#include "mer/corpus/manifest.hpp"
#include "mer/store/song_embeddings.hpp"

namespace mer {

class AudioReader;
struct PatchBatch;
class VectorFolder;

/// What embeddings are made from, by name: the weights of pre-trained networks by the network's
/// name, and what add_embedding_source() adds.
using WeightFiles = std::map<std::string, std::filesystem::path>;

/// Adds an exported network's file, or a folder of vectors made elsewhere, for models that have
/// learned from such.
/// @throws UsageError when there is no such thing, or another folder's vectors have as many numbers
void add_embedding_source(WeightFiles& weights, const std::filesystem::path& source);

/// Turns songs into files of embeddings, one of:
///
///   file → front end of the taggers (tagger_recipe()) → patches of 187 frames (3 s), silence
///   included, their starts hop_s apart → each pre-trained network's embedding of each patch
///
///   file → front end and patches as an exported network's card says → its embeddings
///
///   vectors that another program made of the file (embed.files) → the same, as they are; each row
///   stands for an equal part of the file
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
  /// its weights), `front_end` (a Recipe's shared part); of vectors made elsewhere `vectors` (how
  /// many numbers, the hash of all).
  const nlohmann::ordered_json& recipe() const { return recipe_; }
  /// 12 hexadecimal digits over recipe().
  const std::string& fingerprint() const { return fingerprint_; }
  /// 12 hexadecimal digits over recipe() and the part of a song that is read: the store's folder.
  const std::string& store_key() const { return store_key_; }

  /// Writes a song's embeddings atomically.
  /// @param on_samples  as of analyse_song()
  /// @param opened      the same part of the song, so that it need not be decoded again
  /// @throws InputError as analyse_song() does, or when another program made no vector of the song
  void extract(const std::filesystem::path& audio_file, const std::filesystem::path& embedding_file,
               const std::function<void(std::span<const float>)>& on_samples = {},
               const AudioReader* opened = nullptr) const;

  /// @throws UsageError when two of the songs would have the same vector of embed.files
  void require_own_vectors(const Manifest& manifest) const;

 private:
  /// What a network is shown, in frames of the front end or in samples.
  struct Patches {
    std::int64_t length = 0;
    std::int64_t hop = 0;
    std::int64_t unit_samples = 0;  ///< of a frame's hop, or 1
  };

  void use_pretrained(const WeightFiles& weights, const std::string& device);
  void use_exported(const std::string& device);
  void extract_patches(const std::filesystem::path& audio_file, TensorFileStream& stream,
                       const std::function<void(std::span<const float>)>& on_samples,
                       const AudioReader* opened) const;
  void copy_vectors(const std::filesystem::path& audio_file, TensorFileStream& stream) const;
  void finish(TensorFileStream& stream, const std::vector<std::uint8_t>& valid,
              const std::vector<double>& times, double duration_s,
              const std::vector<std::string>& warnings) const;
  void describe();

  EmbedOptions options_;
  Recipe front_end_;
  Patches patches_;
  /// Embeddings of a batch of patches, row-major; parallel to groups_.
  std::vector<std::function<std::vector<float>(const PatchBatch&)>> networks_;
  std::shared_ptr<const VectorFolder> vectors_;  // with embed.files
  std::vector<EmbeddingGroup> groups_;
  nlohmann::ordered_json hashes_;  // of the weights, by the network's name
  nlohmann::ordered_json recipe_;
  std::string fingerprint_;
  std::string store_key_;
};

/// Columns of a row of these embeddings.
/// @throws UsageError when an exported network's card or a folder of vectors can't be read
std::int64_t embedding_columns(const EmbedOptions& options);
/// The same of the extractor with this recipe.
/// @param where  what holds it, e.g. the model's path
/// @throws UsageError when it is not an extractor's recipe
std::int64_t embedding_columns(const nlohmann::ordered_json& recipe, const std::string& where);

}  // namespace mer
