#include "mer/features/mfcc.hpp"

#include <cmath>
#include <numbers>
#include <string>

#include "mer/core/error.hpp"

namespace mer {

void MfccOptions::visit(OptionsVisitor& v) {
  v.field("num_coefficients", num_coefficients, between(1, 128),
          "number of cepstral coefficients, c0 included; also of the residual phase's");
}

Mfcc::Mfcc(const MfccOptions& options, int num_bands)
    : dct_(num_bands, options.num_coefficients), coefficients_(options.num_coefficients) {
  if (options.num_coefficients > num_bands) {
    throw UsageError("features.mfcc.num_coefficients is " +
                         std::to_string(options.num_coefficients) + ": there are only " +
                         std::to_string(num_bands) + " mel bands",
                     "take at most as many as features.mel.num_bands");
  }
  for (int i = 0; i < options.num_coefficients; ++i) {
    const double scale = std::sqrt((i == 0 ? 1.0 : 2.0) / num_bands);
    for (int band = 0; band < num_bands; ++band) {
      dct_(band, i) =
          static_cast<float>(scale * std::cos(std::numbers::pi * i * (band + 0.5) / num_bands));
    }
  }
}

const Eigen::VectorXf& Mfcc::compute(const Eigen::ArrayXf& log_mel_db) {
  coefficients_.noalias() = dct_.transpose() * log_mel_db.matrix();
  return coefficients_;
}

}  // namespace mer
