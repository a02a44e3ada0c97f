#include "song_survey.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/core/text_table.hpp"

namespace mer {
namespace {

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

/// The longest stretch in which a signal does not move.
class LongestRest {
 public:
  void push(std::span<const float> samples) {
    for (const float sample : samples) {
      length_ = sample == last_ ? length_ + 1 : 1;
      last_ = sample;
      if (length_ <= longest_) continue;
      longest_ = length_;
      value_ = sample;
    }
  }
  std::int64_t length() const { return longest_; }
  double value() const { return static_cast<double>(value_); }

 private:
  float last_ = 0.0F;
  float value_ = 0.0F;
  std::int64_t length_ = 0;
  std::int64_t longest_ = 0;
};

/// The constant to subtract from a signal: its mean, unless that is 60 dB below what remains. Such
/// a small one is that of the music itself.
double offset_of(const Moments& signal) {
  constexpr double kNegligible = 1e-6;
  const double mean = signal.mean();
  return mean * mean > kNegligible * signal.power_around(mean) ? mean : 0.0;
}

/// The same, but where there is digital silence near the mean, that is the constant.
double offset_of(const Moments& signal, const LongestRest& rest, int rate_hz) {
  constexpr double kRestSeconds = 0.05;
  constexpr double kNear = 1e-4;  // -40 dB; a square wave rests, too, but far from its mean
  const double distance = rest.value() - signal.mean();
  const bool is_long = static_cast<double>(rest.length()) > kRestSeconds * rate_hz;
  if (is_long && distance * distance <= kNear * signal.power_around(signal.mean())) {
    return rest.value();
  }
  return offset_of(signal);
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

constexpr std::size_t kMaxHeldSamples = std::size_t{1} << 24;  // 64 MiB, 6 minutes at 44.1 kHz

/// Of the channels, 1 and more.
std::size_t louder_channel(const BlockMoments& blocks) {
  const auto power = [&](std::size_t signal) {
    const Moments total = blocks.total(signal);
    return total.power_around(offset_of(total));
  };
  std::size_t louder = 1;
  for (std::size_t c = 2; c <= blocks.num_channels(); ++c) {
    if (power(c) > power(louder)) louder = c;
  }
  return louder;
}

void mix_channels(const BlockMoments& blocks, const LongestRest& rest, Survey& survey) {
  const auto use = [&](std::size_t signal) {
    const Moments total = blocks.total(signal);
    const double offset =
        signal == 0 ? offset_of(total, rest, survey.info.sample_rate_hz) : offset_of(total);
    survey.mix.offset = static_cast<float>(offset);
    survey.level_dbfs = gated_level_dbfs(blocks, signal, offset);
  };
  use(0);
  if (blocks.num_channels() == 0) return;
  const std::size_t channel = louder_channel(blocks);
  const bool cancel = channels_cancel(blocks);
  // Soft music in one of two channels may be silence in their mean, too.
  if (!cancel && std::isfinite(survey.level_dbfs)) return;
  use(channel);
  if (!cancel && !std::isfinite(survey.level_dbfs)) return use(0);
  survey.mix.channel = static_cast<int>(channel) - 1;
  survey.mono = {};
  survey.warnings.push_back((cancel ? "the channels cancel each other when they are mixed: channel "
                                    : "the mean of the channels is silence: channel ") +
                            std::to_string(channel) + " alone was taken");
}

Survey survey_part(PartReader part) {
  Survey survey;
  survey.info = part.source().info();
  BlockMoments blocks(survey.info.sample_rate_hz, part.channels());
  LongestRest rest;
  std::vector<float> mono;
  bool is_held = true;
  for (auto values = part.next(); !values.empty(); values = part.next()) {
    mix_down(values, part.channels(), {}, mono);
    blocks.push(values, mono);
    rest.push(mono);
    is_held = is_held && survey.mono.size() + mono.size() <= kMaxHeldSamples;
    if (is_held) {
      survey.mono.insert(survey.mono.end(), mono.begin(), mono.end());
    } else {
      survey.mono = {};
    }
  }
  survey.num_frames = part.position();
  const SampleSource& source = part.source();
  if (part.at_file_end()) {
    survey.info.duration_s = static_cast<double>(survey.num_frames) / survey.info.sample_rate_hz;
  }
  survey.by_ffmpeg = survey.info.by_ffmpeg;
  survey.warnings = source.warnings();
  survey.damage_s = source.damage_s();
  survey.stopped_s = source.stopped_s();
  survey.has_trouble = source.has_trouble();
  survey.is_empty = blocks.size() == 0;
  if (!survey.is_empty) mix_channels(blocks, rest, survey);
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

InputError nothing_to_read(const std::filesystem::path& path, const AudioOptions& options,
                           const Survey& survey) {
  if (survey.num_frames == 0) {
    const bool has_reason = survey.has_trouble && !survey.warnings.empty();
    return InputError(path.string() + (has_reason ? ": cannot be decoded: " + survey.warnings.back()
                                                  : std::string(": holds no samples")),
                      "the file may have been cut off; get it again from its source");
  }
  return InputError(path.string() + ": audio.start_s is " + format_number(options.start_s) +
                        " but the file is only " +
                        time_of_frame(survey.num_frames, survey.info.sample_rate_hz) + " long",
                    "lower it: --set audio.start_s=0");
}

/// None when ffmpeg is not installed, or finds nothing in a file that others can read.
std::optional<Survey> survey_by_ffmpeg(const std::filesystem::path& path,
                                       const AudioOptions& options, bool others_can) {
  try {
    auto source = open_by_ffmpeg(path);
    if (source == nullptr) return std::nullopt;
    return survey_part(PartReader(path, std::move(source), options));
  } catch (const InputError&) {
    if (others_can) return std::nullopt;
    throw;
  }
}

/// Adds to ffmpeg's what the file's structure and the other decoder told.
void add_what_is_known(const KnownOfFile& known, const std::optional<Survey>& by_library,
                       Survey& survey) {
  if (known.is_ogg) survey.damage_s = known.damage_s;
  if (!by_library) {
    survey.warnings.insert(survey.warnings.end(), known.warnings.begin(), known.warnings.end());
  } else if (by_library->stopped_s >= 0.0) {
    survey.damage_s.push_back(by_library->stopped_s);
  } else {  // what was seen in the file's structure is all there is
    survey.damage_s = by_library->damage_s;
    std::erase_if(survey.warnings, [](const std::string& warning) {
      return warning.starts_with("the file ends early");
    });
  }
}

bool has_more(const Survey& one, const Survey& other) {
  constexpr double kMoreS = 0.1;
  const auto seconds = [](const Survey& survey) {
    return static_cast<double>(survey.num_frames) / survey.info.sample_rate_hz;
  };
  return seconds(one) >= seconds(other) + kMoreS;
}

}  // namespace

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

Survey survey_file(const std::filesystem::path& path, const AudioOptions& options) {
  OpenedFile opened = open_by_libraries(path);
  std::optional<Survey> found;
  if (opened.source != nullptr) {
    found = survey_part(PartReader(path, std::move(opened.source), options));
  }
  if (!found || found->has_trouble) {
    std::optional<Survey> other = survey_by_ffmpeg(path, options, found.has_value());
    if (!found && !other) throw not_readable(path, opened.refusal);
    if (other) add_what_is_known(opened.known, found, *other);
    if (!found || (other && has_more(*other, *found))) found = std::move(other);
  }
  if (found->is_empty) throw nothing_to_read(path, options, *found);
  found->damage_s = distinct(std::move(found->damage_s));
  if (!found->damage_s.empty()) found->warnings.push_back(damage_warning(found->damage_s));
  return *std::move(found);
}

Survey survey_array(const SampleArray& samples, const std::string& name,
                    const AudioOptions& options) {
  Survey found = survey_part(PartReader(name, source_of_array(samples), options));
  if (found.is_empty) throw nothing_to_read(name, options, found);
  return found;
}

}  // namespace mer
