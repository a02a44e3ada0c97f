#include "theory.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mer {
namespace {

constexpr std::array kMajorFamily = {Scale{"major", {0, 2, 4, 5, 7, 9, 11}, true},
                                     Scale{"mixolydian", {0, 2, 4, 5, 7, 9, 10}, true},
                                     Scale{"lydian", {0, 2, 4, 6, 7, 9, 11}, true}};
constexpr std::array kMinorFamily = {Scale{"minor", {0, 2, 3, 5, 7, 8, 10}, false},
                                     Scale{"harmonic minor", {0, 2, 3, 5, 7, 8, 11}, false},
                                     Scale{"dorian", {0, 2, 3, 5, 7, 9, 10}, false},
                                     Scale{"phrygian", {0, 1, 3, 5, 7, 8, 10}, false}};

using Successions = std::array<std::array<double, 7>, 7>;  // [from degree][to degree]

constexpr Successions kMajorSuccessions = {{{0.00, 0.15, 0.08, 0.30, 0.22, 0.25, 0.04},
                                            {0.05, 0.00, 0.00, 0.10, 0.75, 0.05, 0.05},
                                            {0.00, 0.10, 0.00, 0.40, 0.00, 0.50, 0.00},
                                            {0.35, 0.15, 0.00, 0.00, 0.40, 0.10, 0.05},
                                            {0.55, 0.00, 0.02, 0.18, 0.00, 0.25, 0.00},
                                            {0.05, 0.25, 0.08, 0.42, 0.20, 0.00, 0.00},
                                            {0.70, 0.00, 0.10, 0.20, 0.00, 0.00, 0.00}}};
constexpr Successions kMinorSuccessions = {{{0.00, 0.05, 0.10, 0.25, 0.15, 0.25, 0.22},
                                            {0.30, 0.00, 0.00, 0.00, 0.70, 0.00, 0.00},
                                            {0.05, 0.00, 0.00, 0.25, 0.00, 0.40, 0.30},
                                            {0.35, 0.05, 0.00, 0.00, 0.35, 0.05, 0.20},
                                            {0.60, 0.00, 0.00, 0.10, 0.00, 0.30, 0.00},
                                            {0.15, 0.05, 0.25, 0.20, 0.10, 0.00, 0.25},
                                            {0.40, 0.00, 0.30, 0.00, 0.00, 0.30, 0.00}}};

bool is_diminished(const Scale& scale, int degree) {
  return semitones_of(scale, degree + 4) - semitones_of(scale, degree) == 6;
}

int successor(Dice& dice, const Scale& scale, int degree, bool allow_diminished) {
  std::array<double, 7> weights =
      (scale.is_major ? kMajorSuccessions : kMinorSuccessions)[static_cast<std::size_t>(degree)];
  // What makes a mode sound like itself: the chord on its flat seventh, sharp fourth, flat second.
  const std::string_view name = scale.name;
  if (name == "mixolydian") weights[6] += 0.3;
  if (name == "lydian" || name == "phrygian") weights[1] += 0.3;
  weights[static_cast<std::size_t>(degree)] = 0.0;
  if (!allow_diminished) {
    for (int to = 0; to < 7; ++to) {
      if (is_diminished(scale, to)) weights[static_cast<std::size_t>(to)] = 0.0;
    }
  }
  return static_cast<int>(dice.weighted(weights));
}

}  // namespace

const Scale& pick_scale(Dice& dice, const Traits& traits) {
  if (traits.mode > 0.0) return kMajorFamily[dice.weighted({0.64, 0.24, 0.12})];
  const double dark = logistic(-traits.consonance);  // phrygian and harmonic minor clash more
  return kMinorFamily[dice.weighted({0.5, 0.1 + 0.2 * dark, 0.3 - 0.2 * dark, 0.25 * dark})];
}

int semitones_of(const Scale& scale, int degree) {
  const int octave = degree >= 0 ? degree / 7 : -((6 - degree) / 7);
  return 12 * octave + scale.semitones[static_cast<std::size_t>(degree - 7 * octave)];
}

bool Chord::contains(int semitone) const {
  const int pitch_class = (semitone % 12 + 12) % 12;
  return std::find(semitones.begin(), semitones.end(), pitch_class) != semitones.end();
}

Chord chord_on(const Scale& scale, int root_degree, bool seventh, bool ninth) {
  Chord chord;
  chord.root_degree = root_degree;
  for (const int third : {0, 2, 4, 6, 8}) {
    if ((third == 6 && !seventh) || (third == 8 && !ninth)) continue;
    chord.semitones.push_back(semitones_of(scale, root_degree + third) % 12);
  }
  return chord;
}

std::vector<int> progression(Dice& dice, const Scale& scale, int num_bars, Cadence cadence,
                             bool allow_diminished) {
  std::vector<int> roots;
  int degree = dice.chance(0.85) ? 0 : 5;
  for (int bar = 0; bar < num_bars; ++bar) {
    roots.push_back(degree);
    degree = successor(dice, scale, degree, allow_diminished);
  }
  const int dominant = is_diminished(scale, 4) ? 6 : 4;
  if (cadence == Cadence::kOpen) {
    if (num_bars > 1 && roots.back() == 0) roots.back() = dice.chance(0.7) ? dominant : 3;
    return roots;
  }
  roots.back() = 0;
  if (num_bars > 1) roots[roots.size() - 2] = dice.chance(0.65) ? dominant : 3;
  return roots;
}

std::vector<int> voice(const Chord& chord, int tonic, const std::vector<int>& previous,
                       int center) {
  std::vector<int> best;
  double best_cost = std::numeric_limits<double>::infinity();
  for (std::size_t inversion = 0; inversion < chord.semitones.size(); ++inversion) {
    for (int octave = -3; octave <= 2; ++octave) {
      std::vector<int> voices;
      int floor = -1000;
      for (std::size_t i = 0; i < chord.semitones.size(); ++i) {
        int pitch = tonic + 12 * octave + chord.semitones[(inversion + i) % chord.semitones.size()];
        while (pitch <= floor) pitch += 12;
        voices.push_back(pitch);
        floor = pitch;
      }
      double mean = 0.0;
      for (const int pitch : voices) mean += pitch;
      mean /= static_cast<double>(voices.size());
      double cost = 0.6 * std::abs(mean - center);
      for (std::size_t i = 0; i < voices.size() && !previous.empty(); ++i) {
        cost += std::abs(voices[i] - previous[std::min(i, previous.size() - 1)]);
      }
      if (cost < best_cost) {
        best_cost = cost;
        best = voices;
      }
    }
  }
  return best;
}

}  // namespace mer
