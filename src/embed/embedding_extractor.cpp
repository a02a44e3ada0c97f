#include "mer/embed/embedding_extractor.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "exported_card.hpp"
#include "mer/audio/audio_reader.hpp"
#include "mer/core/error.hpp"
#include "mer/core/hash.hpp"
#include "mer/core/text.hpp"
#include "mer/core/version.hpp"
#include "mer/nn/network_runner.hpp"
#include "mer/store/song_features.hpp"
#include "mer/store/tagger_recipe.hpp"
#include "patch_cutter.hpp"
#include "vector_folder.hpp"

namespace mer {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kDigits = 12;

Recipe front_end_of(const Recipe& config) {
  Recipe recipe = tagger_recipe();
  recipe.vad = config.vad;
  recipe.audio.resampler = config.audio.resampler;
  recipe.audio.level_dbfs = config.audio.level_dbfs;
  recipe.audio.start_s = config.audio.start_s;
  recipe.audio.duration_s = config.audio.duration_s;
  return recipe;
}

std::string short_hash(const Json& json) { return hash_hex(json.dump()).substr(0, kDigits); }

/// Which patches count: VAD keeps at least half of the frames, else those with the most.
/// @param patches  in frames
std::vector<std::uint8_t> valid_patches(const std::vector<Segment>& patches,
                                        const std::vector<std::uint8_t>& kept) {
  std::vector<std::int64_t> num_kept;
  std::int64_t most = 0;
  bool any = false;
  for (const Segment& patch : patches) {
    const auto begin = kept.begin() + patch.first;
    num_kept.push_back(std::count(begin, begin + patch.length, std::uint8_t{1}));
    most = std::max(most, num_kept.back());
    any = any || 2 * num_kept.back() >= patch.length;
  }
  std::vector<std::uint8_t> valid;
  for (std::size_t i = 0; i < patches.size(); ++i) {
    const bool counts = any ? 2 * num_kept[i] >= patches[i].length : num_kept[i] == most;
    valid.push_back(counts ? 1 : 0);
  }
  return valid;
}

/// Start and end of each patch in the source file. [P · 2]
std::vector<double> times_of(const std::vector<Segment>& patches, double unit_s, double first_s,
                             double duration_s) {
  std::vector<double> times;
  for (const Segment& patch : patches) {
    const double start_s = first_s + static_cast<double>(patch.first) * unit_s;
    times.push_back(start_s);
    times.push_back(std::min(start_s + static_cast<double>(patch.length) * unit_s,
                             std::max(duration_s, start_s)));
  }
  return times;
}

/// Patches of samples as patches of frames, within a song's.
std::vector<Segment> in_frames(std::vector<Segment> patches, std::int64_t hop_samples,
                               std::int64_t num_frames) {
  for (Segment& patch : patches) {
    const std::int64_t end = (patch.first + patch.length + hop_samples - 1) / hop_samples;
    patch.first = std::clamp<std::int64_t>(patch.first / hop_samples, 0, num_frames - 1);
    patch.length = std::clamp<std::int64_t>(end - patch.first, 1, num_frames - patch.first);
  }
  return patches;
}

Json groups_json(const std::vector<EmbeddingGroup>& groups) {
  Json json = Json::array();
  for (const EmbeddingGroup& group : groups) {
    json.push_back({{"name", group.network},
                    {"first_column", group.first_column},
                    {"num_columns", group.num_columns}});
  }
  return json;
}

/// Of an exported network its card counts too.
std::string hash_of_weights(const std::filesystem::path& file) {
  if (file.extension() == ".safetensors") return hash_file_hex(file).substr(0, kDigits);
  return hash_hex(hash_file_hex(file) + hash_file_hex(card_of(file))).substr(0, kDigits);
}

/// Under which a folder of vectors stands among WeightFiles.
std::string vectors_key(std::int64_t num_columns) {
  return "vectors of " + std::to_string(num_columns) + " numbers";
}

[[noreturn]] void refuse_recipe(const std::string& where, const std::string& why) {
  throw UsageError(where + ": the recipe of its embeddings is damaged: " + why,
                   "give a file that `mer train` wrote");
}

std::string name_of_recipe(const std::string& where) {
  return where + " (the recipe of its embeddings)";
}

/// @throws UsageError unless the weights at hand are those of the recipe
void require_same_weights(const Json& recipe, const std::string& where,
                          const WeightFiles& weights) {
  for (const auto& [network, hash] : recipe.at("embed").at("weights").items()) {
    const auto found = weights.find(network);
    if (found == weights.end()) {
      throw UsageError(where + ": wants embeddings by " + network + ", whose weights are not here",
                       recipe.contains("exported")
                           ? "--embeddings " + network + ".pt, with its card beside it"
                           : "data/pretrained of the source tree has them");
    }
    const std::string hash_here = hash_of_weights(found->second);
    if (hash == hash_here) continue;
    throw UsageError(where + ": wants embeddings by " + network + " with the weights " +
                         hash.get<std::string>() + ", but " + found->second.string() + " has " +
                         hash_here,
                     "put back the weights that the model was made with, or train it again");
  }
}

/// The options of the extractor with this recipe.
/// @throws UsageError when something is missing here that its embeddings are made from
EmbedOptions options_of_recipe(const Json& recipe, const std::string& where,
                               const WeightFiles& weights) {
  EmbedOptions options;
  if (recipe.contains("vectors")) {
    const std::string key = vectors_key(recipe.at("vectors").at("columns").get<std::int64_t>());
    const auto found = weights.find(key);
    if (found == weights.end()) {
      throw UsageError(where + ": sees " + key + " that another program made, and none are here",
                       "--embeddings DIR, a folder with a .npy for each song");
    }
    options.files = found->second;
    return options;
  }
  require_same_weights(recipe, where, weights);
  Json embed = recipe.at("embed");
  embed.erase("weights");
  options = options_from_json<EmbedOptions>(embed, name_of_recipe(where));
  if (recipe.contains("exported")) {
    options.exported = weights.at(recipe.at("exported").at("name").get<std::string>());
  }
  return options;
}

}  // namespace

void add_embedding_source(WeightFiles& weights, const std::filesystem::path& source) {
  EmbedOptions options;
  const bool is_folder = std::filesystem::is_directory(source);
  (is_folder ? options.files : options.exported) = source;
  const std::int64_t num_columns = embedding_columns(options);
  const std::string key = is_folder ? vectors_key(num_columns) : source.stem().string();
  const auto [place, is_new] = weights.emplace(key, source);
  if (is_new || place->second == source) return;
  throw UsageError(source.string() + " and " + place->second.string() + " both are '" + key +
                       "': which one does a model want?",
                   "give one of them; let models with one each answer in runs of their own");
}

EmbeddingExtractor EmbeddingExtractor::of_recipe(const Json& recipe, const std::string& where,
                                                 const WeightFiles& weights,
                                                 const std::string& device) {
  try {
    const EmbedOptions options = options_of_recipe(recipe, where, weights);
    Recipe front_end;
    if (options.files.empty()) {
      Json shared = recipe.at("front_end");
      shared.erase("version");  // compared below
      front_end = options_from_json<Recipe>(shared, name_of_recipe(where));
    }
    front_end.audio.start_s = front_end.audio.duration_s = 0.0;
    EmbeddingExtractor extractor(options, front_end, weights, device);
    // Of other songs there are other vectors.
    if (options.files.empty()) require_same_recipe(extractor.recipe(), recipe, where);
    return extractor;
  } catch (const nlohmann::json::exception& error) {
    refuse_recipe(where, error.what());
  }
}

EmbeddingExtractor EmbeddingExtractor::of_part(double start_s, double duration_s) const {
  EmbeddingExtractor other = *this;
  other.front_end_.audio.start_s = start_s;
  other.front_end_.audio.duration_s = duration_s;
  other.describe();
  return other;
}

std::int64_t embedding_columns(const EmbedOptions& options) {
  if (!options.files.empty()) return VectorFolder::columns_in(options.files);
  if (!options.exported.empty()) return ExportedCard::of(options.exported).network.embedding_size;
  std::int64_t columns = 0;
  for (const std::string& network : options.networks) {
    ModelOptions model;
    model.name = network;
    columns += embedding_size_of(model);
  }
  return columns;
}

std::int64_t embedding_columns(const Json& recipe, const std::string& where) {
  try {
    for (const char* kind : {"vectors", "exported"}) {
      if (recipe.contains(kind)) return recipe.at(kind).at("columns").get<std::int64_t>();
    }
    EmbedOptions options;
    recipe.at("embed").at("networks").get_to(options.networks);
    options.validate();
    return embedding_columns(options);
  } catch (const nlohmann::json::exception& error) {
    refuse_recipe(where, error.what());
  }
}

EmbeddingExtractor::EmbeddingExtractor(const EmbedOptions& options, const Recipe& config,
                                       const WeightFiles& weights, const std::string& device)
    : options_(options), front_end_(front_end_of(config)) {
  options.validate();
  if (options.sources().empty()) {
    throw UsageError("'embed.networks' names no network", "embed.networks: [musicnn]");
  }
  set_torch_threads(1);
  if (!options.files.empty()) {
    vectors_ = std::make_shared<const VectorFolder>(options.files);
    groups_.push_back({"files", 0, vectors_->num_columns()});
  } else if (!options.exported.empty()) {
    use_exported(device);
  } else {
    use_pretrained(weights, device);
  }
  describe();
}

void EmbeddingExtractor::use_pretrained(const WeightFiles& weights, const std::string& device) {
  const int hop_samples = front_end_.features.frame.hop_samples;
  const std::int64_t hop = frames_in(options_.hop_s, front_end_.audio.sample_rate_hz, hop_samples);
  patches_ = {kTaggerPatchFrames, hop, hop_samples};
  for (const std::string& network : options_.networks) {
    const auto found = weights.find(network);
    if (found == weights.end()) {
      throw UsageError("'embed.networks' has '" + network + "', whose weights are not here",
                       "data/pretrained of the source tree has them");
    }
    const auto runner =
        NetworkRunner::pretrained(network, TensorFile::open(found->second),
                                  front_end_.features.mel.num_bands, kTaggerPatchFrames, device);
    networks_.push_back([runner](const PatchBatch& batch) {
      return runner.embeddings(batch.spectrogram, batch.valid);
    });
    const std::int64_t first =
        groups_.empty() ? 0 : groups_.back().first_column + groups_.back().num_columns;
    groups_.push_back({network, first, runner.embedding_size()});
    hashes_[network] = hash_of_weights(found->second);
  }
}

void EmbeddingExtractor::use_exported(const std::string& device) {
  const ExportedCard card = ExportedCard::of(options_.exported);
  front_end_.audio.sample_rate_hz = card.sample_rate_hz;
  const bool is_mel = card.front_end == ExportedCard::FrontEnd::kMel;
  if (is_mel) front_end_.features = card.features;
  patches_ = {card.patch, card.hop, is_mel ? front_end_.features.frame.hop_samples : 1};
  const ScriptNetwork network(options_.exported, card.network, device);
  networks_.push_back(
      [network](const PatchBatch& batch) { return network.embeddings(batch.spectrogram); });
  const std::string name = options_.sources().front();
  groups_.push_back({name, 0, card.network.embedding_size});
  hashes_[name] = hash_of_weights(options_.exported);
}

void EmbeddingExtractor::describe() {
  recipe_ = {};
  if (vectors_) {
    recipe_["vectors"] = {{"columns", vectors_->num_columns()}, {"hash", vectors_->hash()}};
  } else {
    Json embed = to_json(options_);
    embed.erase("files");  // older models have no such options
    embed.erase("exported");
    if (!options_.exported.empty()) embed.erase("hop_s");
    embed["weights"] = hashes_;
    recipe_["embed"] = std::move(embed);
    recipe_["front_end"] = front_end_.shared();
    if (!options_.exported.empty()) {
      recipe_["exported"] = {{"name", groups_.front().network},
                             {"columns", groups_.front().num_columns}};
    }
  }
  fingerprint_ = short_hash(recipe_);
  Json key = recipe_;
  key["start_s"] = front_end_.audio.start_s;
  key["duration_s"] = front_end_.audio.duration_s;
  store_key_ = short_hash(key);
}

void EmbeddingExtractor::require_own_vectors(const Manifest& manifest) const {
  if (!vectors_) return;
  std::map<std::filesystem::path, const Song*> owners;
  for (const Song& song : manifest.songs) {
    std::filesystem::path file;
    try {
      file = vectors_->file_of(song.path);
    } catch (const InputError&) {
      continue;  // told when its turn comes
    }
    const auto [place, is_new] = owners.emplace(file, &song);
    if (is_new || place->second->path == song.path) continue;
    throw UsageError(song.listed_path + " and " + place->second->listed_path +
                         " would both have the vector " + file.string(),
                     "name vectors by more of the songs' paths: folder/song.npy");
  }
}

void EmbeddingExtractor::extract(const std::filesystem::path& audio_file,
                                 const std::filesystem::path& embedding_file,
                                 const std::function<void(std::span<const float>)>& on_samples,
                                 const AudioReader* opened) const {
  TensorFileStream stream(embedding_file);
  if (vectors_) {
    copy_vectors(audio_file, stream);
  } else {
    extract_patches(audio_file, stream, on_samples, opened);
  }
}

void EmbeddingExtractor::copy_vectors(const std::filesystem::path& audio_file,
                                      TensorFileStream& stream) const {
  const RowMatrixXf rows = vectors_->rows_of(audio_file);
  const double duration_s = AudioReader(audio_file, {}).info().duration_s;
  const double row_s = duration_s / static_cast<double>(rows.rows());
  std::vector<double> times;
  for (Eigen::Index row = 0; row < rows.rows(); ++row) {
    times.push_back(static_cast<double>(row) * row_s);
    times.push_back(static_cast<double>(row + 1) * row_s);
  }
  stream.append("embeddings", rows.cols(),
                std::span<const float>(rows.data(), static_cast<std::size_t>(rows.size())));
  finish(stream, std::vector<std::uint8_t>(static_cast<std::size_t>(rows.rows()), 1), times,
         duration_s, {});
}

void EmbeddingExtractor::extract_patches(
    const std::filesystem::path& audio_file, TensorFileStream& stream,
    const std::function<void(std::span<const float>)>& on_samples,
    const AudioReader* opened) const {
  const std::int64_t num_columns = groups_.back().first_column + groups_.back().num_columns;
  const auto embed = [&](const PatchBatch& batch) {
    const auto num_rows = static_cast<Eigen::Index>(batch.spectrogram.shape.front());
    RowMatrixXf rows(num_rows, num_columns);
    for (std::size_t i = 0; i < networks_.size(); ++i) {
      const std::vector<float> values = networks_[i](batch);
      rows.middleCols(groups_[i].first_column, groups_[i].num_columns) =
          Eigen::Map<const RowMatrixXf>(values.data(), num_rows, groups_[i].num_columns);
    }
    stream.append("embeddings", num_columns,
                  std::span<const float>(rows.data(), static_cast<std::size_t>(rows.size())));
  };
  PatchCutter cutter(patches_.length, patches_.hop, embed);
  const bool of_samples = patches_.unit_samples == 1;
  AudioReader reader = opened != nullptr ? opened->again(front_end_.audio)
                                         : AudioReader(audio_file, front_end_.audio);
  const SongAnalysis song = analyse_song(
      reader, audio_file.string(), front_end_,
      [&](const FeatureSet& rows, const FeatureLayout&) {
        if (!of_samples) cutter.push(rows.spectrogram);
      },
      [&](std::span<const float> samples) {
        if (on_samples) on_samples(samples);
        if (of_samples) {
          cutter.push(Eigen::Map<const RowMatrixXf>(samples.data(), std::ssize(samples), 1));
        }
      });
  const std::vector<Segment> patches =
      cut_segments(cutter.num_frames(), patches_.length, patches_.hop, options_.tail, 0);
  const bool has_tail = static_cast<std::int64_t>(patches.size()) > cutter.num_patches();
  cutter.finish(has_tail ? patches.back().length : 0);

  const int hop_samples = front_end_.features.frame.hop_samples;
  const std::vector<std::uint8_t> valid = valid_patches(
      of_samples ? in_frames(patches, hop_samples, std::ssize(song.kept)) : patches, song.kept);
  const double unit_s =
      static_cast<double>(patches_.unit_samples) / front_end_.audio.sample_rate_hz;
  finish(stream, valid, times_of(patches, unit_s, front_end_.audio.start_s, song.duration_s),
         song.duration_s, song.warnings);
}

void EmbeddingExtractor::finish(TensorFileStream& stream, const std::vector<std::uint8_t>& valid,
                                const std::vector<double>& times, double duration_s,
                                const std::vector<std::string>& warnings) const {
  const std::int64_t count = std::ssize(valid);
  stream.add("valid", view_of(std::span<const std::uint8_t>(valid), {count}));
  stream.add("time_s", view_of(std::span<const double>(times), {count, 2}));
  stream.finish({{"format", "mer-embeddings"},
                 {"recipe", recipe_.dump()},
                 {"fingerprint", Json(fingerprint_).dump()},
                 {"networks", groups_json(groups_).dump()},
                 {"duration_s", Json(duration_s).dump()},
                 {"warnings", Json(warnings).dump()},
                 {"mer_version", kVersion}});
}

}  // namespace mer
