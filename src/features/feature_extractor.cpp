#include "mer/features/feature_extractor.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "feature_layout.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/features/stft.hpp"
#include "mer/signal/kernels.hpp"

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

// Names the first sample that is out of range.
void refuse_out_of_range(std::span<const float> samples, std::int64_t num_before) {
  int num_bad = 0;  // a loop without branches
  for (const float x : samples) num_bad += !(std::abs(x) <= kLargestSample);
  if (num_bad == 0) return;
  const auto bad = std::find_if(samples.begin(), samples.end(),
                                [](float x) { return !(std::abs(x) <= kLargestSample); });
  throw InputError("sample " + std::to_string(num_before + (bad - samples.begin())) + " is " +
                       (std::isnan(*bad) ? std::string("not a number")
                                         : format_number(static_cast<double>(*bad))) +
                       ": samples must lie in -1e6…1e6, full scale is 1",
                   "convert the recording again, or leave it out");
}

/// A part of the extractor that is there only when the features ask for it.
template <class Part, class... Arguments>
std::optional<Part> made_if(bool wanted, const Arguments&... arguments) {
  return wanted ? std::optional<Part>(std::in_place, arguments...) : std::nullopt;
}

/// Where each family's columns begin; −1 for those that are not wanted.
struct FirstColumns {
  explicit FirstColumns(const FeatureLayout& layout) {
    for (const ColumnGroup& group : layout.lld) of(group.name) = group.first_column;
  }

  int mfcc = -1;
  int residual_phase = -1;
  int f0 = -1;
  int voicing = -1;
  int formants = -1;
  int contrast = -1;
  int chroma = -1;

 private:
  int& of(const std::string& family) {
    for (const auto& [name, column] : {std::pair<std::string_view, int*>{"mfcc", &mfcc},
                                       {"residual_phase", &residual_phase},
                                       {"f0", &f0},
                                       {"voicing", &voicing},
                                       {"formants", &formants},
                                       {"contrast", &contrast},
                                       {"chroma", &chroma}}) {
      if (name == family) return *column;
    }
    throw std::logic_error("no code computes '" + family + "'");
  }
};

/// The part of the signal that frames still need, addressed by sample numbers from the signal's
/// start. There are zeros before the start.
class SampleWindow {
 public:
  SampleWindow(std::int64_t history, std::size_t capacity)
      : history_(history), first_(-history), capacity_(capacity) {
    samples_.reserve(capacity);
    samples_.assign(static_cast<std::size_t>(history), 0.0);
  }

  std::int64_t end() const { return first_ + static_cast<std::int64_t>(samples_.size()); }
  std::span<const double> at(std::int64_t sample, std::int64_t count) const {
    return {samples_.data() + (sample - first_), static_cast<std::size_t>(count)};
  }

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
  std::vector<double> samples_;
};

}  // namespace

struct FeatureExtractor::Impl {
  Impl(const FeatureOptions& options_in, int sample_rate_hz)
      : options(options_in),
        layout(make_feature_layout(options_in, checked_rate(sample_rate_hz))),
        first(layout),
        spectrum(options.frame.window_samples),
        power_spectrum(options.frame),
        has_cepstrum(first.mfcc >= 0 || first.residual_phase >= 0),
        has_pitch(first.f0 >= 0 || first.voicing >= 0 || first.formants >= 0),
        log_mel(options.mel.num_bands) {
    const int window = options.frame.window_samples;
    // Bands that don't fit are an error only where they are used.
    mel = made_if<MelFilterBank>(options.spectrogram != SpectrogramKind::kLinear || has_cepstrum,
                                 options.mel, window, sample_rate_hz);
    mfcc = made_if<Mfcc>(has_cepstrum, options.mfcc, options.mel.num_bands);
    residual_phase =
        made_if<ResidualPhase>(first.residual_phase >= 0, options.residual_phase, window);
    phase_spectrum = made_if<SinglePowerSpectrum>(first.residual_phase >= 0, options.frame);
    pitch = made_if<PitchTracker>(has_pitch, options.pitch, window, sample_rate_hz);
    formants =
        made_if<FormantTracker>(first.formants >= 0, options.formants, window, sample_rate_hz);
    contrast =
        made_if<SpectralContrast>(first.contrast >= 0, options.contrast, window, sample_rate_hz);
    chroma = made_if<Chroma>(first.chroma >= 0, options.chroma, window, sample_rate_hz);

    lookahead = chroma ? chroma->margin_samples() : 0;
    history = std::max(residual_phase ? residual_phase->history_samples() : 0,
                       static_cast<int>(lookahead));
    const std::int64_t reach = history + padding;
    signal.emplace(reach, static_cast<std::size_t>(2 * (reach + window + lookahead) +
                                                   8 * std::int64_t{options.frame.hop_samples}));
    spectrogram_row.resize(static_cast<std::size_t>(layout.spectrogram_columns()));
    lld_row.resize(static_cast<std::size_t>(layout.lld_width()));
  }

  void take(std::span<const float> samples);
  void compute_ready_frames();
  void compute_frame(std::int64_t start);
  void compute_features(std::int64_t start);
  void compute_spectrogram(const Eigen::ArrayXf& power);
  void compute_pitch_and_formants(const Eigen::ArrayXf& power);
  void compute_residual_phase(std::int64_t start);
  void hold_pitch_and_formants() {
    if (first.f0 >= 0) *columns(first.f0) = last_pitch;
    if (first.formants >= 0) {
      std::copy(last_formants.begin(), last_formants.end(), columns(first.formants));
    }
  }
  bool is_silent_around(std::int64_t start) const;
  float* columns(int first_column) { return lld_row.data() + first_column; }
  std::int64_t start_of_next_frame() const {
    return next_frame * options.frame.hop_samples - padding;
  }

  FeatureOptions options;
  FeatureLayout layout;
  FirstColumns first;
  FrameSpectrum spectrum;
  PowerSpectrum power_spectrum;
  bool has_cepstrum;
  bool has_pitch;
  std::optional<MelFilterBank> mel;
  std::optional<Mfcc> mfcc;
  std::optional<ResidualPhase> residual_phase;
  std::optional<SinglePowerSpectrum> phase_spectrum;
  std::optional<PitchTracker> pitch;
  std::optional<FormantTracker> formants;
  std::optional<SpectralContrast> contrast;
  std::optional<Chroma> chroma;
  Eigen::ArrayXf log_mel;
  Eigen::ArrayXf compressed;

  std::int64_t padding = options.frame.padding_samples();  // zeros before the first sample
  std::int64_t lookahead = 0;  // samples after a frame that its features depend on
  std::int64_t history = 0;    // samples before a frame that they depend on
  std::optional<SampleWindow> signal;
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
    const std::size_t taken = signal->append(samples, start_of_next_frame());
    samples = samples.subspan(taken);
    compute_ready_frames();
  }
}

void FeatureExtractor::Impl::compute_ready_frames() {
  if (num_samples < options.frame.window_samples) return;
  const std::int64_t end_of_frames = num_samples + (finished ? padding : 0);
  while (true) {
    const std::int64_t start = start_of_next_frame();
    const std::int64_t end = start + options.frame.window_samples;
    if (end > end_of_frames || end + lookahead > signal->end()) return;
    compute_frame(start);
    ++next_frame;
  }
}

// Whether a frame and all samples that its features depend on are digital silence.
bool FeatureExtractor::Impl::is_silent_around(std::int64_t start) const {
  const std::int64_t begin = start - history;
  const std::int64_t count = history + options.frame.window_samples + lookahead;
  const std::span<const double> samples = signal->at(begin, count);
  return std::all_of(samples.begin(), samples.end(), [](double sample) { return sample == 0.0; });
}

void FeatureExtractor::Impl::compute_frame(std::int64_t start) {
  const int window = options.frame.window_samples;
  spectrum.compute(signal->at(start, window));
  double energy = 0.0;
  kernels::products(spectrum.samples(), 0, spectrum.samples(), 1, window, &energy);
  const bool is_silent = energy == 0.0 && is_silent_around(start);
  if (is_silent && !silent_spectrogram_row.empty()) {
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
  const Eigen::ArrayXf& power = power_spectrum.compute(spectrum);
  if (chroma) {
    const int margin = chroma->margin_samples();
    const Eigen::ArrayXf& values =
        chroma->has_own_spectrum() ? chroma->compute_long(signal->at(
                                         start - margin, options.frame.window_samples + 2 * margin))
                                   : chroma->compute(power);
    std::copy_n(values.data(), Chroma::kSize, columns(first.chroma));
  }
  if (contrast) {
    std::copy_n(contrast->compute(power).data(), contrast->size(), columns(first.contrast));
  }
  compute_spectrogram(power);
  if (has_pitch) compute_pitch_and_formants(power);
  if (residual_phase) compute_residual_phase(start);
}

void FeatureExtractor::Impl::compute_spectrogram(const Eigen::ArrayXf& power) {
  const Eigen::ArrayXf* row = &power;
  if (mel) {
    const Eigen::ArrayXf& mel_power = mel->compute(power);
    if (options.spectrogram == SpectrogramKind::kLogMel || first.mfcc >= 0) {
      power_to_db(mel_power, log_mel);
    }
    if (first.mfcc >= 0) {
      std::copy_n(mfcc->compute(log_mel).data(), mfcc->num_coefficients(), columns(first.mfcc));
    }
    if (options.spectrogram == SpectrogramKind::kLogMel) row = &log_mel;
    if (options.spectrogram == SpectrogramKind::kMel) row = &mel_power;
    if (options.spectrogram == SpectrogramKind::kCompressedMel) {
      compress_power(mel_power, compressed);
      row = &compressed;
    }
  }
  std::copy_n(row->data(), row->size(), spectrogram_row.data());
}

void FeatureExtractor::Impl::compute_pitch_and_formants(const Eigen::ArrayXf& power) {
  const Pitch found = pitch->compute(spectrum);
  if (found.voiced) last_pitch = semitones_above_55_hz(found.frequency_hz);
  if (first.voicing >= 0) *columns(first.voicing) = found.voicing;
  if (formants) {
    const Formants resonances = formants->compute(power, found.voiced ? found.frequency_hz : 0.0F);
    for (std::size_t i = 0; i < static_cast<std::size_t>(resonances.found); ++i) {
      last_formants[2 * i] = resonances.frequency_hz[i];
      last_formants[2 * i + 1] = resonances.bandwidth_hz[i];
    }
  }
  hold_pitch_and_formants();
}

// The mel bands and their cepstrum are the residual phase's from here on.
void FeatureExtractor::Impl::compute_residual_phase(std::int64_t start) {
  const int before = residual_phase->history_samples();
  const Eigen::ArrayXf& phase =
      residual_phase->compute(signal->at(start - before, options.frame.window_samples + before));
  const std::span<const float> phase_samples(phase.data(), static_cast<std::size_t>(phase.size()));
  power_to_db(mel->compute(phase_spectrum->compute(phase_samples)), log_mel);
  std::copy_n(mfcc->compute(log_mel).data(), mfcc->num_coefficients(),
              columns(first.residual_phase));
}

FeatureExtractor::FeatureExtractor(const FeatureOptions& options, int sample_rate_hz)
    : impl_(std::make_unique<Impl>(options, sample_rate_hz)) {}
FeatureExtractor::~FeatureExtractor() = default;
FeatureExtractor::FeatureExtractor(FeatureExtractor&&) noexcept = default;
FeatureExtractor& FeatureExtractor::operator=(FeatureExtractor&&) noexcept = default;

const FeatureLayout& FeatureExtractor::layout() const { return impl_->layout; }

void FeatureExtractor::push(std::span<const float> samples) {
  if (impl_->finished) throw std::logic_error("no samples can follow finish()");
  refuse_out_of_range(samples, impl_->num_samples);
  impl_->num_samples += static_cast<std::int64_t>(samples.size());
  impl_->take(samples);
}

void FeatureExtractor::finish() {
  if (impl_->finished) return;
  impl_->finished = true;
  const std::vector<float> zeros(static_cast<std::size_t>(impl_->lookahead + impl_->padding), 0.0F);
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
