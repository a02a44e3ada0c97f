#pragma once

#include <Eigen/Core>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mer/config/network_shape.hpp"
#include "mer/config/run_config.hpp"
#include "mer/features/feature_set.hpp"
#include "mer/store/input_builder.hpp"
#include "mer/store/segments.hpp"
#include "mer/store/song_embeddings.hpp"
#include "mer/store/song_features.hpp"
#include "mer/store/song_vector.hpp"
#include "mer/train/trainer.hpp"
#include "open_songs.hpp"

namespace mer {

/// A song that takes part.
struct RunSong {
  int class_index = -1;        ///< −1 = not known
  std::vector<float> classes;  ///< [classes], what it should be answered with; empty = not known
  std::array<float, 2> values = kUnknownValues;  ///< valence and arousal; NaN = not known
  std::vector<float> tags;                       ///< [tags], 0 or 1; empty = not known
  std::shared_ptr<const EmotionCurve> curve;     ///< with targets.over_time, where there is one
  std::uint64_t key = 0;                         ///< of its id
  std::string features;           ///< the feature file; as text, a path takes six times the memory
  std::string embeddings;         ///< the file of embeddings; empty where the system sees none
  std::int64_t num_kept = 0;      ///< frames that VAD keeps
  std::vector<Segment> segments;  ///< the grid for its part
  std::size_t number = 0;         ///< index into Manifest::songs
  Eigen::VectorXf song_vector;    ///< of the whole song, with inputs.song_vector_over: song

  bool has_values() const { return !std::isnan(values[0]); }
  static constexpr std::array<float, 2> kUnknownValues = {std::numeric_limits<float>::quiet_NaN(),
                                                          std::numeric_limits<float>::quiet_NaN()};
};

/// Everything about a run's songs that doesn't change while it trains.
struct PreparedData {
  std::vector<std::string> classes;  ///< empty without that task
  bool has_values = false;           ///< whether valence and arousal are a task
  std::vector<std::string> tags;     ///< empty without that task
  std::vector<RunSong> training;
  std::vector<RunSong> validation;
  std::vector<std::int64_t> training_counts;  ///< songs a class
  std::vector<SongFailure> failures;
  std::size_t without_target = 0;   ///< songs left out: they have no target of any task
  std::size_t near_duplicates = 0;  ///< pairs among all songs
  std::string hash;                 ///< of ids, labels, groups and the feature files' names
  FeatureLayout layout;
  std::int64_t segment_frames = 0;
  /// What made the embeddings (EmbeddingExtractor::recipe()); null where the system sees none.
  nlohmann::ordered_json embedding_recipe;
  std::shared_ptr<const SongVectorBuilder> song_vector;  ///< null where the network looks at none
  std::shared_ptr<OpenSongs<SongFeatures>> open_songs;
  std::shared_ptr<OpenSongs<SongEmbeddings>> open_embeddings;
};

/// Opens the features and checks what can be checked before the first step.
/// @throws UsageError when a part is empty, a task has no training song, a class or tag has none,
/// or features or embeddings were made with another recipe
PreparedData prepare_data(const RunConfig& config, const RunData& data);

/// What the config's network sees beside its branches; null when it is nothing.
std::shared_ptr<const SongVectorBuilder> song_vector_of(const RunConfig& config);

Standardization fit_standardization(const PreparedData& data, const RunConfig& config);

FeatureLayout layout_of(const Recipe& recipe);
NetworkShape network_shape(const InputShape& shape, const RunConfig& config,
                           const TaskSizes& sizes);

/// Valence and arousal of a segment: the mean of the curve over it, unknown where the curve says
/// nothing; the song's own without a curve.
std::array<float, 2> values_of(const RunSong& song, const SongFeatures& features,
                               const Segment& segment, const Recipe& recipe);

/// Fills a row of a batch, whatever the network sees of the song. The mapped features' pages count
/// as this process's memory until SongFeatures::release_pages().
void fill_row(const PreparedData& data, const InputBuilder& builder, const RunSong& song,
              const SongFeatures& features, const Segment& segment, std::int64_t row,
              InputBatch& batch);

/// Rows [first, last) of a batch.
struct RowRange {
  std::int64_t first = 0;
  std::int64_t last = 0;

  std::int64_t size() const { return last - first; }
  /// Part `index` of `count` parts whose sizes differ by one row at most.
  RowRange part(int index, int count) const {
    return {first + size() * index / count, first + size() * (index + 1) / count};
  }
};

/// The validation songs' segments, in batches.
class ValidationBatches {
 public:
  struct Row {
    std::size_t song;
    Segment segment;
  };
  struct Batch {
    InputBatch inputs;
    std::vector<std::size_t> songs;  ///< parallel to the rows
  };

  ValidationBatches(const PreparedData& data, const InputBuilder& builder);
  std::int64_t count() const;
  std::size_t num_segments() const { return rows_.size(); }
  /// @param number  from 0
  Batch make(std::int64_t number) const;

 private:
  const PreparedData& data_;
  const InputBuilder& builder_;
  std::vector<Row> rows_;
};

}  // namespace mer
