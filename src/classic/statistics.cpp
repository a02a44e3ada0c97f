#include "mer/classic/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "mer/core/error.hpp"

namespace mer {
namespace {

/// Puts the smallest `rank` + 1 values first; values before `sorted` are in their places already.
float value_of_rank(std::span<float> values, std::size_t sorted, std::size_t rank) {
  const auto begin = values.begin();
  std::nth_element(begin + static_cast<std::ptrdiff_t>(sorted),
                   begin + static_cast<std::ptrdiff_t>(rank), values.end());
  return values[rank];
}

/// Percentiles by selection, from the lowest to the highest, so that each begins where the last
/// ended.
std::vector<double> percentiles_of(std::span<float> values, std::span<const double> wanted) {
  std::vector<std::size_t> order(wanted.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return wanted[a] < wanted[b]; });
  std::vector<double> result(wanted.size());
  std::size_t sorted = 0;
  for (const std::size_t i : order) {
    const double position = wanted[i] / 100.0 * static_cast<double>(values.size() - 1);
    const auto rank = static_cast<std::size_t>(position);
    const float below = value_of_rank(values, sorted, rank);
    sorted = rank;
    result[i] = below;
    const double share = position - static_cast<double>(rank);
    if (share == 0.0) continue;
    const float above =
        *std::min_element(values.begin() + static_cast<std::ptrdiff_t>(rank) + 1, values.end());
    result[i] = std::lerp(static_cast<double>(below), static_cast<double>(above), share);
  }
  return result;
}

}  // namespace

ColumnStatistics column_statistics(std::span<float> values, std::span<const std::uint8_t> follows,
                                   std::span<const double> percentiles) {
  if (values.empty() || follows.size() + 1 != values.size()) {
    throw std::invalid_argument("column_statistics: no values, or follows of another length");
  }
  const auto count = static_cast<double>(values.size());
  ColumnStatistics result;
  result.mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double squares = 0.0;
  double cubes = 0.0;
  for (const float value : values) {
    const double offset = value - result.mean;
    squares += offset * offset;
    cubes += offset * offset * offset;
  }
  result.deviation = std::sqrt(squares / count);
  if (result.deviation > kRoundingFraction * std::abs(result.mean)) {
    result.skewness = cubes / count / std::pow(result.deviation, 3.0);
  } else {
    result.deviation = 0.0;
  }
  double change = 0.0;
  std::size_t num_changes = 0;
  for (std::size_t t = 0; t + 1 < values.size(); ++t) {
    if (follows[t] == 0) continue;
    change += std::abs(static_cast<double>(values[t + 1]) - values[t]);
    ++num_changes;
  }
  if (num_changes > 0) result.mean_change = change / static_cast<double>(num_changes);
  result.percentiles = percentiles_of(values, percentiles);
  return result;
}

bool FrameStatistics::needs_standardization(const FeatureLayout& layout,
                                            const InputOptions& inputs) {
  for (const LldPlan::Branch& branch : LldPlan::make(layout, inputs).branches) {
    for (const LldPlan::Block& block : branch) {
      if (block.adds) return true;
    }
  }
  return false;
}

FrameStatistics::FrameStatistics(const FeatureLayout& layout, const InputOptions& inputs,
                                 std::vector<double> percentiles,
                                 std::optional<Standardization> standardization)
    : plan_(LldPlan::make(layout, inputs)),
      lld_width_(layout.lld_width()),
      spectrogram_width_(layout.spectrogram_columns()),
      num_bands_(leaves_out_spectrogram(inputs) ? 0 : spectrogram_width_),
      percentiles_(std::move(percentiles)),
      standardization_(std::move(standardization)) {
  if (plan_.branches.empty()) plan_.branches.emplace_back();
  if (num_sources() == 0) {
    throw UsageError("inputs.leave_out: leaves out everything", "keep at least one group");
  }
  if (standardization_ && static_cast<int>(standardization_->lld_mean.size()) != lld_width_) {
    throw std::invalid_argument("FrameStatistics: the standardization has another width");
  }
  if (needs_standardization(layout, inputs) && !standardization_) {
    throw std::invalid_argument("FrameStatistics: a sum needs a standardization");
  }
}

RowMatrixXf FrameStatistics::gather(const SongFeatures& song, std::span<const std::int32_t> frames,
                                    const LldPlan::Branch& branch) const {
  const Eigen::Map<const RowMatrixXf> lld = song.lld();
  const Eigen::Map<const RowMatrixXf> spectrogram = song.spectrogram();
  if (lld.cols() != lld_width_ || spectrogram.cols() != spectrogram_width_) {
    throw std::invalid_argument("FrameStatistics: the song has other columns");
  }
  RowMatrixXf columns(num_sources(), static_cast<Eigen::Index>(frames.size()));
  for (std::size_t t = 0; t < frames.size(); ++t) {
    const auto frame = static_cast<Eigen::Index>(t);
    for (const LldPlan::Block& block : branch) {
      for (int i = 0; i < block.width; ++i) {
        float value = lld(frames[t], block.source + i);
        if (standardization_) {
          const auto source = static_cast<std::size_t>(block.source + i);
          value = (value - standardization_->lld_mean[source]) /
                  standardization_->lld_deviation[source];
        }
        float& target = columns(block.target + i, frame);
        target = block.gain * value + (block.adds ? target : 0.0F);
      }
    }
    for (int band = 0; band < num_bands_; ++band) {
      columns(plan_.width + band, frame) = spectrogram(frames[t], band);
    }
  }
  return columns;
}

RowMatrixXf FrameStatistics::compute(const SongFeatures& song, const Segment& segment) const {
  const std::vector<std::int32_t>& kept = song.kept_frames();
  if (segment.first < 0 || segment.length < 1 ||
      segment.first + segment.length > static_cast<std::int64_t>(kept.size())) {
    throw std::invalid_argument("FrameStatistics: the segment is empty or outside the song");
  }
  const std::span<const std::int32_t> frames(kept.data() + segment.first,
                                             static_cast<std::size_t>(segment.length));
  std::vector<std::uint8_t> follows;
  for (std::size_t t = 0; t + 1 < frames.size(); ++t) {
    follows.push_back(frames[t + 1] == frames[t] + 1 ? 1 : 0);
  }
  RowMatrixXf rows(num_branches(), num_columns());
  for (int b = 0; b < num_branches(); ++b) {
    RowMatrixXf columns = gather(song, frames, plan_.branches[static_cast<std::size_t>(b)]);
    for (Eigen::Index c = 0; c < columns.rows(); ++c) {
      const ColumnStatistics of_column =
          column_statistics({columns.row(c).data(), frames.size()}, follows, percentiles_);
      Eigen::Index place = c;
      const auto put = [&](double value) {
        rows(b, place) = static_cast<float>(value);
        place += columns.rows();
      };
      put(of_column.mean);
      put(of_column.deviation);
      put(of_column.skewness);
      put(of_column.mean_change);
      for (const double percentile : of_column.percentiles) put(percentile);
    }
  }
  return rows;
}

}  // namespace mer
