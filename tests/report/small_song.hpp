#pragma once

#include <new>
#include <string>
#include <vector>

#include "mer/features/feature_extractor.hpp"
#include "mer/report/feature_view.hpp"

namespace mer::test {

/// Made-up features in memory whose every number a test can know: the spectrogram is the frame's
/// number plus a hundredth a column, the descriptors are zero. 1000 Hz, a frame of 512 samples
/// every 256: frame t is centered at 0.256 · (t + 1) seconds.
class SmallSong {
 public:
  explicit SmallSong(int num_frames, const FeatureOptions& options = made_options())
      : num_frames_(num_frames) {
    view_.options = options;
    view_.layout = FeatureExtractor(options, 8000).layout();
    view_.layout.sample_rate_hz = 1000;
    spectrogram_.resize(num_frames, view_.layout.spectrogram_columns());
    lld_ = RowMatrixXf::Zero(num_frames, view_.layout.lld_width());
    for (int t = 0; t < num_frames; ++t) {
      for (Eigen::Index k = 0; k < spectrogram_.cols(); ++k) {
        spectrogram_(t, k) = static_cast<float>(t) + 0.01F * static_cast<float>(k);
      }
      energy_db_.push_back(-10.0F - static_cast<float>(t));
      kept_.push_back(1);
      time_s_.push_back(0.256 * (t + 1));
    }
    view_.metadata = {{"fingerprint", "0123"}, {"recipe", "{\"a\": 1}"}, {"warnings", "[]"}};
  }

  static FeatureOptions made_options() {
    FeatureOptions options;
    options.frame.window_samples = 512;
    options.frame.hop_samples = 256;
    options.mel.num_bands = 4;
    options.of<MfccOptions>().num_coefficients = 4;
    options.of<ContrastOptions>().num_bands = 3;
    options.of<PitchOptions>().min_hz = 80.0;
    return options;
  }

  /// An LLD column by its name.
  auto column(const std::string& name) {
    const auto& names = view_.layout.lld_columns;
    return lld_.col(std::find(names.begin(), names.end(), name) - names.begin());
  }
  std::vector<std::uint8_t>& kept() { return kept_; }
  RowMatrixXf& spectrogram() { return spectrogram_; }

  const FeatureView& view() {
    new (&view_.spectrogram)
        Eigen::Map<const RowMatrixXf>(spectrogram_.data(), num_frames_, spectrogram_.cols());
    new (&view_.lld) Eigen::Map<const RowMatrixXf>(lld_.data(), num_frames_, lld_.cols());
    view_.energy_db = energy_db_;
    view_.kept = kept_;
    view_.time_s = time_s_;
    return view_;
  }

 private:
  int num_frames_;
  FeatureView view_;
  RowMatrixXf spectrogram_;
  RowMatrixXf lld_;
  std::vector<float> energy_db_;
  std::vector<std::uint8_t> kept_;
  std::vector<double> time_s_;
};

}  // namespace mer::test
