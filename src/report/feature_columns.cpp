#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "mer/core/error.hpp"
#include "mer/report/feature_plot.hpp"

namespace mer {
namespace {

constexpr std::int64_t kMaxRows = 256;
constexpr std::size_t kMaxStretches = 1 << 13;  // even
constexpr std::int64_t kReleaseRows = 4096;
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

/// NaN for no values.
float median_of(std::vector<float>& values) {
  if (values.empty()) return kNaN;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

constexpr float kSmallestPower = 1e-10F;

/// A spectrogram's value in decibels.
float decibels_of(float value, SpectrogramKind kind) {
  if (kind == SpectrogramKind::kLogMel) return value;
  const float power =
      kind == SpectrogramKind::kCompressedMel ? (std::pow(10.0F, value) - 1.0F) * 1e-4F : value;
  return 10.0F * std::log10(std::max(power, kSmallestPower));
}

void require_families(const FeatureLayout& layout) {
  for (const char* family : {"f0", "voicing", "formants", "contrast", "chroma"}) {
    if (std::any_of(layout.lld.begin(), layout.lld.end(),
                    [&](const ColumnGroup& group) { return group.name == family; })) {
      continue;
    }
    throw UsageError(
        std::string("a picture of features shows '") + family + "', which features.lld leaves out",
        "leave features.lld at its default to draw");
  }
}

/// A run of frames that becomes one column of the picture.
class ColumnReducer {
 public:
  ColumnReducer(const FeatureView& view, FeatureColumns& columns)
      : view_(view),
        columns_(columns),
        f0_column_(view.layout.group("f0").first_column),
        voicing_column_(view.layout.group("voicing").first_column),
        formants_(view.layout.group("formants")),
        contrast_(view.layout.group("contrast")),
        chroma_(view.layout.group("chroma")),
        rows_per_row_((view.spectrogram.cols() + kMaxRows - 1) / kMaxRows) {
    const std::int64_t per_column = columns.frames_per_column;
    const std::int64_t count = (view.num_frames() + per_column - 1) / per_column;
    const std::int64_t rows = (view.spectrogram.cols() + rows_per_row_ - 1) / rows_per_row_;
    columns.spectrogram_db = RowMatrixXf::Zero(count, rows);
    columns.contrast_db = RowMatrixXf::Zero(count, contrast_.num_columns);
    columns.chroma = RowMatrixXf::Zero(count, chroma_.num_columns);
    columns.formants_hz = RowMatrixXf::Constant(count, formants_.num_columns / 2, kNaN);
  }

  void reduce(std::int64_t column, std::int64_t begin, std::int64_t end) {
    const std::int64_t count = end - begin;
    const auto lld = view_.lld.middleRows(begin, count);
    columns_.contrast_db.row(column) =
        lld.middleCols(contrast_.first_column, contrast_.num_columns).colwise().mean();
    columns_.chroma.row(column) =
        lld.middleCols(chroma_.first_column, chroma_.num_columns).colwise().mean();
    columns_.voicing.push_back(lld.col(voicing_column_).mean());
    reduce_spectrogram(column, begin, end);
    reduce_tracks(column, begin, end);
    float energy_db = 0.0F;
    std::int64_t num_kept = 0;
    for (std::int64_t frame = begin; frame < end; ++frame) {
      energy_db += view_.energy_db[static_cast<std::size_t>(frame)];
      num_kept += view_.kept[static_cast<std::size_t>(frame)] != 0 ? 1 : 0;
    }
    columns_.energy_db.push_back(energy_db / static_cast<float>(count));
    columns_.kept.push_back(2 * num_kept >= count);
  }

 private:
  void reduce_spectrogram(std::int64_t column, std::int64_t begin, std::int64_t end) {
    const auto num_bands = view_.spectrogram.cols();
    for (Eigen::Index row = 0; row < columns_.spectrogram_db.cols(); ++row) {
      const Eigen::Index first = row * rows_per_row_;
      const Eigen::Index width = std::min(rows_per_row_, num_bands - first);
      float sum = 0.0F;
      for (std::int64_t frame = begin; frame < end; ++frame) {
        for (Eigen::Index band = first; band < first + width; ++band) {
          sum += decibels_of(view_.spectrogram(frame, band), view_.options.spectrogram);
        }
      }
      columns_.spectrogram_db(column, row) = sum / static_cast<float>(width * (end - begin));
    }
  }

  /// Pitch of voiced frames and formants: they may jump between values whose mean means nothing.
  void reduce_tracks(std::int64_t column, std::int64_t begin, std::int64_t end) {
    const auto min_voicing = static_cast<float>(view_.options.of<PitchOptions>().min_voicing);
    scratch_.clear();
    for (std::int64_t frame = begin; frame < end; ++frame) {
      if (view_.lld(frame, voicing_column_) < min_voicing) continue;
      scratch_.push_back(55.0F * std::exp2(view_.lld(frame, f0_column_) / 12.0F));
    }
    columns_.f0_hz.push_back(median_of(scratch_));
    for (Eigen::Index i = 0; i < columns_.formants_hz.cols(); ++i) {
      scratch_.clear();
      for (std::int64_t frame = begin; frame < end; ++frame) {
        const float hz = view_.lld(frame, formants_.first_column + 2 * i);
        if (hz > 0.0F) scratch_.push_back(hz);
      }
      columns_.formants_hz(column, i) = median_of(scratch_);
    }
  }

  const FeatureView& view_;
  FeatureColumns& columns_;
  int f0_column_;
  int voicing_column_;
  ColumnGroup formants_;
  ColumnGroup contrast_;
  ColumnGroup chroma_;
  Eigen::Index rows_per_row_;
  std::vector<float> scratch_;
};

}  // namespace

void WaveformEnvelope::push(std::span<const float> samples) {
  for (const float sample : samples) {
    if (open_samples_ == 0) {
      if (stretches_.size() == kMaxStretches) merge_pairs();
      stretches_.push_back({sample, sample});
    }
    Extremes& last = stretches_.back();
    last.min = std::min(last.min, sample);
    last.max = std::max(last.max, sample);
    if (++open_samples_ == stretch_samples_) open_samples_ = 0;
  }
  num_samples_ += static_cast<std::int64_t>(samples.size());
}

void WaveformEnvelope::merge_pairs() {
  for (std::size_t i = 0; i < stretches_.size() / 2; ++i) {
    const Extremes& one = stretches_[2 * i];
    const Extremes& other = stretches_[2 * i + 1];
    stretches_[i] = {std::min(one.min, other.min), std::max(one.max, other.max)};
  }
  stretches_.resize(stretches_.size() / 2);
  stretch_samples_ *= 2;
}

std::vector<WaveformEnvelope::Extremes> WaveformEnvelope::reduce(int columns) const {
  const std::size_t count = std::min(static_cast<std::size_t>(columns), stretches_.size());
  std::vector<Extremes> reduced;
  for (std::size_t column = 0; column < count; ++column) {
    const std::size_t begin = column * stretches_.size() / count;
    const std::size_t end = (column + 1) * stretches_.size() / count;
    Extremes extremes = stretches_[begin];
    for (std::size_t i = begin + 1; i < end; ++i) {
      extremes.min = std::min(extremes.min, stretches_[i].min);
      extremes.max = std::max(extremes.max, stretches_[i].max);
    }
    reduced.push_back(extremes);
  }
  return reduced;
}

FeatureColumns reduce_features(const FeatureView& view, int max_columns) {
  require_families(view.layout);
  FeatureColumns columns;
  const std::int64_t num_frames = view.num_frames();
  const std::int64_t per_column =
      std::max<std::int64_t>(1, (num_frames + max_columns - 1) / max_columns);
  columns.frames_per_column = per_column;
  const double hop_s = static_cast<double>(view.layout.hop_samples) / view.layout.sample_rate_hz;
  columns.step_s = hop_s * static_cast<double>(per_column);
  if (num_frames > 0) {
    columns.first_s = view.time_s.front() + hop_s * static_cast<double>(per_column - 1) / 2.0;
  }
  ColumnReducer reducer(view, columns);
  std::int64_t since_release = 0;
  for (std::int64_t begin = 0; begin < num_frames; begin += per_column) {
    const std::int64_t end = std::min(begin + per_column, num_frames);
    reducer.reduce(begin / per_column, begin, end);
    since_release += end - begin;
    if (view.release && since_release >= kReleaseRows) {
      view.release();
      since_release = 0;
    }
  }
  return columns;
}

}  // namespace mer
