#pragma once

#include <cstdint>
#include <span>

#include "mer/synth/composition.hpp"

namespace mer {

/// Adds one note to `bus`, which begins at the note's start and ends with the song.
/// @param noise_seed  of this note alone
void play_note(Instrument instrument, const Timbre& timbre, const Note& note,
               std::uint64_t noise_seed, int sample_rate_hz, std::span<float> bus);

/// Adds one stroke of a drum; the same contract.
void play_drum(DrumSound sound, float velocity, std::uint64_t noise_seed, int sample_rate_hz,
               std::span<float> bus);

}  // namespace mer
