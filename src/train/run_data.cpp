#include "run_data.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <stdexcept>

#include "mer/config/classic/va_regression.hpp"
#include "mer/core/error.hpp"
#include "mer/core/hash.hpp"
#include "mer/core/parallel.hpp"
#include "mer/core/random.hpp"
#include "mer/core/text.hpp"
#include "mer/embed/embedding_extractor.hpp"
#include "mer/features/feature_extractor.hpp"
#include "mer/metrics/scores.hpp"
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
    if (!std::isnan(song.valence)) text += format_number(song.valence) + ',';
    if (!std::isnan(song.arousal)) text += format_number(song.arousal) + ',';
    for (const std::string& label : song.labels) text += label + ';';
    for (const double share : song.shares) text += format_number(share) + ',';
    text += song.dynamic;
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

float mean_of(const std::vector<double>& values) {
  return static_cast<float>(std::accumulate(values.begin(), values.end(), 0.0) /
                            static_cast<double>(values.size()));
}

/// What a song is a lesson in, of the tasks that the run has.
/// @return whether it is in any
bool set_targets(const RunConfig& config, const Manifest& manifest, const Song& song,
                 RunSong& target) {
  const TargetOptions& tasks = config.targets;
  const bool is_network = config.model.is_network();
  if (!is_network || tasks.has(kClassesTask)) {
    if (!song.label.empty()) {
      target.class_index = manifest.class_index(song.label);
      target.classes.assign(manifest.classes.size(), 0.0F);
      target.classes[static_cast<std::size_t>(target.class_index)] = 1.0F;
    }
    if (is_network && tasks.soft_labels && !song.shares.empty()) {
      const double sum = std::accumulate(song.shares.begin(), song.shares.end(), 0.0);
      target.classes.clear();
      for (const double share : song.shares) {
        target.classes.push_back(static_cast<float>(share / sum));
      }
      if (target.class_index < 0) target.class_index = argmax(song.shares);
    }
  }
  const bool learns_values =
      is_network ? tasks.has(kValenceArousalTask) : config.model.name == VaRegressionOptions::kName;
  if (learns_values) {
    if (!std::isnan(song.valence) && !std::isnan(song.arousal)) {
      target.values = {static_cast<float>(song.valence), static_cast<float>(song.arousal)};
    }
    if (is_network && !song.dynamic.empty() && (tasks.over_time || !target.has_values())) {
      auto curve = std::make_shared<const EmotionCurve>(read_emotion_curve(song.dynamic));
      if (!target.has_values()) target.values = {mean_of(curve->valence), mean_of(curve->arousal)};
      if (tasks.over_time) target.curve = std::move(curve);
    }
  }
  if (is_network && tasks.has(kTagsTask) && song.has_labels) {
    for (const std::string& tag : manifest.tags) {
      target.tags.push_back(std::ranges::find(song.labels, tag) != song.labels.end() ? 1.0F : 0.0F);
    }
  }
  return target.class_index >= 0 || target.has_values() || !target.tags.empty();
}

std::vector<RunSong> open_part(const RunConfig& config, const RunData& data,
                               const std::string& part, std::size_t& without_target) {
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
    RunSong taken;
    if (!set_targets(config, data.manifest, song, taken)) {
      ++without_target;
      continue;
    }
    std::vector<Segment> segments =
        grid_of(features, config.recipe, config.segment, part != kTrain);
    if (song.segment >= 0) segments = {segments.at(static_cast<std::size_t>(song.segment))};
    if (segments.empty()) continue;
    taken.key = seed_of(song.id);
    taken.features = file;
    taken.num_kept = static_cast<std::int64_t>(features.kept_frames().size());
    taken.segments = std::move(segments);
    taken.number = i;
    if (config.sees_embeddings()) taken.embeddings = data.embeddings.files[i];
    songs.push_back(std::move(taken));
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

std::array<float, 2> values_of(const RunSong& song, const SongFeatures& features,
                               const Segment& segment, const Recipe& recipe) {
  if (!song.curve) return song.values;
  const TimeSpan span = time_span(features, segment, recipe.audio.sample_rate_hz,
                                  recipe.features.frame.window_samples);
  const std::vector<double>& times = song.curve->time_s;
  const auto first = std::ranges::lower_bound(times, span.start_s) - times.begin();
  const auto last = std::ranges::lower_bound(times, span.end_s) - times.begin();
  if (first == last) return RunSong::kUnknownValues;
  const auto mean = [&](const std::vector<double>& values) {
    return mean_of({values.begin() + first, values.begin() + last});
  };
  return {mean(song.curve->valence), mean(song.curve->arousal)};
}

NetworkShape network_shape(const InputShape& shape, const RunConfig& config,
                           const TaskSizes& sizes) {
  NetworkShape result;
  result.spectrogram_bands = shape.spectrogram_bands;
  result.spectrogram_steps = shape.spectrogram_steps;
  result.lld_columns = shape.lld_columns;
  result.lld_steps = shape.lld_steps;
  result.lld_branches = shape.lld_branches;
  result.lld_weight = config.inputs.mfcc_weight;
  result.song_vector_columns = shape.song_vector_columns;
  if (config.targets.has(kClassesTask)) {
    result.num_classes = sizes.classes;
    result.class_scores = config.loss.class_scores();
  }
  if (config.targets.has(kValenceArousalTask)) result.num_values = 2;
  if (config.targets.has(kTagsTask)) result.num_tags = sizes.tags;
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
  const bool is_network = config.model.is_network();
  if (is_network) config.targets.require_in(data.manifest);
  if (!is_network || config.targets.has(kClassesTask)) prepared.classes = data.manifest.classes;
  prepared.has_values =
      is_network ? config.targets.has(kValenceArousalTask)
                 : config.model.name == VaRegressionOptions::kName && prepared.classes.empty();
  if (is_network && config.targets.has(kTagsTask)) prepared.tags = data.manifest.tags;
  prepared.failures = failures_of(config, data);
  prepared.near_duplicates = data.manifest.near_duplicates.size();
  prepared.hash = hash_of(data);
  prepared.open_songs = std::make_shared<OpenSongs<SongFeatures>>(kOpenSongs);
  prepared.open_embeddings = std::make_shared<OpenSongs<SongEmbeddings>>(kOpenSongs);
  prepared.layout = layout_of(config.recipe);
  prepared.segment_frames =
      config.segment.num_frames(prepared.layout.sample_rate_hz, prepared.layout.hop_samples);
  prepared.training = open_part(config, data, kTrain, prepared.without_target);
  prepared.validation = open_part(config, data, kValidation, prepared.without_target);
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
  std::vector<bool> has_tag(prepared.tags.size(), false);
  bool has_values = false;
  for (const RunSong& song : prepared.training) {
    if (song.class_index >= 0) {
      ++prepared.training_counts[static_cast<std::size_t>(song.class_index)];
    }
    has_values = has_values || song.has_values();
    for (std::size_t tag = 0; tag < song.tags.size(); ++tag) {
      if (song.tags[tag] > 0.0F) has_tag[tag] = true;
    }
  }
  const auto require = [&where](bool there, const std::string& what, const std::string& hint) {
    if (!there) throw UsageError(where + "no song " + what + " to train with", hint);
  };
  for (std::size_t c = 0; c < prepared.classes.size(); ++c) {
    require(prepared.training_counts[c] > 0, "of class '" + prepared.classes[c] + "'",
            "add songs of this class, or change data.split");
  }
  require(!prepared.has_values || has_values, "with valence and arousal",
          "give them in the manifest, or take valence_arousal out of targets.answer");
  for (std::size_t tag = 0; tag < prepared.tags.size(); ++tag) {
    require(has_tag[tag], "with the label '" + prepared.tags[tag] + "'",
            "add songs with this label, or change data.split");
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
