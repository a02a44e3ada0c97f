#include "mer/features/formants.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include "all_pole.hpp"
#include "families.hpp"
#include "mer/core/error.hpp"
#include "mer/features/feature_options.hpp"
#include "mer/features/lpc.hpp"

namespace mer {
namespace {

constexpr double kTopMarginHz = 50.0;
// Mean square of a frame's band below which it counts as silent (−120 dBFS).
constexpr double kFormantSilence = 1e-12;
// Harmonics nearer than this melt into each other under a Blackman–Harris window.
constexpr double kResolvedBins = 3.0;
constexpr int kLeastOrder = 6;

// Two poles for each of the resonances that the band still holds.
int order_for_band(int order, double share) {
  if (share >= 1.0) return order;
  return std::max(kLeastOrder, 2 * static_cast<int>(std::lround(0.5 * order * share)));
}

}  // namespace

void FormantOptions::visit(OptionsVisitor& v) {
  v.field("order", order, between(6, 32),
          "order of the linear prediction, two for each resonance below top_hz");
  v.field("top_hz", top_hz, between(1000, 20000),
          "upper end of the band that the prediction models, in Hz; 5000 suits low voices");
  v.choice("pre_emphasis", pre_emphasis,
           {{"auto", PreEmphasis::kAuto},
            {"always", PreEmphasis::kAlways},
            {"never", PreEmphasis::kNever}},
           "whether the spectrum is raised by 6 dB an octave; auto = in frames that are predicted "
           "better with it");
  v.field("pre_emphasis_hz", pre_emphasis_hz, between(0, 5000),
          "frequency from which it is raised, in Hz");
  v.field("min_hz", min_hz, between(0, 1000), "a resonance below this is not a formant, in Hz");
  v.field("max_bandwidth_hz", max_bandwidth_hz, above_up_to(0, 5000),
          "a resonance broader than this is not a formant, in Hz");
}

struct FormantTracker::Impl {
  Impl(const FormantOptions& options_in, int window_samples, int sample_rate_hz);

  int max_lines() const { return static_cast<int>(top_bin / kResolvedBins) + 1; }
  Formants compute(const float* power, float pitch_hz);
  std::span<const double> model_of_harmonics(const float* power, double pitch_hz);
  std::span<const double> model_of_band();
  Formants formants_of(std::span<const double> model);

  FormantOptions options;
  int num_bins;  // of the whole spectrum
  int window;    // samples
  double bin_hz;
  int top_bin;     // the band is the bins 0 … top_bin
  double rate_hz;  // of a signal that has just this band
  int order;
  double emphasis;      // e^(−2πf_p/rate)
  bool raised = false;  // whether the frame's spectrum is pre-emphasised
  SpectrumAutocorrelation autocorrelation;
  DiscreteAllPole harmonics;
  Eigen::ArrayXd bin_cosine;  // of 2π · bin · bin_hz / rate
  Eigen::ArrayXd bin_sine;
  std::vector<double> lags;         // [order + 2]
  std::vector<double> raised_lags;  // [order + 1]
  Eigen::ArrayXXf neighbors;  // log power left of, at and right of each harmonic's strongest bin
  Eigen::ArrayXd line_power, line_cosine, line_sine;
  std::vector<double> plain_model;
  std::vector<double> raised_model;
  std::vector<std::complex<double>> roots;
};

FormantTracker::Impl::Impl(const FormantOptions& options_in, int window_samples, int sample_rate_hz)
    : options(options_in),
      num_bins(window_samples / 2 + 1),
      window(window_samples),
      bin_hz(static_cast<double>(sample_rate_hz) / window_samples),
      top_bin(std::min(num_bins - 1, static_cast<int>(std::lround(options_in.top_hz / bin_hz)))),
      rate_hz(2.0 * top_bin * bin_hz),
      order(order_for_band(options_in.order, top_bin * bin_hz / options_in.top_hz + 0.01)),
      emphasis(std::exp(-2.0 * std::numbers::pi * options_in.pre_emphasis_hz / rate_hz)),
      autocorrelation(std::max(top_bin + 1, 2), order + 2),
      harmonics(order, max_lines()),
      lags(static_cast<std::size_t>(order) + 2),
      raised_lags(static_cast<std::size_t>(order) + 1),
      plain_model(raised_lags.size()),
      raised_model(raised_lags.size()),
      roots(static_cast<std::size_t>(order)) {
  if (top_bin < 2 * order) {
    throw UsageError("features.formants.order is " + std::to_string(options.order) +
                         ": a frame of " + std::to_string(window_samples) + " samples has only " +
                         std::to_string(top_bin) +
                         " bins below features.formants.top_hz, which must be at least twice as "
                         "many",
                     "take a longer features.frame.window_samples or a lower order");
  }
  neighbors.resize(max_lines(), 3);
  for (Eigen::ArrayXd* values : {&line_power, &line_cosine, &line_sine})
    values->resize(max_lines());
  const Eigen::ArrayXd angles = Eigen::ArrayXd::LinSpaced(top_bin + 1, 0.0, std::numbers::pi);
  bin_cosine = angles.cos();
  bin_sine = angles.sin();
}

Formants FormantTracker::Impl::compute(const float* power, float pitch_hz) {
  autocorrelation.compute(power, lags.data());
  // The bins of one side add up to window / 2 · Σ w² x², with Σ w² about a third of the window.
  if (!(lags[0] > kFormantSilence * window * window / 6.0)) return {};
  const std::span<const double> band_model = model_of_band();
  const std::span<const double> model =
      pitch_hz >= kResolvedBins * bin_hz ? model_of_harmonics(power, pitch_hz) : band_model;
  return formants_of(model.empty() ? band_model : model);
}

// Linear prediction of the whole band, with and without pre-emphasis: a filter whose first
// coefficient is 1 leaves the logarithm's mean over the spectrum as it is, so that the prediction
// errors of both can be compared.
std::span<const double> FormantTracker::Impl::model_of_band() {
  const std::size_t count = raised_lags.size();
  lags[0] *= 1.0 + kSpectrumFloor;
  const double square = 1.0 + emphasis * emphasis;
  raised_lags[0] = square * lags[0] - 2.0 * emphasis * lags[1];
  for (std::size_t k = 1; k < count; ++k) {
    raised_lags[k] = square * lags[k] - emphasis * (lags[k - 1] + lags[k + 1]);
  }
  raised = options.pre_emphasis == PreEmphasis::kAlways;
  if (options.pre_emphasis == PreEmphasis::kAuto) {
    const double plain_error = levinson_durbin({lags.data(), count}, plain_model);
    const double raised_error = levinson_durbin(raised_lags, raised_model);
    raised = raised_error < plain_error;
  } else if (raised) {
    levinson_durbin(raised_lags, raised_model);
  } else {
    levinson_durbin({lags.data(), count}, plain_model);
  }
  return raised ? raised_model : plain_model;
}

std::span<const double> FormantTracker::Impl::model_of_harmonics(const float* power,
                                                                 double pitch_hz) {
  const double spacing = pitch_hz / bin_hz;  // in bins
  const int reach = std::max(1, static_cast<int>(spacing / 3.0));
  const double last = top_bin - kTopMarginHz / bin_hz;
  if (last / spacing < order + 2) return {};
  // The strongest bin near each harmonic.
  int num_lines = 0;
  for (double place = spacing; place <= last; place += spacing) {
    const int expected = static_cast<int>(place + 0.5);
    const int end = std::min(expected + reach, top_bin - 1);
    int peak = std::max(1, expected - reach);
    float strongest = power[peak];
    for (int bin = peak + 1; bin <= end; ++bin) {  // without branches, which nobody could foresee
      peak = power[bin] > strongest ? bin : peak;
      strongest = std::max(strongest, power[bin]);
    }
    for (int i = 0; i < 3; ++i) neighbors(num_lines, i) = power[peak + i - 1];
    line_power[num_lines] = static_cast<double>(power[peak]);
    line_cosine[num_lines] = bin_cosine[peak];
    line_sine[num_lines] = bin_sine[peak];
    ++num_lines;
  }
  // A window's main lobe is nearly a parabola of the logarithm: each line lies at the vertex.
  neighbors.topRows(num_lines) = neighbors.topRows(num_lines).max(1e-10F).log();
  const auto left = neighbors.col(0).head(num_lines).cast<double>();
  const auto middle = neighbors.col(1).head(num_lines).cast<double>();
  const auto right = neighbors.col(2).head(num_lines).cast<double>();
  const Eigen::ArrayXd slope = left - right;
  const Eigen::ArrayXd curvature = left - 2.0 * middle + right;
  const Eigen::ArrayXd offset =
      (curvature < 0.0).select((0.5 * slope / curvature).max(-0.5).min(0.5), 0.0);
  auto strength = line_power.head(num_lines);
  strength *= (-0.25 * slope * offset).min(1.0).exp();
  // The turn is at most half a bin, so small.
  const Eigen::ArrayXd turn = std::numbers::pi / top_bin * offset;
  const Eigen::ArrayXd turn_cosine = 1.0 - 0.5 * turn.square();
  const Eigen::ArrayXd turn_sine = turn - turn.cube() / 6.0;
  auto cosine = line_cosine.head(num_lines);
  auto sine = line_sine.head(num_lines);
  const Eigen::ArrayXd turned = cosine * turn_cosine - sine * turn_sine;
  sine = sine * turn_cosine + cosine * turn_sine;
  cosine = turned;
  if (raised) strength *= 1.0 + emphasis * emphasis - 2.0 * emphasis * cosine;
  return harmonics.compute(strength, cosine, sine);
}

Formants FormantTracker::Impl::formants_of(std::span<const double> model) {
  polynomial_roots(model, roots);
  struct Pole {
    double frequency_hz;
    double bandwidth_hz;
  };
  std::array<Pole, 32> poles{};
  std::size_t count = 0;
  for (const std::complex<double>& root : roots) {
    if (!(root.imag() > 0.0)) continue;
    // The discrete model may put a root outside the unit circle; its mirror image inside has the
    // same spectrum.
    const Pole pole{std::arg(root) * rate_hz / (2.0 * std::numbers::pi),
                    0.5 * std::abs(std::log(std::norm(root))) * rate_hz / std::numbers::pi};
    if (pole.frequency_hz < options.min_hz) continue;
    if (pole.frequency_hz > 0.5 * rate_hz - kTopMarginHz) continue;
    if (!(pole.bandwidth_hz < options.max_bandwidth_hz)) continue;
    poles[count++] = pole;
  }
  std::sort(poles.begin(), poles.begin() + static_cast<std::ptrdiff_t>(count),
            [](const Pole& a, const Pole& b) { return a.frequency_hz < b.frequency_hz; });
  Formants formants;
  formants.found = static_cast<int>(std::min<std::size_t>(count, Formants::kCount));
  for (std::size_t i = 0; i < static_cast<std::size_t>(formants.found); ++i) {
    formants.frequency_hz[i] = static_cast<float>(poles[i].frequency_hz);
    formants.bandwidth_hz[i] = static_cast<float>(poles[i].bandwidth_hz);
  }
  return formants;
}

FormantTracker::FormantTracker(const FormantOptions& options, int window_samples,
                               int sample_rate_hz)
    : impl_(std::make_unique<Impl>(options, window_samples, sample_rate_hz)) {}
FormantTracker::~FormantTracker() = default;
FormantTracker::FormantTracker(FormantTracker&&) noexcept = default;
FormantTracker& FormantTracker::operator=(FormantTracker&&) noexcept = default;

Formants FormantTracker::compute(const Eigen::Ref<const Eigen::ArrayXf>& power, float pitch_hz) {
  if (power.size() != impl_->num_bins) {
    throw std::invalid_argument("the spectrum must have window / 2 + 1 bins");
  }
  return impl_->compute(power.data(), pitch_hz);
}

namespace {

using Complex = std::complex<double>;

void companion_roots(std::span<const double> coefficients, std::span<Complex> roots) {
  const Eigen::Index order = static_cast<Eigen::Index>(roots.size());
  Eigen::MatrixXd companion = Eigen::MatrixXd::Zero(order, order);
  for (Eigen::Index i = 0; i < order; ++i) {
    companion(0, i) = -coefficients[static_cast<std::size_t>(i) + 1];
    if (i > 0) companion(i, i - 1) = 1.0;
  }
  const Eigen::VectorXcd values = companion.eigenvalues();
  for (Eigen::Index i = 0; i < order; ++i) roots[static_cast<std::size_t>(i)] = values[i];
}

}  // namespace

void polynomial_roots(std::span<const double> coefficients, std::span<Complex> roots) {
  if (roots.empty() || coefficients.size() != roots.size() + 1) {
    throw std::invalid_argument("a polynomial has one root fewer than coefficients");
  }
  const bool guessed =
      std::any_of(roots.begin(), roots.end(), [](Complex root) { return root != 0.0; });
  if (guessed && aberth_roots(coefficients, roots)) return;
  for (std::size_t i = 0; i < roots.size(); ++i) {
    const double angle =
        2.0 * std::numbers::pi * (static_cast<double>(i) + 0.3) / static_cast<double>(roots.size());
    roots[i] = std::polar(0.9, angle);
  }
  if (!aberth_roots(coefficients, roots)) companion_roots(coefficients, roots);
}

namespace {

class FormantFeature : public FrameFeature {
 public:
  explicit FormantFeature(FrameAnalysis& analysis)
      : tracker_(analysis.options().of<FormantOptions>(), analysis.window_samples(),
                 analysis.sample_rate_hz()) {
    analysis.use_pitch();
  }
  bool holds_values() const override { return true; }
  void compute(FrameAnalysis& frame, std::span<float> columns) override {
    const Pitch& pitch = frame.pitch();
    const Formants formants =
        tracker_.compute(frame.power(), pitch.voiced ? pitch.frequency_hz : 0.0F);
    for (std::size_t i = 0; i < static_cast<std::size_t>(formants.found); ++i) {
      columns[2 * i] = formants.frequency_hz[i];
      columns[2 * i + 1] = formants.bandwidth_hz[i];
    }
  }

 private:
  FormantTracker tracker_;
};

}  // namespace

FrameFeatureFamily formant_family() {
  return {
      "Hz",
      "Markel & Gray (1976); Boersma & Weenink (Praat)",
      "frequency and bandwidth of the three lowest resonances; the last one where missing",
      {{"pitch", AnyOptions::of<PitchOptions>()}, {"formants", AnyOptions::of<FormantOptions>()}},
      [](const FeatureOptions&) {
        std::vector<std::string> names;
        for (int i = 1; i <= Formants::kCount; ++i) {
          names.push_back("formant_" + std::to_string(i) + "_hz");
          names.push_back("bandwidth_" + std::to_string(i) + "_hz");
        }
        return names;
      },
      make_frame_feature<FormantFeature>};
}

}  // namespace mer
