#include "mer/features/contrast.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "families.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/features/feature_options.hpp"
#include "mer/features/mel.hpp"
#include "mer/signal/kernels.hpp"

namespace mer {

void ContrastOptions::visit(OptionsVisitor& v) {
  v.field("num_bands", num_bands, between(1, 12), "number of octave bands above min_hz");
  v.field("min_hz", min_hz, above_up_to(0, 20000),
          "lower edge of the first octave in Hz; one more band lies below it");
  v.field("quantile", quantile, above_up_to(0, 0.5),
          "share of a band's bins that make its peak and its valley");
}

SpectralContrast::SpectralContrast(const ContrastOptions& options, int window_samples,
                                   int sample_rate_hz)
    : scratch_(static_cast<std::size_t>(window_samples / 2 + 1 + kernels::kMostLanes)),
      peaks_(options.num_bands + 1),
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

const Eigen::ArrayXf& SpectralContrast::compute(const Eigen::ArrayXf& power) {
  for (std::size_t band = 0; band < bands_.size(); ++band) {
    const auto [first_bin, num_bins, num_selected] = bands_[band];
    const auto bins = power.segment(first_bin, num_bins);
    const kernels::RootSums sums =
        num_selected == 1
            ? kernels::RootSums{std::sqrt(bins.minCoeff()), std::sqrt(bins.maxCoeff())}
            : kernels::extreme_root_sums(bins.data(), num_bins, num_selected, scratch_.data());
    const Eigen::Index i = static_cast<Eigen::Index>(band);
    valleys_[i] = static_cast<float>(sums.smallest / num_selected);
    peaks_[i] = static_cast<float>(sums.largest / num_selected);
  }
  power_to_db(peaks_, contrast_);
  power_to_db(valleys_, peaks_);
  contrast_ -= peaks_;
  return contrast_;
}

namespace {

class ContrastFeature : public FrameFeature {
 public:
  explicit ContrastFeature(FrameAnalysis& analysis)
      : contrast_(analysis.options().of<ContrastOptions>(), analysis.window_samples(),
                  analysis.sample_rate_hz()) {}
  void compute(FrameAnalysis& frame, std::span<float> columns) override {
    std::ranges::copy(contrast_.compute(frame.power()), columns.begin());
  }

 private:
  SpectralContrast contrast_;
};

}  // namespace

FrameFeatureFamily contrast_family() {
  return {"dB",
          "Jiang et al. (2002)",
          "peaks over valleys of the spectrum below the first octave and in each octave band",
          {{"contrast", AnyOptions::of<ContrastOptions>()}},
          [](const FeatureOptions& options) {
            return numbered("contrast_", options.of<ContrastOptions>().num_bands + 1, "_db");
          },
          make_frame_feature<ContrastFeature>};
}

}  // namespace mer
