#include "mer/features/contrast.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/features/mel.hpp"

namespace mer {
namespace {

constexpr int kGroups = 16;

/// Bounds that the `selected` smallest and largest values reach, and few others: of kGroups
/// interleaved groups' largest values the selected-th largest has that many at or above it.
struct Bounds {
  float smallest = std::numeric_limits<float>::infinity();
  float largest = -1.0F;
};
Bounds bounds_of_extremes(const float* values, int count, int selected) {
  if (count < 2 * kGroups || selected > kGroups) return {};
  std::array<float, kGroups> low;
  std::array<float, kGroups> high;
  std::copy_n(values, kGroups, low.begin());
  std::copy_n(values, kGroups, high.begin());
  for (int row = 1; row < count / kGroups; ++row) {
    const float* const x = values + kGroups * row;
    for (std::size_t i = 0; i < kGroups; ++i) low[i] = std::min(low[i], x[i]);
    for (std::size_t i = 0; i < kGroups; ++i) high[i] = std::max(high[i], x[i]);
  }
  std::nth_element(low.begin(), low.begin() + (selected - 1), low.end());
  std::nth_element(high.begin(), high.begin() + (selected - 1), high.end(), std::greater<>());
  return {low[static_cast<std::size_t>(selected - 1)],
          high[static_cast<std::size_t>(selected - 1)]};
}

double sum_of_roots(const std::vector<float>& values, int count) {
  double sum = 0.0;
  for (int i = 0; i < count; ++i) sum += std::sqrt(values[static_cast<std::size_t>(i)]);
  return sum;
}

}  // namespace

void ContrastOptions::visit(OptionsVisitor& v) {
  v.field("num_bands", num_bands, between(1, 12), "number of octave bands above min_hz");
  v.field("min_hz", min_hz, above_up_to(0, 20000),
          "lower edge of the first octave in Hz; one more band lies below it");
  v.field("quantile", quantile, above_up_to(0, 0.5),
          "share of a band's bins that make its peak and its valley");
}

SpectralContrast::SpectralContrast(const ContrastOptions& options, int window_samples,
                                   int sample_rate_hz)
    : peaks_(options.num_bands + 1),
      valleys_(options.num_bands + 1),
      contrast_(options.num_bands + 1) {
  const double hz_per_bin = static_cast<double>(sample_rate_hz) / window_samples;
  const int last_bin = window_samples / 2;
  for (int band = 0; band <= options.num_bands; ++band) {
    const double low_hz = band == 0 ? 0.0 : options.min_hz * std::exp2(band - 1);
    const double high_hz = options.min_hz * std::exp2(band);
    const bool is_last = band == options.num_bands;
    if (low_hz >= sample_rate_hz / 2.0) {
      throw UsageError(
          "features.contrast.num_bands is " + std::to_string(options.num_bands) +
              ": its last band would start at " + format_number(low_hz) +
              " Hz, which must be below half the sample rate, " +
              format_number(sample_rate_hz / 2.0),
          "take fewer features.contrast.num_bands or a lower features.contrast.min_hz");
    }
    // librosa's rule: the bins within the edges, one more below (not for the first band); the last
    // band goes up to the top, the others leave out their last bin. The quantile counts that bin.
    int first = static_cast<int>(std::ceil(low_hz / hz_per_bin));
    const int end_hz_bin = static_cast<int>(std::floor(high_hz / hz_per_bin));
    int last = std::min(is_last ? last_bin : end_hz_bin, last_bin);
    if (band > 0) first = std::max(0, first - 1);
    const int counted = last - first + 1;
    if (!is_last) --last;
    if (last < first) {
      throw UsageError("features.contrast.min_hz is " + format_number(options.min_hz) + ": band " +
                           std::to_string(band) + " has no FFT bin, they are " +
                           format_number(hz_per_bin) + " Hz apart",
                       "take a higher features.contrast.min_hz or a longer "
                       "features.frame.window_samples");
    }
    const int num_bins = last - first + 1;
    const int selected =
        std::clamp(static_cast<int>(std::nearbyint(options.quantile * counted)), 1, num_bins);
    bands_.push_back({first, num_bins, selected});
  }
}

// The sums of the roots of the `count` smallest and of the `count` largest bins.
SpectralContrast::Sums SpectralContrast::sums_of_extremes(const float* bins, int num_bins,
                                                          int count) {
  if (count == 1) {
    const auto [smallest, largest] = std::minmax_element(bins, bins + num_bins);
    return {std::sqrt(*smallest), std::sqrt(*largest)};
  }
  const Bounds bounds = bounds_of_extremes(bins, num_bins, count);
  smallest_.clear();
  largest_.clear();
  for (int i = 0; i < num_bins; ++i) {
    if (bins[i] <= bounds.smallest) smallest_.push_back(bins[i]);
    if (bins[i] >= bounds.largest) largest_.push_back(bins[i]);
  }
  std::nth_element(smallest_.begin(), smallest_.begin() + (count - 1), smallest_.end());
  std::nth_element(largest_.begin(), largest_.begin() + (count - 1), largest_.end(),
                   std::greater<>());
  return {sum_of_roots(smallest_, count), sum_of_roots(largest_, count)};
}

const Eigen::ArrayXf& SpectralContrast::compute(const Eigen::ArrayXf& power) {
  for (std::size_t band = 0; band < bands_.size(); ++band) {
    const auto [first_bin, num_bins, num_selected] = bands_[band];
    const Sums sums = sums_of_extremes(power.data() + first_bin, num_bins, num_selected);
    const Eigen::Index i = static_cast<Eigen::Index>(band);
    valleys_[i] = static_cast<float>(sums.smallest / num_selected);
    peaks_[i] = static_cast<float>(sums.largest / num_selected);
  }
  power_to_db(peaks_, contrast_);
  power_to_db(valleys_, peaks_);
  contrast_ -= peaks_;
  return contrast_;
}

}  // namespace mer
