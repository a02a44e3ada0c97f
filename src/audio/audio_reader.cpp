#include "mer/audio/audio_reader.hpp"

#include <soxr.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <stdexcept>
#include <utility>

#include "mer/core/error.hpp"
#include "song_survey.hpp"

namespace mer {
namespace {

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

void require_rate(const AudioOptions& options) {
  if (options.sample_rate_hz <= 0) throw std::invalid_argument("sample_rate_hz must be positive");
}

void warn_of_low_rate(int rate_hz, const AudioOptions& options,
                      std::vector<std::string>& warnings) {
  if (2 * rate_hz >= options.sample_rate_hz) return;
  warnings.push_back("recorded at " + std::to_string(rate_hz) + " Hz: nothing sounds above " +
                     std::to_string(rate_hz / 2) + " Hz, unlike in music at " +
                     std::to_string(options.sample_rate_hz) + " Hz");
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
  /// Gives the song's samples from the start, if it is not held.
  using OpenAgain = std::function<std::unique_ptr<SampleSource>(bool by_ffmpeg)>;

  Impl(std::filesystem::path path, const AudioOptions& options,
       std::shared_ptr<const Survey> survey, OpenAgain open_again);

  std::unique_ptr<Impl> again(const AudioOptions& options) const;
  std::size_t read(std::span<float> block);
  const Survey& survey() const { return *survey_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  bool next_mono();      // the next block in mono_; false at the end
  bool refill();         // fills ready_; false at the end
  void resample_more();  // one call of the resampler

  std::filesystem::path path_;
  AudioOptions options_;
  std::shared_ptr<const Survey> survey_;
  OpenAgain open_again_;
  Mix mix_;
  std::vector<std::string> warnings_;
  std::optional<PartReader> again_;  // of a song that is not held
  std::size_t taken_ = 0;            // samples of one that is

  std::vector<float> mono_;
  std::size_t mono_begin_ = 0;
  SoxrPtr resampler_;  // none when the file's rate is the one asked for
  bool flushing_ = false;
  bool done_ = false;
  std::vector<float> ready_;
  std::size_t ready_begin_ = 0;
};

AudioReader::Impl::Impl(std::filesystem::path path, const AudioOptions& options,
                        std::shared_ptr<const Survey> survey, OpenAgain open_again)
    : path_(std::move(path)),
      options_(options),
      survey_(std::move(survey)),
      open_again_(std::move(open_again)),
      mix_(survey_->mix),
      warnings_(survey_->warnings) {
  const int rate_hz = survey_->info.sample_rate_hz;
  warn_of_low_rate(rate_hz, options, warnings_);
  if (options.level_dbfs != 0.0 && std::isfinite(survey_->level_dbfs)) {
    mix_.gain =
        static_cast<float>(std::pow(10.0, (options.level_dbfs - survey_->level_dbfs) / 20.0));
  }
  resampler_ = make_resampler(rate_hz, options.sample_rate_hz, options.resampler);
  if (!survey_->mono.empty()) return;
  auto source = open_again_(survey_->by_ffmpeg);
  if (source == nullptr) throw InputError(path_.string() + ": changed while it was read");
  again_.emplace(path_, std::move(source), options);
}

std::unique_ptr<AudioReader::Impl> AudioReader::Impl::again(const AudioOptions& options) const {
  if (options.start_s != options_.start_s || options.duration_s != options_.duration_s) {
    throw std::invalid_argument("AudioReader::again: another part of the song");
  }
  return std::make_unique<Impl>(path_, options, survey_, open_again_);
}

bool AudioReader::Impl::next_mono() {
  mono_begin_ = 0;
  if (again_) {
    mix_down(again_->next(), again_->channels(), mix_, mono_);
  } else {
    const std::size_t count = std::min(kBlockFrames, survey_->mono.size() - taken_);
    const auto first = survey_->mono.begin() + static_cast<std::ptrdiff_t>(taken_);
    mono_.assign(first, first + static_cast<std::ptrdiff_t>(count));
    taken_ += count;
  }
  if (mix_.offset != 0.0F) {
    for (float& sample : mono_) sample -= mix_.offset;
  }
  if (mix_.gain != 1.0F) {
    for (float& sample : mono_) sample *= mix_.gain;
  }
  return !mono_.empty();
}

void AudioReader::Impl::resample_more() {
  const double ratio = static_cast<double>(options_.sample_rate_hz) / survey_->info.sample_rate_hz;
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

std::size_t AudioReader::Impl::read(std::span<float> block) {
  std::size_t written = 0;
  while (written < block.size() && !done_) {
    if (ready_begin_ == ready_.size() && !refill()) {
      done_ = true;
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

AudioReader::AudioReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AudioReader::AudioReader(const std::filesystem::path& path, const AudioOptions& options) {
  require_rate(options);
  impl_ = std::make_unique<Impl>(
      path, options, std::make_shared<const Survey>(survey_file(path, options)),
      [path](bool by_ffmpeg) {
        return by_ffmpeg ? open_by_ffmpeg(path) : open_by_libraries(path).source;
      });
}
AudioReader::AudioReader(const SampleArray& samples, const std::string& name,
                         const AudioOptions& options) {
  require_rate(options);
  if (samples.num_channels < 1 ||
      samples.interleaved.size() % static_cast<std::size_t>(samples.num_channels) != 0) {
    throw std::invalid_argument("samples that are no whole frames of " +
                                std::to_string(samples.num_channels) + " channels");
  }
  impl_ = std::make_unique<Impl>(
      name, options, std::make_shared<const Survey>(survey_array(samples, name, options)),
      [samples](bool) { return source_of_array(samples); });
}
AudioReader AudioReader::again(const AudioOptions& options) const {
  require_rate(options);
  return AudioReader(impl_->again(options));
}
AudioReader::~AudioReader() = default;
AudioReader::AudioReader(AudioReader&&) noexcept = default;
AudioReader& AudioReader::operator=(AudioReader&&) noexcept = default;

const AudioInfo& AudioReader::info() const { return impl_->survey().info; }
std::size_t AudioReader::read(std::span<float> block) { return impl_->read(block); }
const std::vector<std::string>& AudioReader::warnings() const { return impl_->warnings(); }

double song_level_dbfs(const std::filesystem::path& path, const AudioOptions& options) {
  return survey_file(path, options).level_dbfs;
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
