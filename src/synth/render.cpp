#include "mer/synth/render.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "effects.hpp"
#include "instruments.hpp"
#include "mer/core/random.hpp"
#include "oscillators.hpp"

namespace mer {
namespace {

/// One track alone, at its loudness in the mix.
std::vector<float> render_track(const Track& track, std::uint64_t noise_seed, int sample_rate_hz,
                                std::size_t num_samples) {
  std::vector<float> bus(num_samples);
  for (std::size_t i = 0; i < track.notes.size(); ++i) {
    const Note& note = track.notes[i];
    const auto start = static_cast<std::size_t>(note.start_s * sample_rate_hz);
    if (start >= num_samples) continue;
    play_note(track.instrument, track.timbre, note, mix_seed({noise_seed, i}), sample_rate_hz,
              std::span(bus).subspan(start));
  }
  if (track.timbre.drive > 0.0F) amplify(bus, track.timbre.drive, sample_rate_hz);
  const float loudness = active_rms(bus, sample_rate_hz);
  if (loudness <= 0.0F) return bus;
  const float gain = 0.1F * std::pow(10.0F, track.level_db / 20.0F) / loudness;
  for (float& value : bus) value *= gain;
  return bus;
}

/// Raised-cosine fades; the last 5 ms are silence whatever was still sounding.
void fade(std::span<float> samples, double in_s, double out_s, int sample_rate_hz) {
  const auto ramp = [&](double seconds) {
    const double wanted = std::max(1.0, seconds * sample_rate_hz);
    return std::min(static_cast<std::size_t>(wanted), samples.size() / 2);
  };
  const std::size_t in = ramp(in_s);
  const std::size_t out = ramp(out_s);
  const std::size_t rest = std::min(static_cast<std::size_t>(sample_rate_hz / 200), out / 4);
  const auto weight = [](std::size_t i, std::size_t count) {
    const double x = static_cast<double>(i) / static_cast<double>(count);
    return static_cast<float>(0.5 - 0.5 * std::cos(std::numbers::pi * x));
  };
  for (std::size_t i = 0; i < in; ++i) samples[i] *= weight(i, in);
  for (std::size_t i = 0; i < out; ++i) {
    samples[samples.size() - 1 - i] *= i < rest ? 0.0F : weight(i - rest, out - rest);
  }
}

}  // namespace

std::vector<float> render(const Composition& song, int sample_rate_hz) {
  if (sample_rate_hz <= 0) throw std::invalid_argument("sample_rate_hz must be positive");
  const auto num_samples =
      static_cast<std::size_t>(std::max(0L, std::lround(song.seconds * sample_rate_hz)));
  std::vector<float> mix(num_samples);
  std::vector<float> send(num_samples);
  for (std::size_t i = 0; i < song.tracks.size(); ++i) {
    const Track& track = song.tracks[i];
    const std::vector<float> bus =
        render_track(track, mix_seed({song.noise_seed, i}), sample_rate_hz, num_samples);
    for (std::size_t n = 0; n < num_samples; ++n) {
      mix[n] += bus[n];
      send[n] += track.reverb_send * bus[n];
    }
  }
  const std::vector<float> wet = reverberate(send, song.room_size, sample_rate_hz);
  OnePole rumble(25.0, sample_rate_hz);
  for (std::size_t n = 0; n < num_samples; ++n) mix[n] = rumble.high(mix[n] + wet[n]);
  master(mix, song.rms_db, sample_rate_hz);
  fade(mix, song.fade_in_s, song.fade_out_s, sample_rate_hz);
  return mix;
}

std::vector<float> render_song(Emotion emotion, std::uint64_t song_seed, std::uint64_t artist_seed,
                               double seconds, int sample_rate_hz) {
  return render(compose(emotion, song_seed, artist_seed, seconds), sample_rate_hz);
}

}  // namespace mer
