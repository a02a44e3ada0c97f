#pragma once

#include <cstdint>
#include <vector>

#include "mer/synth/composition.hpp"

namespace mer {

/// Plays a composition: every note through its instrument's model, tracks mixed, reverb, loudness.
///
/// @return round(seconds · sample_rate_hz) mono samples, peak at most 0.88 (−1.1 dB below full
///         scale), beginning and ending in silence
std::vector<float> render(const Composition& song, int sample_rate_hz);

/// compose() and render() in one.
std::vector<float> render_song(Emotion emotion, std::uint64_t song_seed, std::uint64_t artist_seed,
                               double seconds, int sample_rate_hz);

}  // namespace mer
