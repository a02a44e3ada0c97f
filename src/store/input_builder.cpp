#include "mer/store/input_builder.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "mer/core/error.hpp"
#include "step_statistics.hpp"

namespace mer {
namespace {

using Eigen::Index;

constexpr Index kTileSteps = 16;  // one cache line of floats

/// The `number`-th of a segment's steps of `pool` frames: fewer at the end, none in the padding.
std::span<const std::int32_t> part_of(std::span<const std::int32_t> frames, Index number,
                                      std::size_t pool) {
  const std::size_t begin = std::min(static_cast<std::size_t>(number) * pool, frames.size());
  return frames.subspan(begin, std::min(pool, frames.size() - begin));
}

int divided_up(std::int64_t whole, int part) { return static_cast<int>((whole + part - 1) / part); }

/// @throws UsageError when nothing is left of what the network looks at
void require_inputs(const InputOptions& options, const LldPlan& plan, const InputParts& parts) {
  if (parts.spectrogram && leaves_out_spectrogram(options)) {
    throw UsageError("inputs.leave_out: this network looks at the spectrogram",
                     "take one without it, e.g. model.name: lld_bilstm, or model.name: svm");
  }
  if (parts.lld != InputParts::Lld::kNone && plan.branches.empty()) {
    throw UsageError("inputs.leave_out: leaves out every descriptor", "keep at least one group");
  }
}

}  // namespace

InputBuilder::InputBuilder(const FeatureLayout& layout, std::int64_t segment_frames,
                           const InputOptions& options, Standardization standardization,
                           const InputParts& parts)
    : segment_frames_(segment_frames),
      options_(options),
      parts_(parts),
      bands_(layout.spectrogram_columns()),
      columns_(layout.lld_width()),
      plan_(LldPlan::make(layout, options, parts.lld)) {
  if (segment_frames < 1) throw std::invalid_argument("InputBuilder: no frames a segment");
  const auto as_array = [](const std::vector<float>& values, int wanted) {
    if (static_cast<int>(values.size()) != wanted) {
      throw std::invalid_argument("InputBuilder: the standardization has another width");
    }
    return RowArray(Eigen::Map<const RowArray>(values.data(), wanted));
  };
  spectrogram_mean_ = as_array(standardization.spectrogram_mean, bands_);
  spectrogram_scale_ = as_array(standardization.spectrogram_deviation, bands_).inverse();
  lld_mean_ = as_array(standardization.lld_mean, columns_);
  lld_scale_ = as_array(standardization.lld_deviation, columns_).inverse();

  if (options.padding == InputOptions::Padding::kZeros) {
    silent_spectrogram_ = as_array(standardization.silent_spectrogram, bands_);
    silent_lld_ = as_array(standardization.silent_lld, columns_);
  }

  require_inputs(options, plan_, parts);
  if (parts.spectrogram) {
    shape_.spectrogram_bands = divided_up(bands_, options.spectrogram_pool_bands);
    shape_.spectrogram_steps = divided_up(segment_frames, options.spectrogram_pool_frames);
  }
  shape_.lld_branches = static_cast<int>(plan_.branches.size());
  if (shape_.lld_branches > 0) {
    const bool deviations = options.lld_statistics == InputOptions::Statistics::kMeanStd;
    shape_.lld_columns = deviations ? 2 * plan_.width : plan_.width;
    shape_.lld_steps = divided_up(segment_frames, options.lld_pool_frames);
  }

  if (parts.song_vector) {
    shape_.song_vector_columns = static_cast<int>(standardization.song_vector_mean.size());
    song_vector_mean_ = as_array(standardization.song_vector_mean, shape_.song_vector_columns);
    song_vector_scale_ =
        as_array(standardization.song_vector_deviation, shape_.song_vector_columns).inverse();
  }
  if (standardization.pooled_lld_mean.empty()) return;
  const auto as_matrix = [this](const std::vector<float>& values) {
    if (static_cast<int>(values.size()) != shape_.lld_branches * shape_.lld_columns) {
      throw std::invalid_argument("InputBuilder: the pooled standardization has another width");
    }
    return RowMatrixXf(
        Eigen::Map<const RowMatrixXf>(values.data(), shape_.lld_branches, shape_.lld_columns));
  };
  pooled_lld_mean_ = as_matrix(standardization.pooled_lld_mean);
  pooled_lld_scale_ = as_matrix(standardization.pooled_lld_deviation).cwiseInverse();
}

InputBatch InputBuilder::make_batch(std::int64_t batch_size) const {
  const auto zeros = [](std::vector<std::int64_t> shape) {
    std::int64_t count = 1;
    for (const std::int64_t size : shape) count *= size;
    return FloatTensor{std::move(shape), std::vector<float>(static_cast<std::size_t>(count), 0.0F)};
  };
  InputBatch batch;
  batch.spectrogram = zeros({batch_size, shape_.spectrogram_bands, shape_.spectrogram_steps});
  batch.spectrogram_valid = zeros({batch_size, shape_.spectrogram_steps});
  for (int branch = 0; branch < shape_.lld_branches; ++branch) {
    batch.lld.push_back(zeros({batch_size, shape_.lld_steps, shape_.lld_columns}));
  }
  batch.lld_valid = zeros({batch_size, shape_.lld_steps});
  batch.song_vector = zeros({batch_size, shape_.song_vector_columns});
  return batch;
}

void InputBuilder::fill(const SongFeatures& song, const Segment& segment, std::int64_t row,
                        InputBatch& batch) const {
  const std::vector<std::int32_t>& kept = song.kept_frames();
  if (segment.first < 0 || segment.length < 0 || segment.length > segment_frames_ ||
      segment.first + segment.length > static_cast<std::int64_t>(kept.size())) {
    throw std::invalid_argument("InputBuilder::fill: the segment is outside the song");
  }
  if (row < 0 || row >= batch.spectrogram.shape.at(0)) {
    throw std::invalid_argument("InputBuilder::fill: the row is outside the batch");
  }
  const std::span<const std::int32_t> frames(kept.data() + segment.first,
                                             static_cast<std::size_t>(segment.length));
  if (song.spectrogram().cols() != bands_) {
    throw std::invalid_argument("InputBuilder::fill: the song's spectrogram has another width");
  }
  if (song.lld().cols() != columns_) {
    throw std::invalid_argument("InputBuilder::fill: the song has other descriptors");
  }
  if (silent_lld_.size() == 0 || segment.length == segment_frames_) {
    if (parts_.spectrogram) fill_spectrogram(song.spectrogram(), frames, row, batch);
    if (!plan_.branches.empty()) fill_lld(song.lld(), frames, row, batch);
    return;
  }
  // The music and then silence, in rows of their own.
  std::vector<std::int32_t> all(static_cast<std::size_t>(segment_frames_));
  std::iota(all.begin(), all.end(), 0);
  const auto padded = [&](const Eigen::Map<const RowMatrixXf>& values, const RowArray& silence) {
    RowMatrixXf rows = silence.matrix().replicate(segment_frames_, 1);
    for (std::size_t i = 0; i < frames.size(); ++i) {
      rows.row(static_cast<Index>(i)) = values.row(frames[i]);
    }
    return rows;
  };
  if (parts_.spectrogram) {
    fill_spectrogram(padded(song.spectrogram(), silent_spectrogram_), all, row, batch);
  }
  if (!plan_.branches.empty()) fill_lld(padded(song.lld(), silent_lld_), all, row, batch);
}

void InputBuilder::fill_song_vector(const Eigen::VectorXf& song_vector, std::int64_t row,
                                    InputBatch& batch) const {
  if (song_vector.size() != song_vector_mean_.size()) {
    throw std::invalid_argument(
        "InputBuilder::fill_song_vector: the song_vector has another width");
  }
  if (row < 0 || row >= batch.song_vector.shape.at(0)) {
    throw std::invalid_argument("InputBuilder::fill_song_vector: the row is outside the batch");
  }
  Eigen::Map<RowArray>(batch.song_vector.values.data() + row * song_vector.size(),
                       song_vector.size()) =
      (song_vector.transpose().array() - song_vector_mean_) * song_vector_scale_;
}

void InputBuilder::fill_spectrogram(const Eigen::Ref<const RowMatrixXf>& values,
                                    std::span<const std::int32_t> frames, std::int64_t row,
                                    InputBatch& batch) const {
  const Index steps = shape_.spectrogram_steps;
  const Index out_bands = shape_.spectrogram_bands;
  const auto pool = static_cast<std::size_t>(options_.spectrogram_pool_frames);
  const ColumnScaling scaling{spectrogram_mean_.data(), spectrogram_scale_.data()};

  float* const valid = batch.spectrogram_valid.values.data() + row * steps;
  Eigen::Map<RowMatrixXf> out(batch.spectrogram.values.data() + row * out_bands * steps, out_bands,
                              steps);
  RowArray bands(bands_);
  // Frames are rows here and columns there: tiles of steps keep both ends of the copy in the cache.
  RowMatrixXf tile(kTileSteps, out_bands);
  for (Index first = 0; first < steps; first += kTileSteps) {
    const Index width = std::min(kTileSteps, steps - first);
    for (Index i = 0; i < width; ++i) {
      const std::span<const std::int32_t> step = part_of(frames, first + i, pool);
      valid[first + i] = step.empty() ? 0.0F : 1.0F;
      if (step.empty()) {
        tile.row(i).setZero();
      } else {
        spectrogram_step({values.data(), bands_, step}, scaling, options_.spectrogram_pool_bands,
                         bands.data(), tile.row(i).data());
      }
    }
    for (Index band = 0; band < out_bands; ++band) {
      float* const target = &out(band, first);
      for (Index i = 0; i < width; ++i) target[i] = tile(i, band);
    }
  }
}

void InputBuilder::fill_lld(const Eigen::Ref<const RowMatrixXf>& values,
                            std::span<const std::int32_t> frames, std::int64_t row,
                            InputBatch& batch) const {
  const Index steps = shape_.lld_steps;
  const auto pool = static_cast<std::size_t>(options_.lld_pool_frames);
  const bool deviations = options_.lld_statistics == InputOptions::Statistics::kMeanStd;
  const ColumnScaling scaling{lld_mean_.data(), lld_scale_.data()};

  float* const valid = batch.lld_valid.values.data() + row * steps;
  // One branch's view of the frames of a step; a segment may be shorter than a step.
  RowMatrixXf combined(std::min<Index>(options_.lld_pool_frames, segment_frames_), plan_.width);
  for (std::size_t b = 0; b < plan_.branches.size(); ++b) {
    const auto branch = static_cast<Index>(b);
    float* out = batch.lld[b].values.data() + row * steps * shape_.lld_columns;
    for (Index i = 0; i < steps; ++i, out += shape_.lld_columns) {
      const std::span<const std::int32_t> step = part_of(frames, i, pool);
      valid[i] = step.empty() ? 0.0F : 1.0F;
      if (step.empty()) {
        std::fill_n(out, shape_.lld_columns, 0.0F);
        continue;
      }
      combine_step({values.data(), columns_, step}, scaling, plan_.branches[b], plan_.width,
                   combined.data());
      step_moments(combined.data(), static_cast<std::int64_t>(step.size()), plan_.width, out,
                   deviations ? out + plan_.width : nullptr);
      if (pooled_lld_mean_.size() > 0) {
        standardize({&pooled_lld_mean_(branch, 0), &pooled_lld_scale_(branch, 0)},
                    shape_.lld_columns, out);
      }
    }
  }
}

void standardize_pooled_lld(const EachSong& songs, const FeatureLayout& layout,
                            std::int64_t segment_frames, const InputOptions& options,
                            const InputParts& parts, Standardization& standardization) {
  standardization.pooled_lld_mean.clear();
  standardization.pooled_lld_deviation.clear();
  if (parts.lld == InputParts::Lld::kNone) return;
  const InputParts lld_alone{.spectrogram = false, .lld = parts.lld};
  const InputBuilder builder(layout, segment_frames, options, standardization, lld_alone);
  const InputShape& shape = builder.shape();
  InputBatch batch = builder.make_batch(1);
  // The descriptors come standardized, so plain sums do not cancel.
  const Index width = static_cast<Index>(shape.lld_branches) * shape.lld_columns;
  Eigen::ArrayXd sum = Eigen::ArrayXd::Zero(width);
  Eigen::ArrayXd squares = Eigen::ArrayXd::Zero(width);
  std::int64_t count = 0;
  songs([&](const SongFeatures& song) {
    const auto num_kept = static_cast<std::int64_t>(song.kept_frames().size());
    for (std::int64_t first = 0; first < num_kept; first += segment_frames) {
      builder.fill(song, {first, std::min(segment_frames, num_kept - first)}, 0, batch);
      for (int step = 0; step < shape.lld_steps; ++step) {
        if (batch.lld_valid.values[static_cast<std::size_t>(step)] == 0.0F) continue;
        for (int branch = 0; branch < shape.lld_branches; ++branch) {
          const Eigen::ArrayXd row = Eigen::Map<const Eigen::ArrayXf>(
                                         batch.lld[static_cast<std::size_t>(branch)].values.data() +
                                             static_cast<std::ptrdiff_t>(step) * shape.lld_columns,
                                         shape.lld_columns)
                                         .cast<double>();
          const Index start = static_cast<Index>(branch) * shape.lld_columns;
          sum.segment(start, shape.lld_columns) += row;
          squares.segment(start, shape.lld_columns) += row.square();
        }
        ++count;
      }
    }
  });
  if (count == 0) throw std::invalid_argument("standardize_pooled_lld: no frames");
  constexpr double kConstant = 1e-6;  // rounding of single-precision values
  for (Index column = 0; column < width; ++column) {
    const double mean = sum(column) / static_cast<double>(count);
    const double variance = squares(column) / static_cast<double>(count) - mean * mean;
    const double deviation = std::sqrt(std::max(0.0, variance));
    standardization.pooled_lld_mean.push_back(static_cast<float>(mean));
    standardization.pooled_lld_deviation.push_back(
        deviation < kConstant ? 1.0F : static_cast<float>(deviation));
  }
}

}  // namespace mer
