#include "batch_maker.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "mer/core/random.hpp"
#include "purposes.hpp"

namespace mer {
namespace {

/// Of those that the sampler balances: songs without a class are one more.
int num_sampled_classes(const PreparedData& data) {
  const bool all_known =
      std::ranges::all_of(data.training, [](const RunSong& song) { return song.class_index >= 0; });
  return static_cast<int>(data.classes.size()) + (all_known ? 0 : 1);
}

std::vector<SamplerSong> sampler_songs(const RunConfig& config, const PreparedData& data) {
  std::vector<SamplerSong> songs;
  for (const RunSong& song : data.training) {
    const std::int64_t items = config.train.random_crops
                                   ? config.train.crops_per_song
                                   : static_cast<std::int64_t>(song.segments.size());
    songs.push_back(
        {song.class_index < 0 ? static_cast<int>(data.classes.size()) : song.class_index, items});
  }
  return songs;
}

/// Some rows of a batch first, then those that they are mixed with.
class Selection {
 public:
  explicit Selection(std::size_t batch_size) : place_(batch_size, batch_size) {}

  /// @return its place in rows()
  std::size_t take(std::size_t row) {
    if (place_[row] == place_.size()) {
      place_[row] = rows_.size();
      rows_.push_back(row);
    }
    return place_[row];
  }
  const std::vector<std::size_t>& rows() const { return rows_; }

 private:
  std::vector<std::size_t> place_;
  std::vector<std::size_t> rows_;
};

/// Takes rows and then their partners.
/// @return each row's partner's place in the selection
std::vector<std::size_t> take_with_partners(const RowRange& rows,
                                            const std::vector<std::size_t>& partners,
                                            Selection& selection) {
  const auto first = static_cast<std::size_t>(rows.first);
  const auto last = static_cast<std::size_t>(rows.last);
  for (std::size_t row = first; row < last; ++row) selection.take(row);
  std::vector<std::size_t> places;
  for (std::size_t row = first; row < last; ++row) places.push_back(selection.take(partners[row]));
  return places;
}

}  // namespace

BatchMaker::BatchMaker(const RunConfig& config, const PreparedData& data,
                       const InputBuilder& builder, const Standardization& standardization,
                       const RowRange& rows)
    : data_(data),
      builder_(builder),
      options_(config.train),
      recipe_(config.recipe),
      seed_(static_cast<std::uint64_t>(config.train.seed)),
      rows_(rows),
      sampler_(sampler_songs(config, data), num_sampled_classes(data), config.train.class_balanced,
               config.train.batch_size, seed_),
      augmentation_(config.train, config.recipe.features.spectrogram, standardization,
                    config.inputs.spectrogram_pool_bands, builder.shape()) {}

std::uint64_t BatchMaker::key_of(const Draw& draw, std::int64_t iteration) const {
  return mix_seed({seed_, kRow, static_cast<std::uint64_t>(iteration),
                   data_.training[draw.song].key, static_cast<std::uint64_t>(draw.round),
                   static_cast<std::uint64_t>(draw.item)});
}

Segment BatchMaker::segment_of(const RunSong& song, const Draw& draw, std::uint64_t key) const {
  if (!options_.random_crops) return song.segments[static_cast<std::size_t>(draw.item)];
  const std::int64_t last_start = song.num_kept - data_.segment_frames;
  if (last_start <= 0) return {0, song.num_kept};
  std::mt19937_64 rng(mix_seed({key, kCrop}));
  return {static_cast<std::int64_t>(uniform_index(rng, static_cast<std::uint64_t>(last_start) + 1)),
          data_.segment_frames};
}

PlannedBatch BatchMaker::plan(std::int64_t iteration) {
  const std::vector<Draw> draws = sampler_.batch(iteration);
  std::vector<std::uint64_t> keys;
  for (const Draw& draw : draws) keys.push_back(key_of(draw, iteration));
  std::vector<std::size_t> partners(draws.size());
  std::iota(partners.begin(), partners.end(), std::size_t{0});
  if (options_.mixup_alpha > 0.0) {
    partners = mixup_partners(keys, mix_seed({seed_, static_cast<std::uint64_t>(iteration)}));
  }
  Selection selection(draws.size());
  PlannedBatch planned;
  planned.partners = take_with_partners(rows_, partners, selection);

  const auto num_rows = static_cast<std::int64_t>(selection.rows().size());
  planned.batch.inputs = builder_.make_batch(num_rows);
  planned.batch.targets.shape = {0, 0};
  // Of all rows, others' too: which targets are known decides what a batch's means are over.
  std::vector<PlannedBatch::Row> sources;
  std::vector<std::array<float, 2>> values;
  for (std::size_t row = 0; row < draws.size(); ++row) {
    const RunSong& song = data_.training[draws[row].song];
    sources.push_back({draws[row].song, segment_of(song, draws[row], keys[row])});
    values.push_back(song.curve ? values_of(song, *data_.open_songs->open(song.features),
                                            sources[row].segment, recipe_)
                                : song.values);
  }
  for (const std::size_t row : selection.rows()) {
    const PlannedBatch::Row& source = sources[row];
    const RunSong& song = data_.training[source.song];
    planned.rows.push_back(source);
    planned.batch.keys.push_back(keys[row]);
    data_.open_songs->open(song.features)->read_ahead(source.segment.first, source.segment.length);
    add_targets(song, values[row], planned.batch);
  }
  planned.batch.known = known_of(sources, values, partners);
  return planned;
}

void BatchMaker::add_targets(const RunSong& song, const std::array<float, 2>& values,
                             TrainingBatch& batch) const {
  const auto add = [](std::size_t columns, std::span<const float> row, FloatTensor& targets) {
    targets.shape = {targets.shape.front() + 1, static_cast<std::int64_t>(columns)};
    targets.values.insert(targets.values.end(), row.begin(), row.end());
    targets.values.resize(static_cast<std::size_t>(targets.shape.front()) * columns,
                          std::numeric_limits<float>::quiet_NaN());
  };
  add(data_.classes.size(), song.classes, batch.targets);
  add(data_.has_values ? values.size() : 0, data_.has_values ? values : std::span<const float>(),
      batch.values);
  add(data_.tags.size(), song.tags, batch.tags);
}

KnownTargets BatchMaker::known_of(const std::vector<PlannedBatch::Row>& sources,
                                  const std::vector<std::array<float, 2>>& values,
                                  const std::vector<std::size_t>& partners) const {
  KnownTargets known;
  for (std::size_t row = 0; row < sources.size(); ++row) {
    const RunSong& own = data_.training[sources[row].song];
    const RunSong& partner = data_.training[sources[partners[row]].song];
    if (!own.classes.empty() || !partner.classes.empty()) ++known.classes;
    if (!own.tags.empty() || !partner.tags.empty()) ++known.tags;
    const bool has_values = !std::isnan(values[row][0]) || !std::isnan(values[partners[row]][0]);
    if (data_.has_values && has_values) ++known.values;
  }
  return known;
}

void BatchMaker::fill(PlannedBatch& planned, const RowRange& part) const {
  for (std::int64_t row = part.first; row < part.last; ++row) {
    const PlannedBatch::Row& source = planned.rows[static_cast<std::size_t>(row)];
    const RunSong& song = data_.training[source.song];
    const std::shared_ptr<const SongFeatures> features = data_.open_songs->open(song.features);
    fill_row(data_, builder_, song, *features, source.segment, row, planned.batch.inputs);
    features->release_pages();
  }
}

TrainingBatch BatchMaker::finish(PlannedBatch planned) const {
  augmentation_.apply_to_part(planned.batch, planned.partners);
  return std::move(planned.batch);
}

TrainingBatch BatchMaker::finish_part(const PlannedBatch& planned, const RowRange& part) const {
  Selection selection(planned.rows.size());
  const std::vector<std::size_t> partners = take_with_partners(part, planned.partners, selection);
  TrainingBatch batch = select_rows(planned.batch, selection.rows());
  augmentation_.apply_to_part(batch, partners);
  return batch;
}

}  // namespace mer
