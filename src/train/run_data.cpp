#include "run_data.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "mer/core/error.hpp"
#include "mer/core/hash.hpp"
#include "mer/core/parallel.hpp"
#include "mer/core/random.hpp"
#include "mer/core/text.hpp"
#include "mer/embed/embedding_extractor.hpp"
#include "mer/features/feature_extractor.hpp"
#include "mer/store/segment_rows.hpp"
#include "mer/store/song_embeddings.hpp"

namespace mer {
namespace {

constexpr std::size_t kValidationBatchSize = 32;  // at most
// Workers that take every so-manieth batch shall have equal shares: up to eight do.
constexpr std::size_t kValidationShares = 8;
// Opening a song again takes some 0.1 ms, keeping it open some 10 kB.
constexpr std::size_t kOpenSongs = 1024;

std::string hash_of(const RunData& data) {
  std::string text;
  for (std::size_t i = 0; i < data.manifest.songs.size(); ++i) {
    const Song& song = data.manifest.songs[i];
    for (const std::string& part :
         {song.id, song.label, song.group,
          std::filesystem::path(data.features.files[i]).filename().string()}) {
      text += part;
      text += '\0';
    }
  }
  return hash_hex(text);
}

/// The failures that the stores reported, and songs that a part needs but nobody made.
std::vector<SongFailure> failures_of(const RunConfig& config, const RunData& data) {
  std::vector<SongFailure> failures;
  const auto is_reported = [&](std::size_t song) {
    return std::any_of(failures.begin(), failures.end(),
                       [&](const SongFailure& f) { return f.song == song; });
  };
  const auto add_failures_of = [&](const SongStore::Report& report, const std::string& what) {
    // A song that neither store could read is named once.
    for (const SongFailure& failure : report.failures) {
      if (!is_reported(failure.song)) failures.push_back(failure);
    }
    for (std::size_t i = 0; i < data.manifest.songs.size(); ++i) {
      const bool needed = data.split[i] == kTrain || data.split[i] == kValidation;
      if (!needed || !report.files[i].empty() || is_reported(i)) continue;
      failures.push_back({i, data.manifest.songs[i].listed_path + ": has no " + what,
                          "make them with `mer preprocess`"});
    }
  };
  add_failures_of(data.features, "features");
  if (config.sees_embeddings()) add_failures_of(data.embeddings, "embeddings");
  std::stable_sort(failures.begin(), failures.end(),
                   [](const SongFailure& a, const SongFailure& b) { return a.song < b.song; });
  return failures;
}

std::vector<RunSong> open_part(const RunConfig& config, const RunData& data,
                               const std::string& part) {
  const std::string fingerprint = config.recipe.fingerprint();
  std::vector<RunSong> songs;
  for (const std::size_t i : songs_in(data.split, part)) {
    const std::string& file = data.features.files[i];
    if (file.empty()) continue;
    if (config.sees_embeddings() && data.embeddings.files[i].empty()) continue;
    SongFeatures features = SongFeatures::open(file);
    if (features.fingerprint() != fingerprint) {
      require_same_recipe(config.recipe.shared(), features.shared_recipe(), file);
      throw UsageError(
          file + ": made with recipe " + features.fingerprint() + ", this run needs " + fingerprint,
          "make the features again with `mer preprocess`");
    }
    const Song& song = data.manifest.songs[i];
    std::vector<Segment> segments =
        grid_of(features, config.recipe, config.segment, part != kTrain);
    if (song.segment >= 0) segments = {segments.at(static_cast<std::size_t>(song.segment))};
    if (segments.empty()) continue;
    songs.push_back({.class_index = data.manifest.class_index(song.label),
                     .key = seed_of(song.id),
                     .features = file,
                     .embeddings = {},
                     .num_kept = static_cast<std::int64_t>(features.kept_frames().size()),
                     .segments = std::move(segments),
                     .number = i,
                     .song_vector = {}});
    if (config.sees_embeddings()) songs.back().embeddings = data.embeddings.files[i];
  }
  return songs;
}

/// What made the embeddings of all songs.
/// @throws UsageError when there is more than one answer, or it is not the config's networks
nlohmann::ordered_json embedding_recipe_of(const RunConfig& config, const PreparedData& data) {
  nlohmann::ordered_json recipe;
  for (const std::vector<RunSong>* part : {&data.training, &data.validation}) {
    for (const RunSong& song : *part) {
      const SongEmbeddings embeddings = SongEmbeddings::open(song.embeddings);
      if (recipe.is_null()) recipe = embeddings.recipe();
      require_same_recipe(recipe, embeddings.recipe(), song.embeddings);
      std::vector<std::string> networks;
      for (const EmbeddingGroup& group : embeddings.groups()) networks.push_back(group.network);
      if (networks == config.embed.networks) continue;
      throw UsageError(song.embeddings + ": has embeddings by " + join(networks, ", ") +
                           ", this run needs those by " + join(config.embed.networks, ", "),
                       "make them with `mer preprocess`");
    }
  }
  return recipe;
}

Eigen::VectorXf make_song_vector(const PreparedData& data, const RunSong& song,
                                 const SongFeatures& features, const Segment& segment) {
  if (song.song_vector.size() > 0) return song.song_vector;
  std::shared_ptr<const SongEmbeddings> embeddings;
  if (data.song_vector->sees_embeddings()) embeddings = data.open_embeddings->open(song.embeddings);
  return data.song_vector->compute({features, embeddings.get()}, segment);
}

/// Of whole songs there is one song_vector each, made once.
void summarize_songs(const RunConfig& config, PreparedData& data) {
  if (!data.song_vector || !data.song_vector->over_songs()) return;
  for (std::vector<RunSong>* part : {&data.training, &data.validation}) {
    parallel_for_each(part->size(), config.train.threads, [&](std::size_t i) {
      RunSong& song = (*part)[i];
      song.song_vector =
          make_song_vector(data, song, SongFeatures::open(song.features), {0, song.num_kept});
    });
  }
}

/// The summaries that training sees, as the sampler would take them without random crops.
void fit_song_vectors(const PreparedData& data, Standardization& standardization) {
  standardization.fit_song_vectors(
      [&data](const std::function<void(const Eigen::VectorXf&)>& look_at) {
        for (const RunSong& song : data.training) {
          if (data.song_vector->over_songs()) {
            look_at(song.song_vector);
            continue;
          }
          const SongFeatures features = SongFeatures::open(song.features);
          for (const Segment& segment : song.segments) {
            look_at(make_song_vector(data, song, features, segment));
          }
        }
      });
}

}  // namespace

void fill_row(const PreparedData& data, const InputBuilder& builder, const RunSong& song,
              const SongFeatures& features, const Segment& segment, std::int64_t row,
              InputBatch& batch) {
  builder.fill(features, segment, row, batch);
  if (data.song_vector) {
    builder.fill_song_vector(make_song_vector(data, song, features, segment), row, batch);
  }
}

FeatureLayout layout_of(const Recipe& recipe) {
  return FeatureExtractor(recipe.features, recipe.audio.sample_rate_hz).layout();
}

std::shared_ptr<const SongVectorBuilder> song_vector_of(const RunConfig& config) {
  if (!config.model.is_network() || config.inputs.song_vector.empty()) return nullptr;
  SongVectorSources sources;
  sources.recipe = config.recipe;
  if (config.sees_descriptors()) sources.descriptors = config.descriptors;
  if (config.sees_embeddings()) sources.embedding_columns = embedding_columns(config.embed);
  sources.over_songs = config.inputs.song_vector_over == InputOptions::Over::kSong;
  return std::make_shared<const SongVectorBuilder>(sources);
}

NetworkShape network_shape(const InputShape& shape, const RunConfig& config, int num_classes) {
  NetworkShape result;
  result.spectrogram_bands = shape.spectrogram_bands;
  result.spectrogram_steps = shape.spectrogram_steps;
  result.lld_columns = shape.lld_columns;
  result.lld_steps = shape.lld_steps;
  result.lld_branches = shape.lld_branches;
  result.lld_weight = config.inputs.mfcc_weight;
  result.song_vector_columns = shape.song_vector_columns;
  result.num_classes = num_classes;
  result.class_scores = config.loss.class_scores();
  return result;
}

PreparedData prepare_data(const RunConfig& config, const RunData& data) {
  const std::size_t num_songs = data.manifest.songs.size();
  if (data.split.size() != num_songs || data.features.files.size() != num_songs) {
    throw std::invalid_argument("split and feature files must be parallel to the manifest's songs");
  }
  if (config.sees_embeddings() && data.embeddings.files.size() != num_songs) {
    throw std::invalid_argument("files of embeddings must be parallel to the manifest's songs");
  }
  PreparedData prepared;
  prepared.classes = data.manifest.classes;
  prepared.failures = failures_of(config, data);
  prepared.near_duplicates = data.manifest.near_duplicates.size();
  prepared.hash = hash_of(data);
  prepared.open_songs = std::make_shared<OpenSongs<SongFeatures>>(kOpenSongs);
  prepared.open_embeddings = std::make_shared<OpenSongs<SongEmbeddings>>(kOpenSongs);
  prepared.layout = layout_of(config.recipe);
  prepared.segment_frames =
      config.segment.num_frames(prepared.layout.sample_rate_hz, prepared.layout.hop_samples);
  prepared.training = open_part(config, data, kTrain);
  prepared.validation = open_part(config, data, kValidation);
  if (config.sees_embeddings()) prepared.embedding_recipe = embedding_recipe_of(config, prepared);
  prepared.song_vector = song_vector_of(config);
  summarize_songs(config, prepared);

  const std::string where = data.manifest.file.string() + ": ";
  if (prepared.training.empty()) {
    throw UsageError(where + "no song to train with (" + std::to_string(num_songs) +
                         " songs, of which " + std::to_string(prepared.failures.size()) +
                         " could not be read)",
                     "give a larger train part in data.split.ratios or in the split column");
  }
  prepared.training_counts.assign(prepared.classes.size(), 0);
  for (const RunSong& song : prepared.training) {
    ++prepared.training_counts[static_cast<std::size_t>(song.class_index)];
  }
  for (std::size_t c = 0; c < prepared.classes.size(); ++c) {
    if (prepared.training_counts[c] > 0) continue;
    throw UsageError(where + "no song of class '" + prepared.classes[c] + "' to train with",
                     "add songs of this class, or change data.split");
  }
  return prepared;
}

Standardization fit_standardization(const PreparedData& data, const RunConfig& config) {
  const EachSong songs = [&data](const std::function<void(const SongFeatures&)>& look_at) {
    for (const RunSong& song : data.training) look_at(SongFeatures::open(song.features));
  };
  Standardization standardization = Standardization::fit(songs);
  if (!config.inputs.standardize_spectrogram) {
    std::fill(standardization.spectrogram_mean.begin(), standardization.spectrogram_mean.end(),
              0.0F);
    std::fill(standardization.spectrogram_deviation.begin(),
              standardization.spectrogram_deviation.end(), 1.0F);
  }
  if (config.inputs.padding == InputOptions::Padding::kZeros) {
    standardization.take_silence(config.recipe);
  }
  if (config.inputs.standardize_pooled_lld) {
    standardize_pooled_lld(songs, data.layout, data.segment_frames, config.inputs,
                           inputs_of(config.model), standardization);
  }
  if (data.song_vector) fit_song_vectors(data, standardization);
  return standardization;
}

ValidationBatches::ValidationBatches(const PreparedData& data, const InputBuilder& builder)
    : data_(data), builder_(builder) {
  for (std::size_t song = 0; song < data.validation.size(); ++song) {
    for (const Segment& segment : data.validation[song].segments) rows_.push_back({song, segment});
  }
}

std::int64_t ValidationBatches::count() const {
  constexpr std::size_t kSegments = kValidationBatchSize * kValidationShares;
  const std::size_t count = (rows_.size() + kSegments - 1) / kSegments * kValidationShares;
  return static_cast<std::int64_t>(std::min(count, rows_.size()));
}

ValidationBatches::Batch ValidationBatches::make(std::int64_t number) const {
  const auto all = RowRange{0, static_cast<std::int64_t>(rows_.size())};
  const RowRange rows = all.part(static_cast<int>(number), static_cast<int>(count()));
  const auto first = static_cast<std::size_t>(rows.first);
  const auto size = static_cast<std::size_t>(rows.size());
  Batch batch;
  batch.inputs = builder_.make_batch(static_cast<std::int64_t>(size));
  // Neighboring rows are of one song, whose pages are given back when all of them are filled.
  std::shared_ptr<const SongFeatures> features;
  for (std::size_t row = 0; row < size; ++row) {
    const Row& source = rows_[first + row];
    if (features == nullptr || source.song != batch.songs.back()) {
      if (features != nullptr) features->release_pages();
      features = data_.open_songs->open(data_.validation[source.song].features);
    }
    batch.songs.push_back(source.song);
    fill_row(data_, builder_, data_.validation[source.song], *features, source.segment,
             static_cast<std::int64_t>(row), batch.inputs);
  }
  features->release_pages();
  return batch;
}

}  // namespace mer
