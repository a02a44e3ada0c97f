#include "mer/features/feature_extractor.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <string>

#include "feature_layout.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/features/frame_features.hpp"
#include "mer/signal/aligned_vector.hpp"
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
  AlignedVector<double> samples_;
};

}  // namespace

struct FeatureExtractor::Impl {
  Impl(const FeatureOptions& options_in, int sample_rate_hz)
      : options(options_in),
        layout(make_feature_layout(options_in, checked_rate(sample_rate_hz))),
        analysis(options, sample_rate_hz) {
    // Bands that don't fit are an error only where they are used.
    if (options.spectrogram != SpectrogramKind::kLinear) analysis.use_mel();
    spectrogram_row.resize(static_cast<std::size_t>(layout.spectrogram_columns()));
    lld_row.resize(static_cast<std::size_t>(layout.lld_width()));
    for (const ColumnGroup& group : layout.lld) {
      features.push_back({options.table().find(group.name)->make(analysis),
                          std::span(lld_row).subspan(static_cast<std::size_t>(group.first_column),
                                                     static_cast<std::size_t>(group.num_columns))});
      history = std::max<std::int64_t>(history, features.back().feature->samples_before());
      lookahead = std::max<std::int64_t>(lookahead, features.back().feature->samples_behind());
    }
    // In whole cache lines: with usual hops all frames then begin at one's start.
    const std::int64_t reach = (std::max(history, lookahead) + padding + 7) / 8 * 8;
    signal.emplace(reach,
                   static_cast<std::size_t>(2 * (reach + options.frame.window_samples + lookahead) +
                                            8 * std::int64_t{options.frame.hop_samples}));
  }

  void take(std::span<const float> samples);
  void compute_ready_frames();
  void compute_frame(std::int64_t start);
  void compute_spectrogram();
  bool is_silent_around(std::int64_t start) const;
  std::int64_t start_of_next_frame() const {
    return next_frame * options.frame.hop_samples - padding;
  }

  struct Part {
    std::unique_ptr<FrameFeature> feature;
    std::span<float> columns;  // of lld_row
  };

  FeatureOptions options;
  FeatureLayout layout;
  FrameAnalysis analysis;
  std::vector<Part> features;

  std::int64_t padding = options.frame.padding_samples();  // zeros before the first sample
  std::int64_t lookahead = 0;  // samples after a frame that its features depend on
  std::int64_t history = 0;    // samples before a frame that they depend on
  std::optional<SampleWindow> signal;
  std::int64_t num_samples = 0;  // pushed so far
  std::int64_t next_frame = 0;
  bool finished = false;

  Eigen::ArrayXf compressed;
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
  analysis.set_frame(signal->at(start, window).data());
  const double* const samples = analysis.spectrum().samples();
  double energy = 0.0;
  kernels::products(samples, 0, samples, 1, window, &energy);
  const bool is_silent = energy == 0.0 && is_silent_around(start);
  if (is_silent && !silent_spectrogram_row.empty()) {
    spectrogram_row = silent_spectrogram_row;
    for (const Part& part : features) {
      if (part.feature->holds_values()) continue;
      std::copy_n(silent_lld_row.begin() + (part.columns.data() - lld_row.data()),
                  part.columns.size(), part.columns.begin());
    }
  } else {
    compute_spectrogram();
    for (const Part& part : features) part.feature->compute(analysis, part.columns);
    if (is_silent) {
      silent_spectrogram_row = spectrogram_row;
      silent_lld_row = lld_row;
    }
  }
  spectrogram_rows.insert(spectrogram_rows.end(), spectrogram_row.begin(), spectrogram_row.end());
  lld_rows.insert(lld_rows.end(), lld_row.begin(), lld_row.end());
  energy_rows.push_back(level_db(energy / window));
}

void FeatureExtractor::Impl::compute_spectrogram() {
  Eigen::Map<Eigen::ArrayXf> row(spectrogram_row.data(), layout.spectrogram_columns());
  switch (options.spectrogram) {
    case SpectrogramKind::kLinear:
      row = analysis.power();
      break;
    case SpectrogramKind::kLogMel:
      row = analysis.log_mel_db();
      break;
    case SpectrogramKind::kMel:
      row = analysis.mel_power();
      break;
    case SpectrogramKind::kCompressedMel:
      compress_power(analysis.mel_power(), compressed);
      row = compressed;
  }
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
