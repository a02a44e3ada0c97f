#pragma once

#include <span>
#include <vector>

namespace mer {

/// A guitar amplifier: low cut, saturation, and the cabinet's fall above 4 kHz; in place.
void amplify(std::span<float> bus, float drive, int sample_rate_hz);

/// Reverberation of a room alone (no direct sound): eight comb filters with damping, then four
/// all-passes (Schroeder's network in the tuning that is known as Freeverb).
/// @param room_size  0…1: 0.6 s to 4 s
std::vector<float> reverberate(std::span<const float> dry, double room_size, int sample_rate_hz);

/// Root mean square of the parts that are louder than −40 dB below the loudest, in 50 ms steps; 0
/// for silence. The loudness of a player while he plays.
float active_rms(std::span<const float> samples, int sample_rate_hz);

/// Brings the mix to a loudness and bends peaks so that none is above 0.88; in place.
void master(std::span<float> mix, double rms_db, int sample_rate_hz);

}  // namespace mer
