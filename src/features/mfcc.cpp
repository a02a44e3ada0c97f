#include "mer/features/mfcc.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "families.hpp"
#include "mer/core/error.hpp"
#include "mer/features/feature_options.hpp"

namespace mer {
namespace {

Eigen::MatrixXd dct_rows(int num_coefficients, int num_bands) {
  if (num_coefficients > num_bands) {
    throw UsageError("features.mfcc.num_coefficients is " + std::to_string(num_coefficients) +
                         ": there are only " + std::to_string(num_bands) + " mel bands",
                     "take at most as many as features.mel.num_bands");
  }
  Eigen::MatrixXd rows(num_coefficients, num_bands);
  for (int i = 0; i < num_coefficients; ++i) {
    const double scale = std::sqrt((i == 0 ? 1.0 : 2.0) / num_bands);
    for (int band = 0; band < num_bands; ++band) {
      rows(i, band) = scale * std::cos(std::numbers::pi * i * (band + 0.5) / num_bands);
    }
  }
  return rows;
}

}  // namespace

void MfccOptions::visit(OptionsVisitor& v) {
  v.field("num_coefficients", num_coefficients, between(1, 128),
          "number of cepstral coefficients, c0 included; also of the residual phase's");
}

Mfcc::Mfcc(const MfccOptions& options, int num_bands)
    : dct_(dct_rows(options.num_coefficients, num_bands), -1.0),
      coefficients_(options.num_coefficients) {}

const Eigen::VectorXf& Mfcc::compute(const Eigen::ArrayXf& log_mel_db) {
  dct_.multiply({log_mel_db.data(), static_cast<std::size_t>(log_mel_db.size())},
                {coefficients_.data(), static_cast<std::size_t>(coefficients_.size())});
  return coefficients_;
}

namespace {

class MfccFeature : public FrameFeature {
 public:
  explicit MfccFeature(FrameAnalysis& analysis)
      : mfcc_(analysis.options().of<MfccOptions>(), analysis.options().mel.num_bands) {
    analysis.use_mel();
  }
  void compute(FrameAnalysis& frame, std::span<float> columns) override {
    std::ranges::copy(mfcc_.compute(frame.log_mel_db()), columns.begin());
  }

 private:
  Mfcc mfcc_;
};

}  // namespace

FrameFeatureFamily mfcc_family() {
  return {"dB",
          "Davis & Mermelstein (1980)",
          "orthonormal DCT-II of the log-mel spectrum: the shape of the spectrum",
          {{"mfcc", AnyOptions::of<MfccOptions>()}},
          [](const FeatureOptions& options) {
            return numbered("mfcc_", options.of<MfccOptions>().num_coefficients);
          },
          make_frame_feature<MfccFeature>};
}

}  // namespace mer
