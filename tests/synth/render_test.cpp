#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <span>

#include "test_synth.hpp"

namespace mer {
namespace {

constexpr int kRenderRateHz = 22050;

double rms_of(std::span<const float> samples) {
  double sum = 0.0;
  for (const float value : samples) sum += static_cast<double>(value) * value;
  return std::sqrt(sum / static_cast<double>(samples.size()));
}

TEST(Render, HasTheLengthAskedForAndNeverClips) {
  for (std::uint64_t number = 0; number < 16; ++number) {
    const std::vector<float> samples =
        render(example_song(kEmotions[number % 4], number, 6.0), kRenderRateHz);
    ASSERT_EQ(samples.size(), 6U * kRenderRateHz);
    for (const float value : samples) ASSERT_LE(std::abs(value), 0.8801F);  // −1.1 dBFS, finite
    EXPECT_GT(rms_of(samples), 0.01) << number;
  }
}

TEST(Render, BeginsAndEndsInSilence) {
  for (std::uint64_t number = 0; number < 8; ++number) {
    const std::vector<float> samples =
        render(example_song(kEmotions[number % 4], number, 5.0), kRenderRateHz);
    EXPECT_EQ(samples.front(), 0.0F);
    EXPECT_LT(rms_of(std::span(samples).first(20)), 0.003);
    for (const float value : std::span(samples).last(kRenderRateHz / 200)) ASSERT_EQ(value, 0.0F);
    EXPECT_LT(rms_of(std::span(samples).last(kRenderRateHz / 50)), 0.01);
  }
}

TEST(Render, IsTheSameForTheSameSong) {
  const Composition song = example_song(Emotion::kAnger, 5, 4.0);
  EXPECT_EQ(render(song, kRenderRateHz), render(song, kRenderRateHz));
  EXPECT_EQ(render(song, kRenderRateHz),
            render_song(Emotion::kAnger, 1005, 502, 4.0, kRenderRateHz));
}

TEST(Render, HasTheLoudnessThatTheCompositionStates) {
  Composition song = example_song(Emotion::kRelaxed, 2, 8.0);
  song.fade_in_s = song.fade_out_s = 0.01;
  song.rms_db = -24.0;
  const double quiet = rms_of(render(song, kRenderRateHz));
  song.rms_db = -30.0;
  // 6 dB are a factor of 1.995; so far below the knee nothing is bent.
  EXPECT_NEAR(quiet / rms_of(render(song, kRenderRateHz)), 1.995, 0.1);
}

/// One held note of one instrument, alone and dry.
Composition one_note(Instrument instrument, float pitch) {
  Composition song;
  song.seconds = 1.5;
  song.fade_out_s = 0.01;
  Track track;
  track.instrument = instrument;
  track.reverb_send = 0.0F;
  track.timbre.attack_s = 0.02F;
  track.timbre.detune_cents = 0.0F;
  track.notes.push_back({0.0, 1.2, pitch, 0.7F});
  song.tracks.push_back(track);
  return song;
}

/// The period with the highest normalized autocorrelation, refined by a parabola, as a frequency.
double pitch_of(std::span<const float> samples, double lowest_hz, double highest_hz) {
  const auto correlation = [&](std::size_t lag) {
    double xy = 0.0, xx = 1e-12, yy = 1e-12;
    for (std::size_t i = 0; i + lag < samples.size(); ++i) {
      xy += samples[i] * samples[i + lag];
      xx += samples[i] * samples[i];
      yy += samples[i + lag] * samples[i + lag];
    }
    return xy / std::sqrt(xx * yy);
  };
  std::size_t best = 0;
  double best_value = -1.0;
  for (auto lag = static_cast<std::size_t>(kRenderRateHz / highest_hz);
       lag <= static_cast<std::size_t>(kRenderRateHz / lowest_hz); ++lag) {
    if (const double value = correlation(lag); value > best_value) {
      best_value = value;
      best = lag;
    }
  }
  const double left = correlation(best - 1);
  const double right = correlation(best + 1);
  const double shift = 0.5 * (left - right) / (left - 2.0 * best_value + right);
  return kRenderRateHz / (static_cast<double>(best) + shift);
}

TEST(Instruments, AreInTune) {
  for (const Instrument instrument :
       {Instrument::kPiano, Instrument::kPlucked, Instrument::kElectricPiano, Instrument::kOrgan,
        Instrument::kStrings, Instrument::kFlute, Instrument::kSawLead, Instrument::kGuitar,
        Instrument::kBass, Instrument::kSynthBass}) {
    for (const int pitch : {45, 57, 64}) {
      const double expected_hz = 440.0 * std::exp2((pitch - 69) / 12.0);
      const std::vector<float> samples =
          render(one_note(instrument, static_cast<float>(pitch)), kRenderRateHz);
      const std::span<const float> middle = std::span(samples).subspan(kRenderRateHz / 5, 4096);
      // 12 cents are 0.7 %
      EXPECT_NEAR(pitch_of(middle, 0.8 * expected_hz, 1.25 * expected_hz), expected_hz,
                  0.007 * expected_hz)
          << "instrument " << static_cast<int>(instrument) << ", pitch " << pitch;
    }
  }
}

TEST(Instruments, DieAwayWhenTheKeyIsLetGo) {
  for (int i = 0; i < static_cast<int>(Instrument::kDrums); ++i) {
    Composition song = one_note(static_cast<Instrument>(i), 60.0F);
    song.seconds = 4.0;
    song.tracks.front().notes.front().duration_s = 0.5;
    const std::vector<float> samples = render(song, kRenderRateHz);
    const double sounding =
        rms_of(std::span(samples).subspan(kRenderRateHz / 4, kRenderRateHz / 8));
    const double after = rms_of(std::span(samples).subspan(3 * kRenderRateHz, kRenderRateHz / 2));
    EXPECT_LT(after, 0.01 * sounding) << "instrument " << i;
  }
}

TEST(Instruments, AllDrumsSound) {
  for (int i = 0; i <= static_cast<int>(DrumSound::kClap); ++i) {
    const Composition song = one_note(Instrument::kDrums, static_cast<float>(i));
    EXPECT_GT(rms_of(render(song, kRenderRateHz)), 0.003) << "drum " << i;
  }
}

TEST(Render, AReverbLengthensTheEnd) {
  Composition song = one_note(Instrument::kPlucked, 64.0F);
  song.seconds = 3.0;
  song.tracks.front().notes.front().duration_s = 0.3;
  const std::vector<float> dry = render(song, kRenderRateHz);
  song.tracks.front().reverb_send = 0.6F;
  song.room_size = 0.9;
  const std::vector<float> wet = render(song, kRenderRateHz);
  const auto late = [](const std::vector<float>& samples) {
    return rms_of(std::span(samples).subspan(kRenderRateHz, kRenderRateHz)) / rms_of(samples);
  };
  EXPECT_GT(late(wet), 10 * late(dry));
}

TEST(Render, OfNoTracksIsSilence) {
  Composition song;
  song.seconds = 0.5;
  for (const float value : render(song, 8000)) ASSERT_EQ(value, 0.0F);
}

}  // namespace
}  // namespace mer
