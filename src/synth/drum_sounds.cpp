#include <cmath>

#include "instruments.hpp"
#include "oscillators.hpp"

namespace mer {
namespace {

struct Stroke {
  float velocity;
  std::uint64_t noise_seed;
  int rate_hz;
  std::span<float> bus;
};

/// A skin: a sine whose pitch falls from a start to a rest within milliseconds.
void play_skin(const Stroke& stroke, double start_hz, double rest_hz, double fall_s, double decay_s,
               float gain) {
  double sweep = start_hz - rest_hz;
  const double fall = std::exp(-1.0 / (fall_s * stroke.rate_hz));
  Envelope envelope(0.001, decay_s, 0.0F, decay_s, 10.0, stroke.rate_hz);
  std::uint32_t phase = 0;
  for (float& out : stroke.bus) {
    phase += phase_step(rest_hz + sweep, stroke.rate_hz);
    sweep *= fall;
    out += gain * stroke.velocity * sine_table()(phase) * envelope.next();
    if (envelope.is_over()) return;
  }
}

enum class Pass { kBand, kHigh };

/// Filtered noise that dies away.
void play_noise(const Stroke& stroke, Pass pass, double cutoff_hz, double resonance,
                double attack_s, double decay_s, float gain) {
  StateVariableFilter filter;
  filter.set(cutoff_hz, resonance, stroke.rate_hz);
  Envelope envelope(attack_s, decay_s, 0.0F, decay_s, 10.0, stroke.rate_hz);
  Noise noise(stroke.noise_seed);
  for (float& out : stroke.bus) {
    const float raw = noise.next();
    const float filtered = pass == Pass::kBand ? filter.band(raw) : filter.high(raw);
    out += gain * stroke.velocity * filtered * envelope.next();
    if (envelope.is_over()) return;
  }
}

}  // namespace

void play_drum(DrumSound sound, float velocity, std::uint64_t noise_seed, int sample_rate_hz,
               std::span<float> bus) {
  const Stroke stroke{velocity, noise_seed, sample_rate_hz, bus};
  const double pitch = 1.0 + 0.03 * Noise(noise_seed).next();  // no two strokes are the same
  switch (sound) {
    case DrumSound::kKick:
      play_skin(stroke, 170 * pitch, 50, 0.025, 0.35, 0.9F);
      play_noise(stroke, Pass::kBand, 3000, 0.7, 0.0003, 0.012, 0.3F);
      return;
    case DrumSound::kSnare:
      play_skin(stroke, 260 * pitch, 185, 0.02, 0.18, 0.4F);
      play_noise(stroke, Pass::kHigh, 1400, 0.7, 0.0005, 0.24, 0.35F);
      return;
    case DrumSound::kClosedHat:
      play_noise(stroke, Pass::kHigh, 7500 * pitch, 1.0, 0.0003, 0.07, 0.25F);
      return;
    case DrumSound::kOpenHat:
      play_noise(stroke, Pass::kHigh, 6800 * pitch, 1.0, 0.0003, 0.4, 0.25F);
      return;
    case DrumSound::kRim:
      play_skin(stroke, 1700 * pitch, 1650 * pitch, 0.01, 0.05, 0.25F);
      play_noise(stroke, Pass::kBand, 2500, 1.5, 0.0003, 0.03, 0.3F);
      return;
    case DrumSound::kShaker:
      play_noise(stroke, Pass::kBand, 6000 * pitch, 1.2, 0.02, 0.11, 0.3F);
      return;
    case DrumSound::kTom:
      play_skin(stroke, 190 * pitch, 110 * pitch, 0.04, 0.4, 0.7F);
      return;
    case DrumSound::kCrash:
      play_noise(stroke, Pass::kHigh, 4500 * pitch, 0.8, 0.001, 1.6, 0.25F);
      return;
    case DrumSound::kClap:
      for (const double delay_s : {0.0, 0.011, 0.023}) {
        const auto skip = static_cast<std::size_t>(delay_s * sample_rate_hz);
        if (skip >= bus.size()) return;
        const Stroke slap{velocity, noise_seed + skip, sample_rate_hz, bus.subspan(skip)};
        play_noise(slap, Pass::kBand, 1300 * pitch, 1.4, 0.0003, delay_s > 0.02 ? 0.16 : 0.02,
                   0.5F);
      }
      return;
  }
}

}  // namespace mer
