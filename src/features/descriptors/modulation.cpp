#include "modulation.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <complex>
#include <numbers>
#include <string>

#include "makers.hpp"
#include "mer/signal/fft.hpp"
#include "texture.hpp"

namespace mer::descriptors {
namespace {

constexpr int kNumModulationGroups = 8;
// Octaves of modulation frequency.
constexpr std::array<double, 7> kEdgesHz = {0.33, 0.66, 1.31, 2.62, 5.25, 10.5, 21.0};
constexpr std::size_t kNumBands = kEdgesHz.size() - 1;
// Added before the logarithm is taken, in dB: less can't be heard.
constexpr double kSoftening = 0.1;
constexpr double kSmallestPeakHz = 0.5;
// Below this mean square (dB²) nothing is modulated.
constexpr double kSmallestPower = 1e-6;

/// Mean power spectra of windows that overlap by half.
class Spectra {
 public:
  Spectra(int window, double frames_per_s)
      : window_(window),
        fft_(static_cast<int>(std::bit_ceil(static_cast<unsigned>(std::max(2, window))))),
        bin_hz_(frames_per_s / fft_.size()),
        hann_(window),
        samples_(fft_.size()),
        bins_(fft_.num_bins()) {
    for (int n = 0; n < window; ++n) {
      hann_[n] =
          static_cast<float>(0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * (n + 0.5) / window));
    }
  }

  double bin_hz() const { return bin_hz_; }
  int num_bins() const { return fft_.num_bins(); }

  /// @return  [num_bins], scaled so that the sum over a band is the mean square of what the course
  ///          holds there
  Eigen::ArrayXf of(const Course& course) {
    Eigen::ArrayXf power = Eigen::ArrayXf::Zero(fft_.num_bins());
    const Eigen::Index step = std::max(1, window_ / 2);
    int count = 0;
    for (Eigen::Index start = 0; start + window_ <= course.size(); start += step, ++count) {
      const auto piece = course.segment(start, window_);
      const float center = (piece * hann_).sum() / hann_.sum();
      samples_.head(window_) = (piece - center) * hann_;
      samples_.tail(fft_.size() - window_).setZero();
      fft_.forward(samples_.data(), bins_.data());
      power += bins_.abs2();
    }
    if (count > 0) {
      power *= 2.0F / (static_cast<float>(count * fft_.size()) * hann_.square().sum());
    }
    return power;
  }

 private:
  int window_;
  RealFft<float> fft_;
  double bin_hz_;
  Eigen::ArrayXf hann_;
  Eigen::ArrayXf samples_;
  Eigen::ArrayXcf bins_;
};

/// ln(0.1 dB + root mean square) of each band.
std::array<double, kNumBands> in_bands(const Eigen::ArrayXf& power, double bin_hz) {
  std::array<double, kNumBands> strengths{};
  for (std::size_t band = 0; band < kNumBands; ++band) {
    const auto first = static_cast<Eigen::Index>(std::ceil(kEdgesHz[band] / bin_hz));
    const auto end =
        std::min(power.size(), static_cast<Eigen::Index>(std::ceil(kEdgesHz[band + 1] / bin_hz)));
    const double square = end > first ? power.segment(first, end - first).sum() : 0.0;
    strengths[band] = std::log(kSoftening + std::sqrt(square));
  }
  return strengths;
}

/// The strongest frequency, by a parabola through the power's logarithm; 0 when there is none.
double peak_hz(const Eigen::ArrayXf& power, double bin_hz) {
  const Eigen::Index first =
      std::max<Eigen::Index>(1, static_cast<Eigen::Index>(std::ceil(kSmallestPeakHz / bin_hz)));
  const Eigen::Index end = power.size() - 1;
  if (end <= first) return 0.0;
  Eigen::Index peak = 0;
  const double highest = power.segment(first, end - first).maxCoeff(&peak);
  if (!(highest > kSmallestPower)) return 0.0;
  peak += first;
  const double left = std::log(std::max(power[peak - 1], 1e-30F));
  const double middle = std::log(power[peak]);
  const double right = std::log(std::max(power[peak + 1], 1e-30F));
  const double bend = left - 2.0 * middle + right;
  const double offset = bend < 0.0 ? std::clamp(0.5 * (left - right) / bend, -0.5, 0.5) : 0.0;
  return (static_cast<double>(peak) + offset) * bin_hz;
}

}  // namespace

void Modulation::compute(const Frames& frames, Writer& out) const {
  const int window =
      static_cast<int>(std::min<Eigen::Index>(frames.frames(window_s_), frames.size()));
  const RowArrayXf groups = band_groups(frames.mel_db, kNumModulationGroups);
  Spectra spectra(window, frames.per_s);
  for (int group = 0; group < kNumModulationGroups; ++group) {
    const auto bands = in_bands(spectra.of(groups.col(group)), spectra.bin_hz());
    for (std::size_t band = 0; band < kNumBands; ++band) {
      out.add("modulation_" + std::to_string(group) + "_", static_cast<int>(band), "ln dB",
              bands[band]);
    }
  }
  const Eigen::ArrayXf power = spectra.of(groups.rowwise().mean());
  const auto bands = in_bands(power, spectra.bin_hz());
  for (std::size_t band = 0; band < kNumBands; ++band) {
    out.add("modulation_all_", static_cast<int>(band), "ln dB", bands[band]);
  }
  out.add("modulation_peak_hz", "Hz", peak_hz(power, spectra.bin_hz()));
}

DescriptorFamily modulation_family() {
  return {"Pampalk (2001)",
          "fluctuation of eight groups of bands, 0.33 to 21 Hz",
          true,
          {{"", AnyOptions::of<ModulationOptions>()}},
          make_of_options<Modulation, ModulationOptions>};
}

}  // namespace mer::descriptors
