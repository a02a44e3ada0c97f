#include "instruments.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "oscillators.hpp"

namespace mer {
namespace {

/// One note as its instrument sees it.
struct Voice {
  double frequency_hz;
  float velocity;
  double hold_s;  // until the key is let go
  Timbre timbre;
  std::uint64_t noise_seed;
  int rate_hz;
  std::span<float> bus;

  /// Brightness of this note: the timbre's, and more the harder it is played.
  double shine() const {
    return std::clamp(0.75 * timbre.brightness + 0.5 * (velocity - 0.5) + 0.1, 0.02, 1.0);
  }
  /// A cutoff from dull to bright, in Hz.
  double cutoff_hz(double dull_hz, double bright_hz) const {
    const double cutoff = dull_hz * std::pow(bright_hz / dull_hz, shine());
    return std::min(std::max(cutoff, 1.2 * frequency_hz), 0.45 * rate_hz);
  }
};

/// Vibrato: a slow sine that sets in after the note has begun; gives the pitch as a factor.
class Vibrato {
 public:
  Vibrato(const Voice& voice, double rate_hz)
      : depth_(voice.timbre.vibrato_semitones * 0.0578F),  // ln 2 / 12
        step_(phase_step(rate_hz, voice.rate_hz)),
        phase_(static_cast<std::uint32_t>(voice.noise_seed)),
        onset_(Envelope::decay_factor(0.9, voice.rate_hz)) {}
  float next() {
    phase_ += step_;
    missing_ *= onset_;
    return 1.0F + depth_ * (1.0F - missing_) * sine_table()(phase_);
  }

 private:
  float depth_;
  std::uint32_t step_;
  std::uint32_t phase_;
  float onset_;
  float missing_ = 1.0F;
};

/// Karplus–Strong: a burst of noise runs round a loop that is one period long and loses its highs.
/// Jaffe & Smith (1983), "Extensions of the Karplus-Strong plucked-string algorithm".
struct StringSettings {
  double decay_s;     // to −60 dB at 110 Hz
  double pick_point;  // 0…0.5 of the string
  double damping_s;   // after the key is let go
  double dull_hz = 900;
  double bright_hz = 12000;
};

void play_string(const Voice& voice, const StringSettings& settings) {
  const float loss = static_cast<float>(0.50 - 0.42 * voice.shine());  // weight of the older sample
  const double period = voice.rate_hz / voice.frequency_hz - loss;
  const auto length = static_cast<std::size_t>(std::max(2.0, std::floor(period - 0.3)));
  const double fraction = std::max(0.05, period - static_cast<double>(length));
  const auto tuning = static_cast<float>((1.0 - fraction) / (1.0 + fraction));  // all-pass
  const double decay_s = settings.decay_s * std::pow(110.0 / voice.frequency_hz, 0.45);
  const auto gain = static_cast<float>(std::pow(10.0, -3.0 / (voice.frequency_hz * decay_s)));

  std::vector<float> string(length);
  Noise noise(voice.noise_seed);
  OnePole hardness(voice.cutoff_hz(settings.dull_hz, settings.bright_hz), voice.rate_hz);
  float mean = 0.0F;
  for (float& value : string) mean += value = hardness.low(noise.next());
  mean /= static_cast<float>(length);
  const auto pick = static_cast<std::size_t>(settings.pick_point * static_cast<double>(length));
  std::vector<float> picked(length);
  float energy = 1e-9F;
  for (std::size_t i = 0; i < length; ++i) {
    picked[i] = string[i] - mean - 0.8F * (string[(i + length - pick) % length] - mean);
    energy += picked[i] * picked[i];
  }
  const float scale = 0.4F * voice.velocity / std::sqrt(energy / static_cast<float>(length));

  Envelope envelope(0.001, 60.0, 1.0F, settings.damping_s, voice.hold_s, voice.rate_hz);
  std::size_t position = 0;
  float older = 0.0F;
  float allpass_in = 0.0F;
  float allpass_out = 0.0F;
  float loudness = 1.0F;
  const float fade = Envelope::decay_factor(decay_s, voice.rate_hz);
  for (float& out : voice.bus) {
    const float now = picked[position];
    const float filtered = gain * ((1.0F - loss) * now + loss * older);
    older = now;
    allpass_out = tuning * (filtered - allpass_out) + allpass_in;
    allpass_in = filtered;
    picked[position] = allpass_out;
    position = position + 1 == length ? 0 : position + 1;
    out += scale * now * envelope.next();
    loudness *= fade;
    if (envelope.is_over() || loudness < 2e-4F) return;
  }
}

/// Struck strings: partials at f k sqrt(1 + B k²), the higher ones weaker and sooner gone.
void play_piano(const Voice& voice) {
  constexpr std::size_t kPartials = 9;
  constexpr double kInharmonicity = 4e-4;
  struct Partial {
    float real, imag, turn_real, turn_imag;
  };
  std::array<Partial, kPartials> partials{};
  const double slope = 1.9 - 1.1 * voice.shine();
  const double decay_s = 7.0 * std::pow(110.0 / voice.frequency_hz, 0.6);
  Noise noise(voice.noise_seed);
  std::size_t count = 0;
  for (std::size_t i = 0; i < kPartials; ++i) {
    const auto k = static_cast<double>(i + 1);
    const double hz = voice.frequency_hz * k * std::sqrt(1.0 + kInharmonicity * k * k);
    if (hz > 0.45 * voice.rate_hz) break;
    const double amplitude = std::pow(k, -slope) * (1.0 + 0.2 * noise.next());
    const double turn = 2.0 * std::numbers::pi * hz / voice.rate_hz;
    const double damping = Envelope::decay_factor(decay_s / (0.6 + 0.4 * k), voice.rate_hz);
    const double phase = std::numbers::pi * noise.next();
    partials[i] = {static_cast<float>(amplitude * std::cos(phase)),
                   static_cast<float>(amplitude * std::sin(phase)),
                   static_cast<float>(damping * std::cos(turn)),
                   static_cast<float>(damping * std::sin(turn))};
    ++count;
  }
  Envelope envelope(0.002, 60.0, 1.0F, 0.25, voice.hold_s, voice.rate_hz);
  Envelope hammer(0.0005, 0.03, 0.0F, 0.03, 1.0, voice.rate_hz);
  OnePole felt(voice.cutoff_hz(800, 6000), voice.rate_hz);
  for (float& out : voice.bus) {
    float sum = 0.12F * felt.low(noise.next()) * hammer.next();
    float energy = 0.0F;
    for (std::size_t i = 0; i < count; ++i) {
      Partial& p = partials[i];
      const float real = p.real * p.turn_real - p.imag * p.turn_imag;
      p.imag = p.real * p.turn_imag + p.imag * p.turn_real;
      p.real = real;
      sum += p.imag;
    }
    energy = partials[0].real * partials[0].real + partials[0].imag * partials[0].imag;
    out += 0.35F * voice.velocity * sum * envelope.next();
    if (envelope.is_over() || energy < 1e-7F) return;
  }
}

/// Frequency modulation with an index that dies away: a struck bar that is bright, then pure.
struct FmSettings {
  double ratio;  // modulator to carrier
  double index;  // at full shine
  double index_decay_s;
  double decay_s;
  double release_s;
  float tine;  // share of a second, high and short modulator
};

void play_fm(const Voice& voice, const FmSettings& settings) {
  const std::uint32_t step = phase_step(voice.frequency_hz, voice.rate_hz);
  const std::uint32_t mod_step = phase_step(voice.frequency_hz * settings.ratio, voice.rate_hz);
  const std::uint32_t tine_step =
      phase_step(std::min(voice.frequency_hz * 14.0, 0.4 * voice.rate_hz), voice.rate_hz);
  std::uint32_t phase = 0;
  std::uint32_t mod_phase = 0;
  std::uint32_t tine_phase = 0;
  auto index = static_cast<float>(settings.index * (0.25 + voice.shine()));
  float tine = settings.tine * static_cast<float>(voice.shine());
  const float index_fall = Envelope::decay_factor(settings.index_decay_s, voice.rate_hz);
  const float tine_fall = Envelope::decay_factor(0.25, voice.rate_hz);
  const double decay_s = settings.decay_s * std::pow(220.0 / voice.frequency_hz, 0.4);
  Envelope envelope(0.002, decay_s, 0.0F, settings.release_s, voice.hold_s, voice.rate_hz);
  const SineTable& sine = sine_table();
  for (float& out : voice.bus) {
    phase += step;
    mod_phase += mod_step;
    tine_phase += tine_step;
    index *= index_fall;
    tine *= tine_fall;
    const float modulation = index * sine(mod_phase) + tine * sine(tine_phase);
    out += 0.4F * voice.velocity * sine(phase + phase_of_radians(modulation)) * envelope.next();
    if (envelope.is_over()) return;
  }
}

void play_organ(const Voice& voice) {
  constexpr std::array<std::uint32_t, 6> kDrawbars = {1, 2, 3, 4, 6, 8};
  std::array<float, kDrawbars.size()> weights{};
  for (std::size_t i = 0; i < kDrawbars.size(); ++i) {
    const bool fits = voice.frequency_hz * kDrawbars[i] < 0.45 * voice.rate_hz;
    weights[i] =
        fits ? static_cast<float>(std::pow(kDrawbars[i], -1.6 + 1.3 * voice.timbre.brightness))
             : 0.0F;
  }
  Envelope envelope(0.008, 1.0, 1.0F, 0.08, voice.hold_s, voice.rate_hz);
  Vibrato vibrato(voice, 6.2);
  const auto step = static_cast<float>(voice.frequency_hz / voice.rate_hz * 4294967296.0);
  std::uint32_t phase = 0;
  const SineTable& sine = sine_table();
  for (float& out : voice.bus) {
    phase += static_cast<std::uint32_t>(step * vibrato.next());
    float sum = 0.0F;
    for (std::size_t i = 0; i < kDrawbars.size(); ++i)
      sum += weights[i] * sine(phase * kDrawbars[i]);
    out += 0.2F * (0.4F + 0.6F * voice.velocity) * sum * envelope.next();
    if (envelope.is_over()) return;
  }
}

void play_strings(const Voice& voice) {
  const float detune = voice.timbre.detune_cents * 0.000578F;
  const std::array<float, 3> factors = {1.0F, 1.0F + detune, 1.0F - 1.1F * detune};
  Noise noise(voice.noise_seed);
  std::array<Saw, 3> saws = {Saw(0.5 + 0.5 * noise.next()), Saw(0.5 + 0.5 * noise.next()),
                             Saw(0.5 + 0.5 * noise.next())};
  Envelope envelope(voice.timbre.attack_s, 2.0, 0.85F, 0.35, voice.hold_s, voice.rate_hz);
  Vibrato vibrato(voice, 5.4);
  const double cutoff = voice.cutoff_hz(700, 7000);
  OnePole first(cutoff, voice.rate_hz);
  OnePole second(cutoff, voice.rate_hz);
  const auto cycles = static_cast<float>(voice.frequency_hz / voice.rate_hz);
  for (float& out : voice.bus) {
    const float now = cycles * vibrato.next();
    float sum = 0.0F;
    for (std::size_t i = 0; i < saws.size(); ++i) sum += saws[i].next(now * factors[i]);
    out += 0.15F * voice.velocity * second.low(first.low(sum)) * envelope.next();
    if (envelope.is_over()) return;
  }
}

void play_flute(const Voice& voice) {
  Envelope envelope(std::max(0.03, 0.7 * voice.timbre.attack_s), 1.0, 0.9F, 0.12, voice.hold_s,
                    voice.rate_hz);
  Vibrato vibrato(voice, 5.0);
  Noise noise(voice.noise_seed);
  StateVariableFilter breath;
  breath.set(2.0 * voice.frequency_hz, 2.0, voice.rate_hz);
  const auto step = static_cast<float>(voice.frequency_hz / voice.rate_hz * 4294967296.0);
  const auto second = static_cast<float>(0.1 + 0.35 * voice.shine());
  const auto third = static_cast<float>(0.02 + 0.2 * voice.shine());
  std::uint32_t phase = 0;
  const SineTable& sine = sine_table();
  for (float& out : voice.bus) {
    phase += static_cast<std::uint32_t>(step * vibrato.next());
    const float tone = sine(phase) + second * sine(2 * phase) + third * sine(3 * phase);
    out += 0.3F * voice.velocity * (tone + 0.12F * breath.band(noise.next())) * envelope.next();
    if (envelope.is_over()) return;
  }
}

/// Saws through a filter that opens with the stroke and closes again.
struct FilteredSawSettings {
  double dull_hz;
  double bright_hz;
  double resonance;
  double filter_decay_s;
  float sustain;
  float sub;  // share of a sine at the pitch
};

void play_filtered_saw(const Voice& voice, const FilteredSawSettings& settings) {
  constexpr std::size_t kUpdate = 32;  // samples between two settings of the filter
  const float detune = 1.0F + voice.timbre.detune_cents * 0.000578F;
  Noise noise(voice.noise_seed);
  Saw first(0.5 + 0.5 * noise.next());
  Saw second(0.5 + 0.5 * noise.next());
  Envelope envelope(0.004, 0.8, settings.sustain, 0.1, voice.hold_s, voice.rate_hz);
  Vibrato vibrato(voice, 5.6);
  StateVariableFilter filter;
  const double rest_hz = voice.cutoff_hz(settings.dull_hz, settings.bright_hz);
  double opening = 2.0;
  const double close =
      std::exp(-static_cast<double>(kUpdate) / (settings.filter_decay_s * voice.rate_hz));
  const auto cycles = static_cast<float>(voice.frequency_hz / voice.rate_hz);
  const std::uint32_t sub_step = phase_step(voice.frequency_hz, voice.rate_hz);
  std::uint32_t sub_phase = 0;
  for (std::size_t i = 0; i < voice.bus.size(); ++i) {
    if (i % kUpdate == 0) {
      filter.set(rest_hz * (1.0 + opening), settings.resonance, voice.rate_hz);
      opening *= close;
    }
    const float now = cycles * vibrato.next();
    const float saws = first.next(now) + second.next(now * detune);
    sub_phase += sub_step;
    const float tone = filter.low(saws) + settings.sub * sine_table()(sub_phase);
    voice.bus[i] += 0.25F * voice.velocity * tone * envelope.next();
    if (envelope.is_over()) return;
  }
}

}  // namespace

void play_note(Instrument instrument, const Timbre& timbre, const Note& note,
               std::uint64_t noise_seed, int sample_rate_hz, std::span<float> bus) {
  const Voice voice{440.0 * std::exp2((note.pitch - 69.0) / 12.0),
                    note.velocity,
                    note.duration_s,
                    timbre,
                    noise_seed,
                    sample_rate_hz,
                    bus};
  if (voice.frequency_hz > 0.4 * sample_rate_hz) return;  // beyond what the rate can hold
  switch (instrument) {
    case Instrument::kPiano:
      play_piano(voice);
      return;
    case Instrument::kPlucked:
      play_string(voice, {4.5, 0.23, 0.25});
      return;
    case Instrument::kElectricPiano:
      play_fm(voice, {1.0, 1.6, 1.2, 3.5, 0.2, 0.5F});
      return;
    case Instrument::kOrgan:
      play_organ(voice);
      return;
    case Instrument::kStrings:
      play_strings(voice);
      return;
    case Instrument::kFlute:
      play_flute(voice);
      return;
    case Instrument::kSawLead:
      play_filtered_saw(voice, {600, 6000, 1.6, 0.18, 0.8F, 0.0F});
      return;
    case Instrument::kBell:
      play_fm(voice, {3.5, 1.8, 0.8, 2.5, 0.6, 0.0F});
      return;
    case Instrument::kGuitar:
      play_string(voice, {5.0, 0.12, 0.08, 1500, 9000});
      return;
    case Instrument::kBass:
      play_string(voice, {5.0, 0.3, 0.12, 250, 3000});
      return;
    case Instrument::kSynthBass:
      play_filtered_saw(voice, {180, 1600, 1.2, 0.12, 0.75F, 0.8F});
      return;
    case Instrument::kDrums:
      play_drum(static_cast<DrumSound>(std::lround(note.pitch)), note.velocity, noise_seed,
                sample_rate_hz, bus);
      return;
  }
}

}  // namespace mer
