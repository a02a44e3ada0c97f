#include "mer/audio/audio_reader.hpp"

#include <soxr.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "sample_source.hpp"

namespace mer {
namespace {

constexpr std::size_t kBlockFrames = 8192;  ///< decoded at a time, whatever the caller's block is
constexpr int kMinFileRateHz = 1000;
constexpr int kMaxFileRateHz = 1'000'000;
/// Full scale is 1; files of integers stored as floats reach 2^31. What is beyond is damage, and
/// its square would soon be infinite.
constexpr float kMaxMagnitude = 4e9F;

struct SoxrDeleter {
  void operator()(soxr* resampler) const { soxr_delete(resampler); }
};
using SoxrPtr = std::unique_ptr<soxr, SoxrDeleter>;

unsigned long soxr_recipe(AudioOptions::Resampler quality) {
  switch (quality) {
    case AudioOptions::Resampler::kLow:
      return SOXR_LQ;
    case AudioOptions::Resampler::kMedium:
      return SOXR_MQ;
    case AudioOptions::Resampler::kHigh:
      return SOXR_HQ;
    case AudioOptions::Resampler::kVeryHigh:
      return SOXR_VHQ;
  }
  return SOXR_HQ;
}

SoxrPtr make_resampler(int from_hz, int to_hz, AudioOptions::Resampler quality) {
  if (from_hz == to_hz) return nullptr;
  const soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
  const soxr_quality_spec_t spec = soxr_quality_spec(soxr_recipe(quality), 0);
  const soxr_runtime_spec_t runtime = soxr_runtime_spec(1);  // one thread: songs run in parallel
  soxr_error_t error = nullptr;
  SoxrPtr resampler(soxr_create(from_hz, to_hz, 1, &error, &io, &spec, &runtime));
  if (error != nullptr || resampler == nullptr) {
    throw Error("cannot resample from " + std::to_string(from_hz) + " Hz to " +
                std::to_string(to_hz) + " Hz: " + (error != nullptr ? error : "no memory"));
  }
  return resampler;
}

InputError not_readable(const std::filesystem::path& path, const NotForSndfile& refusal) {
  const std::string codec = guess_codec(path);
  const std::filesystem::path wav = path.stem().concat(".wav");
  if (codec.empty()) {
    return InputError(
        path.string() + ": not an audio file that can be read here: " + refusal.reason,
        "if it is audio, install ffmpeg, which reads more formats");
  }
  return InputError(path.string() + ": cannot decode " + codec + " without ffmpeg",
                    "install ffmpeg, or convert the file where it is: ffmpeg -i " +
                        shell_quoted(path) + " " + shell_quoted(wav));
}

std::unique_ptr<SampleSource> open_source(const std::filesystem::path& path) {
  NotForSndfile refusal;
  if (auto source = open_by_sndfile(path, refusal)) return source;
  if (auto source = open_by_ffmpeg(path)) return source;
  throw not_readable(path, refusal);
}

std::int64_t frames_of(double seconds, int rate_hz) {
  const double frames = std::round(seconds * rate_hz);
  return frames < 9e18 ? static_cast<std::int64_t>(frames)
                       : std::numeric_limits<std::int64_t>::max();
}

}  // namespace

void AudioOptions::visit(OptionsVisitor& v) {
  v.field("sample_rate_hz", sample_rate_hz, between(1000, 192000),
          "every file is resampled to this rate, in Hz");
  v.field("start_s", start_s, at_least(0), "skip this much of each file, in seconds");
  v.field("duration_s", duration_s, at_least(0),
          "read at most this much after start_s, in seconds; 0 reads to the end");
  v.field("pad_to_s", pad_to_s, at_least(0),
          "fill shorter songs with masked zero frames up to this length, in seconds; 0 is off");
  v.choice("resampler", resampler,
           {{"low", Resampler::kLow},
            {"medium", Resampler::kMedium},
            {"high", Resampler::kHigh},
            {"very_high", Resampler::kVeryHigh}},
           "quality of libsoxr's resampling");
  v.field("level_dbfs", level_dbfs, between(-60, 0),
          "bring every song to this level, in dB of full scale; 0 leaves it as it is");
}

struct AudioReader::Impl {
  Impl(std::filesystem::path path, const AudioOptions& options);

  std::size_t read(std::span<float> block);
  void collect_warnings();

  float gain_ = 1.0F;
  std::filesystem::path path_;
  std::unique_ptr<SampleSource> source_;
  AudioInfo info_;
  std::vector<std::string> warnings_;

 private:
  void skip_to(std::int64_t frame);
  void fetch();          // fills interleaved_; none at the end of the file or of duration_s
  bool next_mono();      // mixes what was fetched and fetches the next; false at the end
  bool refill();         // fills ready_; false at the end
  void resample_more();  // one call of the resampler
  void mix_down();
  void finish();
  [[noreturn]] void refuse_sample(std::size_t frame) const;

  AudioOptions options_;
  std::int64_t position_ = 0;       // frames of the file behind interleaved_
  std::int64_t remaining_ = 0;      // frames still to fetch
  std::vector<float> interleaved_;  // [kBlockFrames, num_channels]
  std::size_t fetched_ = 0;         // frames in interleaved_
  bool at_file_end_ = false;

  std::vector<float> mono_;  // one block mixed down
  std::size_t mono_begin_ = 0;
  SoxrPtr resampler_;  // none when the file's rate is the one asked for
  bool flushing_ = false;
  bool done_ = false;
  std::vector<float> ready_;
  std::size_t ready_begin_ = 0;
};

AudioReader::Impl::Impl(std::filesystem::path path, const AudioOptions& options)
    : path_(std::move(path)), options_(options) {
  if (options.sample_rate_hz <= 0) throw std::invalid_argument("sample_rate_hz must be positive");
  source_ = open_source(path_);
  info_ = source_->info();
  if (info_.sample_rate_hz < kMinFileRateHz || info_.sample_rate_hz > kMaxFileRateHz) {
    throw InputError(path_.string() + ": a sample rate of " + std::to_string(info_.sample_rate_hz) +
                         " Hz; allowed are " + std::to_string(kMinFileRateHz) + "…" +
                         std::to_string(kMaxFileRateHz) + " Hz",
                     "the file's header may be damaged; convert it again from its source");
  }
  interleaved_.resize(kBlockFrames * static_cast<std::size_t>(info_.num_channels));
  resampler_ = make_resampler(info_.sample_rate_hz, options.sample_rate_hz, options.resampler);
  skip_to(frames_of(options.start_s, info_.sample_rate_hz));
  remaining_ = options.duration_s > 0
                   ? std::max<std::int64_t>(1, frames_of(options.duration_s, info_.sample_rate_hz))
                   : std::numeric_limits<std::int64_t>::max();
  fetch();
  if (fetched_ > 0) return;
  if (position_ == 0) {
    throw InputError(path_.string() + ": holds no samples",
                     "the file may have been cut off; get it again from its source");
  }
  throw InputError(path_.string() + ": audio.start_s is " + format_number(options.start_s) +
                       " but the file is only " + time_of_frame(position_, info_.sample_rate_hz) +
                       " long",
                   "lower it: --set audio.start_s=0");
}

void AudioReader::Impl::skip_to(std::int64_t frame) {
  if (frame == 0) return;
  if (source_->seek_exactly(frame)) {
    position_ = frame;
    return;
  }
  const auto channels = static_cast<std::size_t>(info_.num_channels);
  while (position_ < frame) {
    const auto wanted = static_cast<std::size_t>(
        std::min<std::int64_t>(frame - position_, static_cast<std::int64_t>(kBlockFrames)));
    const std::size_t got = source_->read(std::span(interleaved_).first(wanted * channels));
    if (got == 0) return;
    position_ += static_cast<std::int64_t>(got);
  }
}

void AudioReader::Impl::fetch() {
  const auto channels = static_cast<std::size_t>(info_.num_channels);
  const auto wanted = static_cast<std::size_t>(
      std::min<std::int64_t>(remaining_, static_cast<std::int64_t>(kBlockFrames)));
  fetched_ = 0;
  while (fetched_ < wanted) {  // a block is cut short by the end only, never by the decoder's mood
    const std::size_t got = source_->read(
        std::span(interleaved_).subspan(fetched_ * channels, (wanted - fetched_) * channels));
    if (got == 0) {
      at_file_end_ = true;
      break;
    }
    fetched_ += got;
  }
  position_ += static_cast<std::int64_t>(fetched_);
  remaining_ -= static_cast<std::int64_t>(fetched_);
}

void AudioReader::Impl::refuse_sample(std::size_t frame) const {
  const auto channels = static_cast<std::size_t>(info_.num_channels);
  const std::span<const float> values(interleaved_.data() + frame * channels, channels);
  const auto worst = std::find_if(values.begin(), values.end(),
                                  [](float value) { return !(std::abs(value) <= kMaxMagnitude); });
  const float value = worst != values.end() ? *worst : values.front();
  const std::int64_t at = position_ - static_cast<std::int64_t>(fetched_ - frame);
  const std::string what = std::isnan(value) ? "not a number"
                           : std::isinf(value)
                               ? "infinite"
                               : format_number(value) + ", far beyond full scale (1)";
  throw InputError(path_.string() + ": the sample at " + time_of_frame(at, info_.sample_rate_hz) +
                       " is " + what + " (frame " + std::to_string(at) + ", channel " +
                       std::to_string(worst - values.begin() + 1) + ")",
                   "the file is damaged; make it again from its source");
}

void AudioReader::Impl::mix_down() {
  const auto channels = static_cast<std::size_t>(info_.num_channels);
  mono_.resize(fetched_);
  mono_begin_ = 0;
  const std::span<const float> values(interleaved_.data(), fetched_ * channels);
  int bad_values = 0;  // counted without a branch, so that the loop becomes vector instructions
  for (const float value : values) bad_values += std::abs(value) <= kMaxMagnitude ? 0 : 1;  // NaN
  if (bad_values > 0) {
    const auto bad = std::find_if(values.begin(), values.end(),
                                  [](float value) { return !(std::abs(value) <= kMaxMagnitude); });
    refuse_sample(static_cast<std::size_t>(bad - values.begin()) / channels);
  }
  if (channels == 1) {
    std::copy(values.begin(), values.end(), mono_.begin());
  } else if (channels == 2) {
    for (std::size_t frame = 0; frame < fetched_; ++frame) {
      mono_[frame] = 0.5F * (values[2 * frame] + values[2 * frame + 1]);
    }
  } else {
    const float share = 1.0F / static_cast<float>(channels);
    for (std::size_t frame = 0; frame < fetched_; ++frame) {
      float sum = 0.0F;
      for (std::size_t c = 0; c < channels; ++c) sum += values[frame * channels + c];
      mono_[frame] = sum * share;
    }
  }
  if (gain_ == 1.0F) return;
  for (float& sample : mono_) sample *= gain_;
}

bool AudioReader::Impl::next_mono() {
  if (fetched_ == 0) return false;
  mix_down();
  fetched_ = 0;
  if (remaining_ > 0 && !at_file_end_) fetch();
  return true;
}

void AudioReader::Impl::resample_more() {
  const double ratio = static_cast<double>(options_.sample_rate_hz) / info_.sample_rate_hz;
  const auto capacity = static_cast<std::size_t>(kBlockFrames * std::max(1.0, std::ceil(ratio)));
  ready_.resize(capacity);
  std::size_t consumed = 0;
  std::size_t produced = 0;
  const std::size_t available = mono_.size() - mono_begin_;
  const soxr_error_t error =
      flushing_
          ? soxr_process(resampler_.get(), nullptr, 0, nullptr, ready_.data(), capacity, &produced)
          : soxr_process(resampler_.get(), mono_.data() + mono_begin_, available, &consumed,
                         ready_.data(), capacity, &produced);
  if (error != nullptr) throw Error(path_.string() + ": resampling failed: " + error);
  mono_begin_ += consumed;
  ready_.resize(produced);
}

bool AudioReader::Impl::refill() {
  ready_begin_ = 0;
  ready_.clear();
  if (resampler_ == nullptr) {
    if (!next_mono()) return false;
    ready_.swap(mono_);
    return true;
  }
  while (ready_.empty()) {
    if (!flushing_ && mono_begin_ == mono_.size()) flushing_ = !next_mono();
    resample_more();
    if (flushing_ && ready_.empty()) return false;
  }
  return true;
}

void AudioReader::Impl::finish() {
  done_ = true;
  if (at_file_end_) info_.duration_s = static_cast<double>(position_) / info_.sample_rate_hz;
  collect_warnings();
}

void AudioReader::Impl::collect_warnings() {
  warnings_ = source_->warnings();
  if (2 * info_.sample_rate_hz < options_.sample_rate_hz) {
    warnings_.push_back("recorded at " + std::to_string(info_.sample_rate_hz) +
                        " Hz: nothing sounds above " + std::to_string(info_.sample_rate_hz / 2) +
                        " Hz, unlike in music at " + std::to_string(options_.sample_rate_hz) +
                        " Hz");
  }
}

std::size_t AudioReader::Impl::read(std::span<float> block) {
  std::size_t written = 0;
  while (written < block.size() && !done_) {
    if (ready_begin_ == ready_.size() && !refill()) {
      finish();
      break;
    }
    const std::size_t count = std::min(block.size() - written, ready_.size() - ready_begin_);
    std::copy_n(ready_.begin() + static_cast<std::ptrdiff_t>(ready_begin_), count,
                block.begin() + static_cast<std::ptrdiff_t>(written));
    ready_begin_ += count;
    written += count;
  }
  return written;
}

AudioReader::AudioReader(const std::filesystem::path& path, const AudioOptions& options)
    : impl_(std::make_unique<Impl>(path, options)) {
  impl_->collect_warnings();
  if (options.level_dbfs == 0.0) return;
  const double level_dbfs = song_level_dbfs(path, options);
  if (!std::isfinite(level_dbfs)) return;
  impl_->gain_ = static_cast<float>(std::pow(10.0, (options.level_dbfs - level_dbfs) / 20.0));
}
AudioReader::~AudioReader() = default;
AudioReader::AudioReader(AudioReader&&) noexcept = default;
AudioReader& AudioReader::operator=(AudioReader&&) noexcept = default;

const AudioInfo& AudioReader::info() const { return impl_->info_; }
std::size_t AudioReader::read(std::span<float> block) { return impl_->read(block); }
const std::vector<std::string>& AudioReader::warnings() const { return impl_->warnings_; }

double song_level_dbfs(const std::filesystem::path& path, const AudioOptions& options) {
  constexpr double kBlockSeconds = 0.4;
  constexpr double kAbsoluteGate = 1e-7;  // -70 dBFS as power
  constexpr double kRelativeGate = 0.1;   // -10 dB
  AudioOptions as_recorded = options;
  as_recorded.level_dbfs = 0.0;
  as_recorded.sample_rate_hz = AudioReader(path, as_recorded).info().sample_rate_hz;
  AudioReader reader(path, as_recorded);
  std::vector<float> block(
      static_cast<std::size_t>(std::max(1.0, kBlockSeconds * as_recorded.sample_rate_hz)));
  std::vector<double> powers;
  while (const std::size_t count = reader.read(block)) {
    if (count < block.size() && !powers.empty()) break;  // the rest is too short to count
    double sum = 0.0;
    for (std::size_t i = 0; i < count; ++i) sum += static_cast<double>(block[i]) * block[i];
    powers.push_back(sum / static_cast<double>(count));
  }
  const auto mean_above = [&](double gate) {
    double sum = 0.0;
    double count = 0.0;
    for (const double power : powers) {
      if (power < gate) continue;
      sum += power;
      ++count;
    }
    return sum / count;  // NaN without any
  };
  const double ungated = mean_above(kAbsoluteGate);
  if (std::isnan(ungated)) return -std::numeric_limits<double>::infinity();
  return 10.0 * std::log10(mean_above(std::max(kAbsoluteGate, kRelativeGate * ungated)));
}

std::vector<float> read_audio(const std::filesystem::path& path, const AudioOptions& options) {
  AudioReader reader(path, options);
  std::vector<float> samples;
  std::vector<float> block(1 << 16);
  while (const std::size_t count = reader.read(block)) {
    samples.insert(samples.end(), block.begin(),
                   block.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return samples;
}

}  // namespace mer
