#pragma once

#include <array>
#include <vector>

#include "dice.hpp"
#include "mer/synth/composition.hpp"

namespace mer {

struct Scale {
  const char* name;
  std::array<int, 7> semitones;
  bool is_major;
};

/// A scale of the major or the minor family, as the trait `mode` says.
const Scale& pick_scale(Dice& dice, const Traits& traits);

/// Semitones above the tonic of a scale degree counted from 0, through all octaves, also below.
int semitones_of(const Scale& scale, int degree);

/// A chord of stacked thirds.
struct Chord {
  int root_degree = 0;         ///< of the scale, 0…6
  std::vector<int> semitones;  ///< above the tonic, within one octave: root, third, fifth, …
  bool contains(int semitone) const;
};

Chord chord_on(const Scale& scale, int root_degree, bool seventh, bool ninth);

enum class Cadence { kOpen, kClosed };

/// Root degrees of one phrase, one a bar: tonic, walk along the usual successions of functions, and
/// a cadence (open: on the dominant side, closed: dominant or subdominant, then tonic).
std::vector<int> progression(Dice& dice, const Scale& scale, int num_bars, Cadence cadence,
                             bool allow_diminished);

/// The chord in close position near `center`, in the inversion that moves least from `previous`
/// (MIDI numbers, ascending; empty at the beginning).
std::vector<int> voice(const Chord& chord, int tonic, const std::vector<int>& previous, int center);

}  // namespace mer
