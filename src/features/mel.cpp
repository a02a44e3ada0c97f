#include "mer/features/mel.hpp"

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/signal/kernels.hpp"

namespace mer {
namespace {

// Slaney's scale: linear below, logarithmic above.
constexpr double kLinearHzPerMel = 200.0 / 3.0;
constexpr double kBreakHz = 1000.0;
constexpr double kBreakMel = kBreakHz / kLinearHzPerMel;
const double kLogStep = std::log(6.4) / 27.0;

Eigen::MatrixXd mel_filters(const MelOptions& options, int window_samples, int sample_rate_hz) {
  const double half_rate_hz = sample_rate_hz / 2.0;
  const double max_hz = options.max_hz == 0.0 ? half_rate_hz : options.max_hz;
  if (max_hz > half_rate_hz) {
    throw UsageError("features.mel.max_hz is " + format_number(max_hz) + ": at a sample rate of " +
                         std::to_string(sample_rate_hz) + " Hz it must be at most " +
                         format_number(half_rate_hz),
                     "set features.mel.max_hz=0 for half the sample rate");
  }
  if (options.min_hz >= max_hz) {
    throw UsageError("features.mel.min_hz is " + format_number(options.min_hz) +
                         ": it must be below the highest frequency, " + format_number(max_hz),
                     "set features.mel.min_hz=0");
  }
  const int num_bins = window_samples / 2 + 1;
  const double min_mel = hz_to_mel(options.min_hz, options.scale);
  const double max_mel = hz_to_mel(max_hz, options.scale);
  std::vector<double> corner_hz(static_cast<std::size_t>(options.num_bands) + 2);
  for (std::size_t i = 0; i < corner_hz.size(); ++i) {
    const double part = static_cast<double>(i) / static_cast<double>(options.num_bands + 1);
    corner_hz[i] = mel_to_hz(min_mel + part * (max_mel - min_mel), options.scale);
  }
  Eigen::MatrixXd filters = Eigen::MatrixXd::Zero(options.num_bands, num_bins);
  for (int band = 0; band < options.num_bands; ++band) {
    const std::size_t corner = static_cast<std::size_t>(band);
    const double low_hz = corner_hz[corner];
    const double center_hz = corner_hz[corner + 1];
    const double high_hz = corner_hz[corner + 2];
    const double height = options.scale == MelScale::kSlaney ? 2.0 / (high_hz - low_hz) : 1.0;
    for (int bin = 0; bin < num_bins; ++bin) {
      const double hz = static_cast<double>(bin) * sample_rate_hz / window_samples;
      const double rising = (hz - low_hz) / (center_hz - low_hz);
      const double falling = (high_hz - hz) / (high_hz - center_hz);
      filters(band, bin) = height * std::max(0.0, std::min(rising, falling));
    }
    if (filters.row(band).maxCoeff() <= 0.0) {
      throw UsageError("features.mel.num_bands is " + std::to_string(options.num_bands) +
                           ": band " + std::to_string(band) + " (" + format_number(low_hz) +
                           " to " + format_number(high_hz) + " Hz) falls between two FFT bins, " +
                           format_number(static_cast<double>(sample_rate_hz) / window_samples) +
                           " Hz apart",
                       "take fewer features.mel.num_bands or a longer "
                       "features.frame.window_samples");
    }
  }
  return filters;
}

}  // namespace

void MelOptions::visit(OptionsVisitor& v) {
  v.choice("scale", scale, {{"slaney", MelScale::kSlaney}, {"htk", MelScale::kHtk}},
           "mel scale and filter height: slaney (equal area) or htk (peak 1)");
  v.field("num_bands", num_bands, between(2, 1024), "number of mel bands");
  v.field("min_hz", min_hz, between(0, 96000), "lower edge of the lowest band in Hz");
  v.field("max_hz", max_hz, between(0, 96000),
          "upper edge of the highest band in Hz; 0 = half the sample rate");
}

void MelOptions::validate() const {
  if (max_hz != 0.0 && min_hz >= max_hz) {
    throw UsageError("min_hz is " + format_number(min_hz) + ": it must be below max_hz, " +
                         format_number(max_hz),
                     "max_hz=0 stands for half the sample rate");
  }
}

double hz_to_mel(double hz, MelScale scale) {
  if (scale == MelScale::kHtk) return 2595.0 * std::log10(1.0 + hz / 700.0);
  if (hz < kBreakHz) return hz / kLinearHzPerMel;
  return kBreakMel + std::log(hz / kBreakHz) / kLogStep;
}

double mel_to_hz(double mel, MelScale scale) {
  if (scale == MelScale::kHtk) return 700.0 * (std::pow(10.0, mel / 2595.0) - 1.0);
  if (mel < kBreakMel) return mel * kLinearHzPerMel;
  return kBreakHz * std::exp((mel - kBreakMel) * kLogStep);
}

Eigen::ArrayXd mel_band_hz(const MelOptions& options, int sample_rate_hz) {
  const double max_hz = options.max_hz > 0.0 ? options.max_hz : sample_rate_hz / 2.0;
  const double min_mel = hz_to_mel(options.min_hz, options.scale);
  const double step = (hz_to_mel(max_hz, options.scale) - min_mel) / (options.num_bands + 1);
  Eigen::ArrayXd center_hz(options.num_bands);
  for (int band = 0; band < options.num_bands; ++band) {
    center_hz[band] = mel_to_hz(min_mel + (band + 1) * step, options.scale);
  }
  return center_hz;
}

MelFilterBank::MelFilterBank(const MelOptions& options, int window_samples, int sample_rate_hz)
    : filters_(mel_filters(options, window_samples, sample_rate_hz), 0.0),
      mel_(options.num_bands) {}

const Eigen::ArrayXf& MelFilterBank::compute(const Eigen::ArrayXf& power) {
  filters_.multiply({power.data(), static_cast<std::size_t>(power.size())},
                    {mel_.data(), static_cast<std::size_t>(mel_.size())});
  return mel_;
}

void power_to_db(const Eigen::ArrayXf& power, Eigen::ArrayXf& db) {
  db.resize(power.size());
  kernels::power_to_db(power.data(), static_cast<int>(power.size()), db.data());
}

void compress_power(const Eigen::ArrayXf& power, Eigen::ArrayXf& compressed) {
  compressed = (1.0F + 10000.0F * power).log() * (1.0F / std::numbers::ln10_v<float>);
}

}  // namespace mer
