#include "mer/embed/embedding_extractor.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "mer/core/error.hpp"
#include "mer/core/hash.hpp"
#include "mer/core/text.hpp"
#include "mer/core/version.hpp"
#include "mer/nn/network_runner.hpp"
#include "mer/store/song_features.hpp"
#include "mer/store/tagger_recipe.hpp"
#include "patch_cutter.hpp"

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

std::int64_t frames_in(double seconds, const Recipe& front_end) {
  SegmentOptions options;
  options.length_s = seconds;
  return options.num_frames(front_end.audio.sample_rate_hz, front_end.features.frame.hop_samples);
}

/// Which patches count: VAD keeps at least half of the frames, else those with the most.
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
std::vector<double> times_of(const std::vector<Segment>& patches, const Recipe& front_end,
                             double duration_s) {
  const double step_s =
      static_cast<double>(front_end.features.frame.hop_samples) / front_end.audio.sample_rate_hz;
  std::vector<double> times;
  for (const Segment& patch : patches) {
    const double start_s = front_end.audio.start_s + static_cast<double>(patch.first) * step_s;
    times.push_back(start_s);
    times.push_back(std::min(start_s + static_cast<double>(patch.length) * step_s,
                             std::max(duration_s, start_s)));
  }
  return times;
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

std::string hash_of_weights(const std::filesystem::path& file) {
  return hash_file_hex(file).substr(0, kDigits);
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
                       "data/pretrained of the source tree has them");
    }
    const std::string hash_here = hash_of_weights(found->second);
    if (hash == hash_here) continue;
    throw UsageError(where + ": wants embeddings by " + network + " with the weights " +
                         hash.get<std::string>() + ", but " + found->second.string() + " has " +
                         hash_here,
                     "put back the weights that the model was made with, or train it again");
  }
}

}  // namespace

EmbeddingExtractor EmbeddingExtractor::of_recipe(const Json& recipe, const std::string& where,
                                                 const WeightFiles& weights,
                                                 const std::string& device) {
  try {
    require_same_weights(recipe, where, weights);
    Json options = recipe.at("front_end");
    options.erase("version");  // compared below
    Recipe front_end = options_from_json<Recipe>(options, name_of_recipe(where));
    front_end.audio.start_s = front_end.audio.duration_s = 0.0;
    EmbeddingExtractor extractor(embed_options_of(recipe, where), front_end, weights, device);
    require_same_recipe(extractor.recipe(), recipe, where);
    return extractor;
  } catch (const nlohmann::json::exception& error) {
    refuse_recipe(where, error.what());
  }
}

EmbedOptions embed_options_of(const Json& recipe, const std::string& where) {
  try {
    Json embed = recipe.at("embed");
    embed.erase("weights");
    return options_from_json<EmbedOptions>(embed, name_of_recipe(where));
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
  std::int64_t columns = 0;
  for (const std::string& network : options.networks) {
    ModelOptions model;
    model.name = network;
    columns += embedding_size_of(model);
  }
  return columns;
}

EmbeddingExtractor::EmbeddingExtractor(const EmbedOptions& options, const Recipe& config,
                                       const WeightFiles& weights, const std::string& device)
    : options_(options), front_end_(front_end_of(config)) {
  options.validate();
  if (options.networks.empty()) {
    throw UsageError("'embed.networks' names no network", "embed.networks: [musicnn]");
  }
  set_torch_threads(1);
  for (const std::string& network : options.networks) {
    const auto found = weights.find(network);
    if (found == weights.end()) {
      throw UsageError("'embed.networks' has '" + network + "', whose weights are not here",
                       "data/pretrained of the source tree has them");
    }
    networks_.push_back(NetworkRunner::pretrained(network, TensorFile::open(found->second),
                                                  front_end_.features.mel.num_bands,
                                                  kTaggerPatchFrames, device));
    const std::int64_t first =
        groups_.empty() ? 0 : groups_.back().first_column + groups_.back().num_columns;
    groups_.push_back({network, first, networks_.back().embedding_size()});
    hashes_[network] = hash_of_weights(found->second);
  }
  describe();
}

void EmbeddingExtractor::describe() {
  recipe_["embed"] = to_json(options_);
  recipe_["embed"]["weights"] = hashes_;
  recipe_["front_end"] = front_end_.shared();
  fingerprint_ = short_hash(recipe_);
  Json key = recipe_;
  key["start_s"] = front_end_.audio.start_s;
  key["duration_s"] = front_end_.audio.duration_s;
  store_key_ = short_hash(key);
}

void EmbeddingExtractor::extract(
    const std::filesystem::path& audio_file, const std::filesystem::path& embedding_file,
    const std::function<void(std::span<const float>)>& on_samples) const {
  TensorFileStream stream(embedding_file);
  const std::int64_t num_columns = groups_.back().first_column + groups_.back().num_columns;
  const auto embed = [&](const PatchBatch& batch) {
    const auto num_rows = static_cast<Eigen::Index>(batch.spectrogram.shape.front());
    RowMatrixXf rows(num_rows, num_columns);
    for (std::size_t i = 0; i < networks_.size(); ++i) {
      const std::vector<float> values = networks_[i].embeddings(batch.spectrogram, batch.valid);
      rows.middleCols(groups_[i].first_column, groups_[i].num_columns) =
          Eigen::Map<const RowMatrixXf>(values.data(), num_rows, groups_[i].num_columns);
    }
    stream.append("embeddings", num_columns,
                  std::span<const float>(rows.data(), static_cast<std::size_t>(rows.size())));
  };
  const std::int64_t hop = std::max<std::int64_t>(1, frames_in(options_.hop_s, front_end_));
  PatchCutter cutter(kTaggerPatchFrames, hop, embed);
  const SongAnalysis song = analyse_song(
      audio_file, front_end_,
      [&](const FeatureSet& rows, const FeatureLayout&) { cutter.push(rows.spectrogram); },
      on_samples);
  const std::vector<Segment> patches =
      cut_segments(cutter.num_frames(), kTaggerPatchFrames, hop, options_.tail, 0);
  const bool has_tail = static_cast<std::int64_t>(patches.size()) > cutter.num_patches();
  cutter.finish(has_tail ? patches.back().length : 0);

  const std::vector<std::uint8_t> valid = valid_patches(patches, song.kept);
  const std::vector<double> times = times_of(patches, front_end_, song.duration_s);
  const auto count = static_cast<std::int64_t>(patches.size());
  stream.add("valid", view_of(std::span<const std::uint8_t>(valid), {count}));
  stream.add("time_s", view_of(std::span<const double>(times), {count, 2}));
  stream.finish({{"format", "mer-embeddings"},
                 {"recipe", recipe_.dump()},
                 {"fingerprint", Json(fingerprint_).dump()},
                 {"networks", groups_json(groups_).dump()},
                 {"duration_s", Json(song.duration_s).dump()},
                 {"warnings", Json(song.warnings).dump()},
                 {"mer_version", kVersion}});
}

}  // namespace mer
