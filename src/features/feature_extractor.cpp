#include "mer/features/feature_extractor.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "feature_layout.hpp"
#include "kernels/kernels.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/features/stft.hpp"

namespace mer {
namespace {

// Far beyond any recording (full scale is 1), near enough that no power overflows single precision.
constexpr float kLargestSample = 1e6F;
constexpr int kMinRateHz = 4000;
constexpr int kMaxRateHz = 768000;

int checked_rate(int sample_rate_hz) {
  if (sample_rate_hz < kMinRateHz || sample_rate_hz > kMaxRateHz) {
    throw UsageError("the sample rate is " + std::to_string(sample_rate_hz) +
                         " Hz: it must be in " + std::to_string(kMinRateHz) + "…" +
                         std::to_string(kMaxRateHz),
                     "44100 is usual");
  }
  return sample_rate_hz;
}

float level_db(double mean_square) {
  return static_cast<float>(10.0 * std::log10(std::max(mean_square, 1e-12)));
}

// The first sample that is out of range, named.
[[noreturn]] void refuse_sample(std::span<const float> samples, std::int64_t num_before) {
  const auto bad = std::find_if(samples.begin(), samples.end(),
                                [](float x) { return !(std::abs(x) <= kLargestSample); });
  throw InputError("sample " + std::to_string(num_before + (bad - samples.begin())) + " is " +
                       (std::isnan(*bad) ? std::string("not a number")
                                         : format_number(static_cast<double>(*bad))) +
                       ": samples must lie in -1e6…1e6, full scale is 1",
                   "convert the recording again, or leave it out");
}

/// The part of the signal that frames still need, addressed by sample numbers from the signal's
/// start. There are zeros before the start.
class SampleWindow {
 public:
  SampleWindow(std::int64_t history, std::size_t capacity)
      : history_(history), first_(-history), capacity_(capacity) {
    samples_.reserve(capacity);
    samples_.assign(static_cast<std::size_t>(history), 0.0F);
  }

  std::int64_t end() const { return first_ + static_cast<std::int64_t>(samples_.size()); }
  const float* at(std::int64_t sample) const { return samples_.data() + (sample - first_); }

  /// Drops what lies more than the history before `needed` and takes what then fits.
  /// @return how many samples were taken
  std::size_t append(std::span<const float> block, std::int64_t needed) {
    if (block.size() > capacity_ - samples_.size()) {
      const std::int64_t keep_from = std::clamp(needed - history_, first_, end());
      samples_.erase(samples_.begin(), samples_.begin() + (keep_from - first_));
      first_ = keep_from;
    }
    const std::size_t taken = std::min(block.size(), capacity_ - samples_.size());
    samples_.insert(samples_.end(), block.begin(),
                    block.begin() + static_cast<std::ptrdiff_t>(taken));
    return taken;
  }

 private:
  std::int64_t history_;
  std::int64_t first_;
  std::size_t capacity_;
  std::vector<float> samples_;
};

}  // namespace

struct FeatureExtractor::Impl {
  Impl(const FeatureOptions& options_in, int sample_rate_hz)
      : options(options_in),
        layout(make_feature_layout(options_in, checked_rate(sample_rate_hz))),
        spectrum(options.frame.window_samples),
        power_spectrum(options.frame),
        mel(options.mel, options.frame.window_samples, sample_rate_hz),
        mfcc(options.mfcc, options.mel.num_bands),
        residual_phase(options.residual_phase, options.frame.window_samples),
        phase_spectrum(options.frame),
        pitch(options.pitch, options.frame.window_samples, sample_rate_hz),
        formants(options.formants, options.frame.window_samples, sample_rate_hz),
        contrast(options.contrast, options.frame.window_samples, sample_rate_hz),
        chroma(options.chroma, options.frame.window_samples, sample_rate_hz),
        log_mel(options.mel.num_bands),
        lookahead(chroma.margin_samples()),
        history(std::max(residual_phase.history_samples(), chroma.margin_samples())),
        signal(history,
               static_cast<std::size_t>(2 * (history + options.frame.window_samples + lookahead) +
                                        8 * static_cast<std::int64_t>(options.frame.hop_samples))),
        spectrogram_row(static_cast<std::size_t>(layout.spectrogram_columns())),
        lld_row(static_cast<std::size_t>(layout.lld_width())) {}

  void take(std::span<const float> samples);
  void compute_ready_frames();
  void compute_frame(std::int64_t start);
  void compute_features(std::int64_t start);
  void hold_pitch_and_formants() {
    *columns(2) = last_pitch;
    std::copy(last_formants.begin(), last_formants.end(), columns(4));
  }
  bool is_silent_around(std::int64_t start) const;
  float* columns(std::size_t group) { return lld_row.data() + layout.lld[group].first_column; }

  FeatureOptions options;
  FeatureLayout layout;
  FrameSpectrum spectrum;
  PowerSpectrum power_spectrum;
  MelFilterBank mel;
  Mfcc mfcc;
  ResidualPhase residual_phase;
  SinglePowerSpectrum phase_spectrum;
  PitchTracker pitch;
  FormantTracker formants;
  SpectralContrast contrast;
  Chroma chroma;
  Eigen::ArrayXf log_mel;

  std::int64_t lookahead;  // samples after a frame that its features depend on
  std::int64_t history;    // samples before a frame that they depend on
  SampleWindow signal;
  std::int64_t num_samples = 0;  // pushed so far
  std::int64_t next_frame = 0;
  bool finished = false;
  float last_pitch = 0.0F;
  std::array<float, 2 * Formants::kCount> last_formants{};

  std::vector<float> spectrogram_row;
  std::vector<float> lld_row;
  std::vector<float> silent_spectrogram_row;  // once there was digital silence: its features
  std::vector<float> silent_lld_row;
  std::vector<float> spectrogram_rows;  // complete, not pulled yet
  std::vector<float> lld_rows;
  std::vector<float> energy_rows;
};

void FeatureExtractor::Impl::take(std::span<const float> samples) {
  while (!samples.empty()) {
    const std::size_t taken = signal.append(samples, next_frame * options.frame.hop_samples);
    samples = samples.subspan(taken);
    compute_ready_frames();
  }
}

void FeatureExtractor::Impl::compute_ready_frames() {
  while (true) {
    const std::int64_t start = next_frame * options.frame.hop_samples;
    const std::int64_t end = start + options.frame.window_samples;
    if (end > num_samples || end + lookahead > signal.end()) return;
    compute_frame(start);
    ++next_frame;
  }
}

// Whether a frame and all samples that its features depend on are digital silence.
bool FeatureExtractor::Impl::is_silent_around(std::int64_t start) const {
  const std::int64_t first = start - history;
  const std::int64_t count = history + options.frame.window_samples + lookahead;
  return std::all_of(signal.at(first), signal.at(first) + count,
                     [](float sample) { return sample == 0.0F; });
}

void FeatureExtractor::Impl::compute_frame(std::int64_t start) {
  const int window = options.frame.window_samples;
  const double energy = kernels::energy(signal.at(start), window);
  const bool is_silent = energy == 0.0 && is_silent_around(start);
  if (is_silent && !silent_lld_row.empty()) {
    spectrogram_row = silent_spectrogram_row;
    lld_row = silent_lld_row;
    hold_pitch_and_formants();
  } else {
    compute_features(start);
    if (is_silent) {
      silent_spectrogram_row = spectrogram_row;
      silent_lld_row = lld_row;
    }
  }
  spectrogram_rows.insert(spectrogram_rows.end(), spectrogram_row.begin(), spectrogram_row.end());
  lld_rows.insert(lld_rows.end(), lld_row.begin(), lld_row.end());
  energy_rows.push_back(level_db(energy / window));
}

void FeatureExtractor::Impl::compute_features(std::int64_t start) {
  const std::size_t window = static_cast<std::size_t>(options.frame.window_samples);
  const std::span<const float> frame(signal.at(start), window);

  spectrum.compute(frame);
  const Eigen::ArrayXf& power = power_spectrum.compute(spectrum);
  const Eigen::ArrayXf& chroma_values =
      chroma.has_own_spectrum()
          ? chroma.compute_long({signal.at(start - chroma.margin_samples()),
                                 window + 2 * static_cast<std::size_t>(chroma.margin_samples())})
          : chroma.compute(power);
  std::copy_n(chroma_values.data(), Chroma::kSize, columns(6));
  const Eigen::ArrayXf& contrast_values = contrast.compute(power);
  std::copy_n(contrast_values.data(), contrast.size(), columns(5));
  const Eigen::ArrayXf& mel_power = mel.compute(power);
  power_to_db(mel_power, log_mel);
  std::copy_n(mfcc.compute(log_mel).data(), mfcc.num_coefficients(), columns(0));
  const Eigen::ArrayXf& row = options.spectrogram == SpectrogramKind::kLogMel ? log_mel
                              : options.spectrogram == SpectrogramKind::kMel  ? mel_power
                                                                              : power;
  std::copy_n(row.data(), row.size(), spectrogram_row.data());

  const Pitch found = pitch.compute(frame, spectrum);
  if (found.voiced) last_pitch = semitones_above_55_hz(found.frequency_hz);
  *columns(3) = found.voicing;
  const Formants resonances = formants.compute(power, found.voiced ? found.frequency_hz : 0.0F);
  for (std::size_t i = 0; i < static_cast<std::size_t>(resonances.found); ++i) {
    last_formants[2 * i] = resonances.frequency_hz[i];
    last_formants[2 * i + 1] = resonances.bandwidth_hz[i];
  }
  hold_pitch_and_formants();

  // From here on the mel bands and their cepstrum are the residual phase's.
  const std::size_t before = static_cast<std::size_t>(residual_phase.history_samples());
  const Eigen::ArrayXf& phase =
      residual_phase.compute({frame.data() - before, before + window}, spectrum);
  power_to_db(mel.compute(phase_spectrum.compute({phase.data(), window})), log_mel);
  std::copy_n(mfcc.compute(log_mel).data(), mfcc.num_coefficients(), columns(1));
}

FeatureExtractor::FeatureExtractor(const FeatureOptions& options, int sample_rate_hz)
    : impl_(std::make_unique<Impl>(options, sample_rate_hz)) {}
FeatureExtractor::~FeatureExtractor() = default;
FeatureExtractor::FeatureExtractor(FeatureExtractor&&) noexcept = default;
FeatureExtractor& FeatureExtractor::operator=(FeatureExtractor&&) noexcept = default;

const FeatureLayout& FeatureExtractor::layout() const { return impl_->layout; }

void FeatureExtractor::push(std::span<const float> samples) {
  if (impl_->finished) throw std::logic_error("no samples can follow finish()");
  if (!kernels::all_within(samples.data(), static_cast<int>(samples.size()), kLargestSample)) {
    refuse_sample(samples, impl_->num_samples);
  }
  impl_->num_samples += static_cast<std::int64_t>(samples.size());
  impl_->take(samples);
}

void FeatureExtractor::finish() {
  if (impl_->finished) return;
  impl_->finished = true;
  const std::vector<float> zeros(static_cast<std::size_t>(impl_->lookahead), 0.0F);
  impl_->take(zeros);
}

FeatureSet FeatureExtractor::pull() {
  FeatureSet set;
  const Eigen::Index rows = static_cast<Eigen::Index>(impl_->energy_rows.size());
  set.spectrogram = Eigen::Map<const RowMatrixXf>(impl_->spectrogram_rows.data(), rows,
                                                  impl_->layout.spectrogram_columns());
  set.lld = Eigen::Map<const RowMatrixXf>(impl_->lld_rows.data(), rows, impl_->layout.lld_width());
  set.energy_db = Eigen::Map<const Eigen::VectorXf>(impl_->energy_rows.data(), rows);
  impl_->spectrogram_rows.clear();
  impl_->lld_rows.clear();
  impl_->energy_rows.clear();
  return set;
}

FeatureSet extract_features(std::span<const float> samples, const FeatureOptions& options,
                            const VadOptions& vad, int sample_rate_hz) {
  FeatureExtractor extractor(options, sample_rate_hz);
  extractor.push(samples);
  extractor.finish();
  FeatureSet set = extractor.pull();
  set.kept = voice_activity({set.energy_db.data(), static_cast<std::size_t>(set.energy_db.size())},
                            static_cast<double>(options.frame.hop_samples) / sample_rate_hz, vad);
  return set;
}

}  // namespace mer
