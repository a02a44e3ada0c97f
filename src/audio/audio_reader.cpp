#include "mer/audio/audio_reader.hpp"

#include <soxr.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"
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

InputError not_readable(const std::filesystem::path& path, const std::string& refusal) {
  const std::string codec = guess_codec(path);
  const std::filesystem::path wav = path.stem().concat(".wav");
  if (codec.empty()) {
    return InputError(path.string() + ": not an audio file that can be read here: " + refusal,
                      "if it is audio, install ffmpeg, which reads more formats");
  }
  return InputError(path.string() + ": cannot decode " + codec + " without ffmpeg",
                    "install ffmpeg, or convert the file where it is: ffmpeg -i " +
                        shell_quoted(path) + " " + shell_quoted(wav));
}

/// What is known of a file before anything decodes it.
struct OpenedFile {
  std::unique_ptr<SampleSource> source;  ///< null: neither library reads it
  KnownOfFile known;
  std::string refusal = "an unknown format";
};

OpenedFile open_by_libraries(const std::filesystem::path& path) {
  OpenedFile opened;
  FileBytes file(path);
  leave_out_tags(file);
  opened.known = correct_counts(file);
  if (!opened.known.songs.empty()) {
    opened.source = open_chain(path, file, opened.known);
    return opened;
  }
  if (!codec_of_bytes(file).empty()) return opened;
  constexpr std::array kOthers = {"RIFF", "RIFX", "RF64", "FORM", "riff",
                                  "caff", ".snd", "fLaC", "OggS"};
  const auto is_there = [&](const char* magic) { return file.has(0, magic); };
  if (std::none_of(kOthers.begin(), kOthers.end(), is_there)) {
    opened.source = open_mpeg(file, path.string());
    // libsndfile would take these for MPEG, and libmpg123 inside it would speak on stderr.
    if (opened.source != nullptr || file.has(0, "ID3") || file.has(0, "\xFF")) return opened;
  }
  opened.source = open_by_sndfile(file, opened.known, path.string(), opened.refusal);
  return opened;
}

std::int64_t frames_of(double seconds, int rate_hz) {
  const double frames = std::round(seconds * rate_hz);
  return frames < 9e18 ? static_cast<std::int64_t>(frames)
                       : std::numeric_limits<std::int64_t>::max();
}

/// The part of a file that is asked for, in blocks at the file's own rate.
class PartReader {
 public:
  PartReader(std::filesystem::path path, std::unique_ptr<SampleSource> source,
             const AudioOptions& options)
      : path_(std::move(path)), source_(std::move(source)) {
    const AudioInfo& info = source_->info();
    if (info.sample_rate_hz < kMinFileRateHz || info.sample_rate_hz > kMaxFileRateHz) {
      throw InputError(path_.string() + ": a sample rate of " +
                           std::to_string(info.sample_rate_hz) + " Hz; allowed are " +
                           std::to_string(kMinFileRateHz) + "…" + std::to_string(kMaxFileRateHz) +
                           " Hz",
                       "the file's header may be damaged; convert it again from its source");
    }
    interleaved_.resize(kBlockFrames * channels());
    skip_to(frames_of(options.start_s, info.sample_rate_hz));
    remaining_ = options.duration_s > 0
                     ? std::max<std::int64_t>(1, frames_of(options.duration_s, info.sample_rate_hz))
                     : std::numeric_limits<std::int64_t>::max();
  }

  /// Makes the next block; empty at the end of the file or of the part.
  /// @throws InputError for NaN, infinite or absurd samples, naming the time of the first one
  std::span<const float> next();

  const SampleSource& source() const { return *source_; }
  std::size_t channels() const { return static_cast<std::size_t>(source_->info().num_channels); }
  std::int64_t position() const { return position_; }  ///< in frames of the file
  bool at_file_end() const { return at_file_end_; }

 private:
  void skip_to(std::int64_t frame);
  void refuse_bad_samples(std::span<const float> values) const;

  std::filesystem::path path_;
  std::unique_ptr<SampleSource> source_;
  std::vector<float> interleaved_;  // [kBlockFrames, channels]
  std::int64_t position_ = 0;
  std::int64_t remaining_ = 0;  // frames still to read
  bool at_file_end_ = false;
};

void PartReader::skip_to(std::int64_t frame) {
  if (frame == 0) return;
  if (source_->seek_exactly(frame)) {
    position_ = frame;
    return;
  }
  while (position_ < frame) {
    const auto wanted = static_cast<std::size_t>(
        std::min<std::int64_t>(frame - position_, static_cast<std::int64_t>(kBlockFrames)));
    const std::size_t got = source_->read(std::span(interleaved_).first(wanted * channels()));
    if (got == 0) {
      at_file_end_ = true;
      return;
    }
    position_ += static_cast<std::int64_t>(got);
  }
}

std::span<const float> PartReader::next() {
  const auto wanted = static_cast<std::size_t>(
      std::min<std::int64_t>(remaining_, static_cast<std::int64_t>(kBlockFrames)));
  std::size_t filled = 0;
  // A block is cut short by the end only, never by the decoder's mood.
  while (filled < wanted && !at_file_end_) {
    const std::size_t got = source_->read(
        std::span(interleaved_).subspan(filled * channels(), (wanted - filled) * channels()));
    at_file_end_ = got == 0;
    filled += got;
  }
  position_ += static_cast<std::int64_t>(filled);
  remaining_ -= static_cast<std::int64_t>(filled);
  const std::span<const float> values = std::span(interleaved_).first(filled * channels());
  refuse_bad_samples(values);
  return values;
}

void PartReader::refuse_bad_samples(std::span<const float> values) const {
  int bad_values = 0;  // counted without a branch, so that the loop becomes vector instructions
  for (const float value : values) bad_values += std::abs(value) <= kMaxMagnitude ? 0 : 1;  // NaN
  if (bad_values == 0) return;
  const auto bad = std::find_if(values.begin(), values.end(),
                                [](float value) { return !(std::abs(value) <= kMaxMagnitude); });
  const std::size_t place = static_cast<std::size_t>(bad - values.begin());
  const auto at =
      position_ - static_cast<std::int64_t>(values.size() / channels() - place / channels());
  const std::string what =
      std::isnan(*bad)   ? "not a number"
      : std::isinf(*bad) ? "infinite"
                         : format_number(static_cast<double>(*bad)) + ", far beyond full scale (1)";
  throw InputError(path_.string() + ": the sample at " +
                       time_of_frame(at, source_->info().sample_rate_hz) + " is " + what +
                       " (frame " + std::to_string(at) + ", channel " +
                       std::to_string(place % channels() + 1) + ")",
                   "the file is damaged; make it again from its source");
}

/// How the channels of a song become one.
struct Mix {
  int channel = -1;     ///< this one alone; -1 = the mean of all
  float offset = 0.0F;  ///< a constant that is subtracted
  float gain = 1.0F;
};

/// The song as one channel, without the mix' offset and gain.
void mix_down(std::span<const float> values, std::size_t channels, const Mix& mix,
              std::vector<float>& mono) {
  const std::size_t frames = values.size() / channels;
  mono.resize(frames);
  if (channels == 1) {
    std::copy(values.begin(), values.end(), mono.begin());
  } else if (mix.channel >= 0) {
    const auto channel = static_cast<std::size_t>(mix.channel);
    for (std::size_t i = 0; i < frames; ++i) mono[i] = values[i * channels + channel];
  } else if (channels == 2) {
    for (std::size_t i = 0; i < frames; ++i) {
      mono[i] = 0.5F * (values[2 * i] + values[2 * i + 1]);
    }
  } else {
    const float share = 1.0F / static_cast<float>(channels);
    for (std::size_t i = 0; i < frames; ++i) {
      float sum = 0.0F;
      for (std::size_t c = 0; c < channels; ++c) sum += values[i * channels + c];
      mono[i] = sum * share;
    }
  }
}

/// Sums over a signal from which its power around any constant can be told.
struct Moments {
  double sum = 0.0;
  double squares = 0.0;
  double count = 0.0;

  void add(double value) {
    sum += value;
    squares += value * value;
  }
  void operator+=(const Moments& other) {
    sum += other.sum;
    squares += other.squares;
    count += other.count;
  }
  double mean() const { return count > 0.0 ? sum / count : 0.0; }
  double power_around(double constant) const {
    if (constant == 0.0) return squares / count;
    return std::max(0.0, (squares - 2.0 * constant * sum) / count + constant * constant);
  }
};

constexpr double kBlockSeconds = 0.4;

/// The moments of each 0.4 s of a song: of the mix and of every channel.
class BlockMoments {
 public:
  BlockMoments(int rate_hz, std::size_t channels)
      : channels_(channels > 1 ? channels : 0),
        block_frames_(std::max<std::size_t>(
            1, static_cast<std::size_t>(kBlockSeconds * static_cast<double>(rate_hz)))) {}

  void push(std::span<const float> values, std::span<const float> mono) {
    for (std::size_t done = 0; done < mono.size();) {
      if (in_block_ == 0) blocks_.resize(blocks_.size() + 1 + channels_);
      const std::size_t count = std::min(mono.size() - done, block_frames_ - in_block_);
      Moments* const block = &blocks_[blocks_.size() - 1 - channels_];
      Moments mix = block[0];  // a copy stays in registers
      for (const float value : mono.subspan(done, count)) mix.add(static_cast<double>(value));
      block[0] = mix;
      for (std::size_t c = 0; c < channels_; ++c) {
        Moments channel = block[1 + c];
        for (std::size_t i = done; i < done + count; ++i) {
          channel.add(static_cast<double>(values[i * channels_ + c]));
        }
        block[1 + c] = channel;
      }
      for (std::size_t c = 0; c <= channels_; ++c) block[c].count += static_cast<double>(count);
      in_block_ = (in_block_ + count) % block_frames_;
      done += count;
    }
  }

  /// 0 for the mix, 1 and more for the channels.
  Moments total(std::size_t signal) const {
    Moments total;
    for (std::size_t b = 0; b < size(); ++b) total += at(b, signal);
    return total;
  }
  Moments at(std::size_t block, std::size_t signal) const {
    return blocks_[block * (1 + channels_) + signal];
  }
  std::size_t size() const { return blocks_.size() / (1 + channels_); }
  std::size_t num_channels() const { return channels_; }
  /// The rest at the end is too short to count, unless there is nothing else.
  std::size_t num_whole() const { return in_block_ > 0 && size() > 1 ? size() - 1 : size(); }

 private:
  std::size_t channels_;  // 0 for a song of one, which is its mix
  std::size_t block_frames_;
  std::size_t in_block_ = 0;
  std::vector<Moments> blocks_;
};

/// The constant to subtract from a signal: its mean, unless that is 60 dB below what remains. Such
/// a small one is that of the music itself, and digital silence stays what it is.
double offset_of(const Moments& signal) {
  constexpr double kNegligible = 1e-6;
  const double mean = signal.mean();
  return mean * mean > kNegligible * signal.power_around(mean) ? mean : 0.0;
}

constexpr double kAbsoluteGate = 1e-7;  // -70 dBFS as power

double gated_level_dbfs(const BlockMoments& blocks, std::size_t signal, double offset) {
  constexpr double kRelativeGate = 0.1;  // -10 dB
  const auto mean_above = [&](double gate) {
    double sum = 0.0;
    double count = 0.0;
    for (std::size_t b = 0; b < blocks.num_whole(); ++b) {
      const double power = blocks.at(b, signal).power_around(offset);
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

/// Whether the channels cancel each other: in more than a tenth of the time in which there is
/// something to hear the mix has less than a hundredth of the channels' mean power (-20 dB). Of
/// independent channels it has half or more of a pair's, an eighth of eight channels'.
bool channels_cancel(const BlockMoments& blocks) {
  constexpr double kLost = 0.01;
  constexpr double kTolerated = 0.1;
  std::vector<double> offsets;
  for (std::size_t s = 0; s <= blocks.num_channels(); ++s)
    offsets.push_back(offset_of(blocks.total(s)));
  double audible = 0.0;
  double lost = 0.0;
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    double power = 0.0;
    for (std::size_t c = 1; c <= blocks.num_channels(); ++c) {
      power +=
          blocks.at(b, c).power_around(offsets[c]) / static_cast<double>(blocks.num_channels());
    }
    if (power < kAbsoluteGate) continue;
    const double count = blocks.at(b, 0).count;
    audible += count;
    if (blocks.at(b, 0).power_around(offsets[0]) < kLost * power) lost += count;
  }
  return lost > kTolerated * audible;
}

/// What a first pass over the part of a song that is asked for finds.
struct Survey {
  bool by_ffmpeg = false;
  AudioInfo info;
  std::int64_t num_frames = 0;
  Mix mix;
  double level_dbfs = 0.0;
  std::vector<std::string> warnings;
  std::vector<double> damage_s;
  double stopped_s = -1.0;  ///< where decoding broke off; negative: it did not
  bool has_trouble = false;
  /// The song mixed down at its own rate, so that it need not be decoded again; empty when it is
  /// long or its channels cancel.
  std::vector<float> mono;
};

constexpr std::size_t kMaxHeldSamples = std::size_t{1} << 24;  // 64 MiB, 6 minutes at 44.1 kHz

void mix_channels(const BlockMoments& blocks, Survey& survey) {
  std::size_t signal = 0;
  if (blocks.num_channels() > 0 && channels_cancel(blocks)) {
    const auto power = [&](std::size_t s) {
      const Moments total = blocks.total(s);
      return total.power_around(offset_of(total));
    };
    signal = 1;
    for (std::size_t c = 2; c <= blocks.num_channels(); ++c)
      signal = power(c) > power(signal) ? c : signal;
    survey.mix.channel = static_cast<int>(signal) - 1;
    survey.mono = {};
    survey.warnings.push_back("the channels cancel each other when they are mixed: channel " +
                              std::to_string(signal) + " alone was taken");
  }
  const double offset = offset_of(blocks.total(signal));
  survey.mix.offset = static_cast<float>(offset);
  survey.level_dbfs = gated_level_dbfs(blocks, signal, offset);
}

Survey survey_part(PartReader part, const std::filesystem::path& path,
                   const AudioOptions& options) {
  Survey survey;
  survey.info = part.source().info();
  BlockMoments blocks(survey.info.sample_rate_hz, part.channels());
  std::vector<float> mono;
  bool is_held = true;
  for (auto values = part.next(); !values.empty(); values = part.next()) {
    mix_down(values, part.channels(), {}, mono);
    blocks.push(values, mono);
    is_held = is_held && survey.mono.size() + mono.size() <= kMaxHeldSamples;
    if (is_held) {
      survey.mono.insert(survey.mono.end(), mono.begin(), mono.end());
    } else {
      survey.mono = {};
    }
  }
  survey.num_frames = part.position();
  if (blocks.size() == 0) {
    if (survey.num_frames == 0) {
      throw InputError(path.string() + ": holds no samples",
                       "the file may have been cut off; get it again from its source");
    }
    throw InputError(path.string() + ": audio.start_s is " + format_number(options.start_s) +
                         " but the file is only " +
                         time_of_frame(survey.num_frames, survey.info.sample_rate_hz) + " long",
                     "lower it: --set audio.start_s=0");
  }
  const SampleSource& source = part.source();
  if (part.at_file_end()) {
    survey.info.duration_s = static_cast<double>(survey.num_frames) / survey.info.sample_rate_hz;
  }
  survey.by_ffmpeg = survey.info.by_ffmpeg;
  survey.warnings = source.warnings();
  survey.damage_s = source.damage_s();
  survey.stopped_s = source.stopped_s();
  survey.has_trouble = source.has_trouble();
  mix_channels(blocks, survey);
  return survey;
}

/// "a damaged place at 3.7 s", "3 damaged places, the first at 3.7 s".
std::string damage_warning(const std::vector<double>& places_s) {
  const std::string first = fixed(places_s.front(), 1) + " s";
  if (places_s.size() == 1) return "a damaged place at " + first;
  return std::to_string(places_s.size()) + " damaged places, the first at " + first;
}

/// Sorted, and places within a second are one.
std::vector<double> distinct(std::vector<double> places_s) {
  constexpr double kOnePlaceS = 1.0;
  std::sort(places_s.begin(), places_s.end());
  std::vector<double> distinct;
  for (const double place_s : places_s) {
    if (distinct.empty() || place_s > distinct.back() + kOnePlaceS) distinct.push_back(place_s);
  }
  return distinct;
}

/// By the libraries; by ffmpeg what they don't read, and where it finds more of the song.
Survey survey_file(const std::filesystem::path& path, const AudioOptions& options) {
  constexpr double kMoreS = 0.1;
  OpenedFile opened = open_by_libraries(path);
  std::optional<Survey> found;
  if (opened.source != nullptr) {
    found = survey_part(PartReader(path, std::move(opened.source), options), path, options);
  }
  if (!found || found->has_trouble) {
    auto source = open_by_ffmpeg(path);
    if (!found && source == nullptr) throw not_readable(path, opened.refusal);
    if (source != nullptr) {
      Survey other = survey_part(PartReader(path, std::move(source), options), path, options);
      const auto seconds = [](const Survey& survey) {
        return static_cast<double>(survey.num_frames) / survey.info.sample_rate_hz;
      };
      if (opened.known.is_ogg) other.damage_s = opened.known.damage_s;
      if (!found) {
        other.warnings.insert(other.warnings.end(), opened.known.warnings.begin(),
                              opened.known.warnings.end());
      } else if (found->stopped_s >= 0.0) {
        other.damage_s.push_back(found->stopped_s);
      } else {  // what was seen in the file's structure is all there is
        other.damage_s = found->damage_s;
        std::erase_if(other.warnings, [](const std::string& warning) {
          return warning.starts_with("the file ends early");
        });
      }
      if (!found || seconds(other) >= seconds(*found) + kMoreS) found = std::move(other);
    }
  }
  found->damage_s = distinct(std::move(found->damage_s));
  if (!found->damage_s.empty()) found->warnings.push_back(damage_warning(found->damage_s));
  const int rate_hz = found->info.sample_rate_hz;
  if (2 * rate_hz < options.sample_rate_hz) {
    found->warnings.push_back("recorded at " + std::to_string(rate_hz) +
                              " Hz: nothing sounds above " + std::to_string(rate_hz / 2) +
                              " Hz, unlike in music at " + std::to_string(options.sample_rate_hz) +
                              " Hz");
  }
  return *std::move(found);
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

  Survey survey_;

 private:
  bool next_mono();      // the next block in mono_; false at the end
  bool refill();         // fills ready_; false at the end
  void resample_more();  // one call of the resampler

  std::filesystem::path path_;
  AudioOptions options_;
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

AudioReader::Impl::Impl(std::filesystem::path path, const AudioOptions& options)
    : path_(std::move(path)), options_(options) {
  if (options.sample_rate_hz <= 0) throw std::invalid_argument("sample_rate_hz must be positive");
  survey_ = survey_file(path_, options);
  if (options.level_dbfs != 0.0 && std::isfinite(survey_.level_dbfs)) {
    survey_.mix.gain =
        static_cast<float>(std::pow(10.0, (options.level_dbfs - survey_.level_dbfs) / 20.0));
  }
  resampler_ =
      make_resampler(survey_.info.sample_rate_hz, options.sample_rate_hz, options.resampler);
  if (!survey_.mono.empty()) return;
  auto source = survey_.by_ffmpeg ? open_by_ffmpeg(path_) : open_by_libraries(path_).source;
  if (source == nullptr) throw InputError(path_.string() + ": changed while it was read");
  again_.emplace(path_, std::move(source), options);
}

bool AudioReader::Impl::next_mono() {
  mono_begin_ = 0;
  if (again_) {
    mix_down(again_->next(), again_->channels(), survey_.mix, mono_);
  } else {
    const std::size_t count = std::min(kBlockFrames, survey_.mono.size() - taken_);
    const auto first = survey_.mono.begin() + static_cast<std::ptrdiff_t>(taken_);
    mono_.assign(first, first + static_cast<std::ptrdiff_t>(count));
    taken_ += count;
  }
  const Mix& mix = survey_.mix;
  if (mix.offset != 0.0F) {
    for (float& sample : mono_) sample -= mix.offset;
  }
  if (mix.gain != 1.0F) {
    for (float& sample : mono_) sample *= mix.gain;
  }
  return !mono_.empty();
}

void AudioReader::Impl::resample_more() {
  const double ratio = static_cast<double>(options_.sample_rate_hz) / survey_.info.sample_rate_hz;
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

AudioReader::AudioReader(const std::filesystem::path& path, const AudioOptions& options)
    : impl_(std::make_unique<Impl>(path, options)) {}
AudioReader::~AudioReader() = default;
AudioReader::AudioReader(AudioReader&&) noexcept = default;
AudioReader& AudioReader::operator=(AudioReader&&) noexcept = default;

const AudioInfo& AudioReader::info() const { return impl_->survey_.info; }
std::size_t AudioReader::read(std::span<float> block) { return impl_->read(block); }
const std::vector<std::string>& AudioReader::warnings() const { return impl_->survey_.warnings; }

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
