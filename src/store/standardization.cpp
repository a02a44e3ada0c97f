#include "mer/store/standardization.hpp"

#include <Eigen/Core>
#include <cmath>
#include <stdexcept>

#include "mer/features/feature_extractor.hpp"

namespace mer {
namespace {

/// Below this share of the mean a deviation is rounding of single-precision values.
constexpr double kRounding = 1e-6;

/// Running sums of columns, relative to the first row seen: exact for a column that never varies,
/// and without cancellation for one that varies little about a large mean.
class ColumnSums {
 public:
  void add(const Eigen::Map<const RowMatrixXf>& rows, const std::vector<std::int32_t>& frames) {
    for (const std::int32_t frame : frames) {
      const Eigen::ArrayXd row = rows.row(frame).transpose().cast<double>().array();
      if (count_ == 0) {
        origin_ = row;
        sum_ = Eigen::ArrayXd::Zero(row.size());
        sum_of_squares_ = sum_;
      } else if (row.size() != origin_.size()) {
        throw std::invalid_argument("Standardization::fit: songs of different widths");
      }
      sum_ += row - origin_;
      sum_of_squares_ += (row - origin_).square();
      ++count_;
    }
  }

  void result(std::vector<float>& mean, std::vector<float>& deviation) const {
    if (count_ == 0) throw std::invalid_argument("Standardization::fit: no frames");
    const Eigen::ArrayXd offset = sum_ / static_cast<double>(count_);
    const Eigen::ArrayXd variance =
        (sum_of_squares_ / static_cast<double>(count_) - offset.square()).max(0.0);
    for (Eigen::Index column = 0; column < offset.size(); ++column) {
      const double center = origin_(column) + offset(column);
      const double spread = std::sqrt(variance(column));
      mean.push_back(static_cast<float>(center));
      const bool constant = spread <= kRounding * std::abs(center);  // true for 0 and 0 as well
      deviation.push_back(constant ? 1.0F : static_cast<float>(spread));
    }
  }

 private:
  std::int64_t count_ = 0;
  Eigen::ArrayXd origin_, sum_, sum_of_squares_;  ///< [columns]
};

constexpr const char* kNames[] = {"standardization.spectrogram.mean",
                                  "standardization.spectrogram.deviation",
                                  "standardization.lld.mean", "standardization.lld.deviation"};
constexpr const char* kPooledMean = "standardization.pooled_lld.mean";
constexpr const char* kPooledDeviation = "standardization.pooled_lld.deviation";
constexpr const char* kSongVectorMean = "standardization.song_vector.mean";
constexpr const char* kSongVectorDeviation = "standardization.song_vector.deviation";
constexpr const char* kSilentSpectrogram = "standardization.silence.spectrogram";
constexpr const char* kSilentLld = "standardization.silence.lld";

void add_vector(const char* name, const std::vector<float>& values, NamedTensors& tensors) {
  const auto size = static_cast<std::int64_t>(values.size());
  tensors.emplace_back(name, view_of(std::span<const float>(values), {size}));
}

std::vector<float> read_vector(const TensorFile& file, const char* name, std::int64_t size) {
  const std::span<const float> stored = file.at(name, {size}).as<float>();
  return {stored.begin(), stored.end()};
}

}  // namespace

void Standardization::fit_song_vectors(
    const std::function<void(const std::function<void(const Eigen::VectorXf&)>&)>& vectors) {
  ColumnSums sums;
  vectors([&sums](const Eigen::VectorXf& vector) {
    sums.add(Eigen::Map<const RowMatrixXf>(vector.data(), 1, vector.size()), {0});
  });
  song_vector_mean.clear();
  song_vector_deviation.clear();
  sums.result(song_vector_mean, song_vector_deviation);
}

Standardization Standardization::fit(const EachSong& songs) {
  ColumnSums spectrogram;
  ColumnSums lld;
  songs([&](const SongFeatures& song) {
    spectrogram.add(song.spectrogram(), song.kept_frames());
    lld.add(song.lld(), song.kept_frames());
  });
  Standardization result;
  spectrogram.result(result.spectrogram_mean, result.spectrogram_deviation);
  lld.result(result.lld_mean, result.lld_deviation);
  return result;
}

void Standardization::take_silence(const Recipe& recipe) {
  FeatureExtractor extractor(recipe.features, recipe.audio.sample_rate_hz);
  const auto window = static_cast<std::size_t>(recipe.features.frame.window_samples);
  extractor.push(std::vector<float>(window, 0.0F));
  extractor.finish();
  const FeatureSet frame = extractor.pull();
  const auto first_row = [](const RowMatrixXf& rows) {
    return std::vector<float>(rows.data(), rows.data() + rows.cols());
  };
  silent_spectrogram = first_row(frame.spectrogram);
  silent_lld = first_row(frame.lld);
}

void Standardization::add_to(NamedTensors& tensors) const {
  const std::vector<float>* values[] = {&spectrogram_mean, &spectrogram_deviation, &lld_mean,
                                        &lld_deviation};
  for (std::size_t i = 0; i < 4; ++i) add_vector(kNames[i], *values[i], tensors);
  if (!pooled_lld_mean.empty()) {
    add_vector(kPooledMean, pooled_lld_mean, tensors);
    add_vector(kPooledDeviation, pooled_lld_deviation, tensors);
  }
  if (!song_vector_mean.empty()) {
    add_vector(kSongVectorMean, song_vector_mean, tensors);
    add_vector(kSongVectorDeviation, song_vector_deviation, tensors);
  }
  if (!silent_spectrogram.empty()) {
    add_vector(kSilentSpectrogram, silent_spectrogram, tensors);
    add_vector(kSilentLld, silent_lld, tensors);
  }
}

Standardization Standardization::from(const TensorFile& file) {
  Standardization result;
  std::vector<float>* values[] = {&result.spectrogram_mean, &result.spectrogram_deviation,
                                  &result.lld_mean, &result.lld_deviation};
  for (std::size_t i = 0; i < 4; ++i) {
    // The deviation must be as wide as the mean before it.
    const std::int64_t size = i % 2 == 0 ? -1 : static_cast<std::int64_t>(values[i - 1]->size());
    *values[i] = read_vector(file, kNames[i], size);
  }
  const auto read_pair = [&](const char* mean_name, const char* deviation_name,
                             std::vector<float>& mean, std::vector<float>& deviation) {
    if (!file.contains(mean_name)) return;
    mean = read_vector(file, mean_name, -1);
    deviation = read_vector(file, deviation_name, static_cast<std::int64_t>(mean.size()));
  };
  read_pair(kPooledMean, kPooledDeviation, result.pooled_lld_mean, result.pooled_lld_deviation);
  read_pair(kSongVectorMean, kSongVectorDeviation, result.song_vector_mean,
            result.song_vector_deviation);
  if (file.contains(kSilentSpectrogram)) {
    result.silent_spectrogram =
        read_vector(file, kSilentSpectrogram, std::ssize(result.spectrogram_mean));
    result.silent_lld = read_vector(file, kSilentLld, std::ssize(result.lld_mean));
  }
  return result;
}

}  // namespace mer
