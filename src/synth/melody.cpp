#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

#include "song_frame.hpp"

namespace mer {
namespace {

struct MotifNote {
  int step = 0;    // sixteenth of the bar
  int length = 0;  // sixteenths
  int offset = 0;  // scale degrees above the bar's first note
};
using Motif = std::vector<MotifNote>;

/// Ways to fill one beat; negative numbers are rests, 0 holds the note before.
const std::vector<std::vector<int>>& beat_cells() {
  static const std::vector<std::vector<int>> cells = {
      {0}, {4}, {2, 2}, {3, 1}, {2, 1, 1}, {1, 1, 2}, {1, 1, 1, 1}, {-2, 2}, {1, 2, 1}, {-4}};
  return cells;
}

std::vector<double> cell_weights(const SongFrame& frame) {
  // Sixteenths at a fast tempo are not played twice as fast as at a slow one.
  const double d = frame.traits.density + 1.1 * std::log2(frame.beat_s / 0.58);
  const double s = frame.traits.syncopation;
  return {std::exp(-0.9 * d - 0.5),          std::exp(-0.3 * d + 0.3),
          std::exp(0.4 * d + 0.3),           std::exp(0.1 * d + 0.3 * s - 0.7),
          std::exp(0.7 * d - 1.2),           std::exp(0.7 * d - 1.3),
          std::exp(1.1 * d - 2.3),           std::exp(0.7 * s - 1.2),
          std::exp(0.4 * d + 0.8 * s - 1.7), std::exp(-0.3 * d - 2.0)};
}

Motif make_motif(const SongFrame& frame, Dice& dice) {
  const std::vector<double> weights = cell_weights(frame);
  Motif motif;
  for (int beat = 0; beat < frame.beats_per_bar; ++beat) {
    const std::vector<int>& cell = beat_cells()[dice.weighted(weights)];
    int step = 4 * beat;
    for (const int length : cell) {
      if (length == 0 && !motif.empty()) motif.back().length += 4;
      if (length == 0 && motif.empty()) motif.push_back({step, 4, 0});
      if (length > 0) motif.push_back({step, length, 0});
      step += std::abs(length);
    }
  }
  if (motif.empty()) motif.push_back({0, 4, 0});

  // Mostly steps; a leap is answered by a move back.
  int offset = 0;
  int last_move = 0;
  for (std::size_t i = 1; i < motif.size(); ++i) {
    const int size = static_cast<int>(dice.weighted({0.14, 0.52, 0.20, 0.08, 0.06}));
    double up = logistic(0.55 * frame.traits.contour);
    if (std::abs(last_move) > 2) up = last_move > 0 ? 0.2 : 0.8;
    last_move = dice.chance(up) ? size : -size;
    offset = std::clamp(offset + last_move, -5, 5);
    motif[i].offset = offset;
  }
  return motif;
}

/// The motifs of one section of the form.
struct Theme {
  Motif first;
  Motif second;
  int sequence = 1;  // the first motif comes again this many degrees higher
};

Motif cadence_motif(const SongFrame& frame, bool is_last) {
  const int steps = frame.steps_per_bar();
  if (is_last) return {{0, steps, 0}};
  return {{0, 4, 1}, {4, steps - 8, 0}};  // and a breath
}

int nearest_chord_degree(const SongFrame& frame, const Chord& chord, int degree) {
  for (const int shift : {0, -1, 1, -2, 2}) {
    if (chord.contains(semitones_of(*frame.scale, degree + shift))) return degree + shift;
  }
  return degree;
}

}  // namespace

void play_melody(const SongFrame& frame, Dice& dice, int center_pitch, Track& track) {
  const Scale& scale = *frame.scale;
  int center_degree = 0;  // the scale degree nearest to the center
  while (frame.tonic + semitones_of(scale, center_degree) < center_pitch) ++center_degree;
  while (frame.tonic + semitones_of(scale, center_degree) > center_pitch) --center_degree;

  const double clash = 0.5 * logistic(-1.2 * frame.traits.consonance, 2.6);
  std::map<char, Theme> themes;
  int base = center_degree;
  for (int bar = 0; bar < static_cast<int>(frame.bars.size()); ++bar) {
    const SongFrame::Bar& here = frame.bars[static_cast<std::size_t>(bar)];
    if (!themes.contains(here.section)) {
      const int rise = frame.traits.contour > dice.normal() ? 1 : -1;
      const int sequence = rise * dice.between(1, 2);
      themes[here.section] = {make_motif(frame, dice), make_motif(frame, dice), sequence};
    }
    const Theme& theme = themes[here.section];
    Motif motif = here.bar_in_phrase == 2 ? theme.second : theme.first;
    if (here.ends_phrase || here.is_last) motif = cadence_motif(frame, here.is_last);
    if (here.bar_in_phrase == 0) base = center_degree + (here.section == 'B' ? 2 : 0);
    if (here.bar_in_phrase == 1) base += theme.sequence;
    if (here.ends_phrase) base = center_degree;
    base = nearest_chord_degree(frame, here.chord, base);
    if (here.bar_in_phrase != 0 && motif.size() > 2 && dice.chance(0.25)) {
      motif[motif.size() / 2].offset += dice.chance(0.5) ? 1 : -1;  // a small variation
    }
    for (const MotifNote& note : motif) {
      int degree = std::clamp(base + note.offset, center_degree - 8, center_degree + 8);
      const bool is_strong = note.step % 8 == 0 || note.length >= 6;
      if (is_strong) degree = nearest_chord_degree(frame, here.chord, degree);
      int pitch = frame.tonic + semitones_of(scale, degree);
      if (!is_strong && dice.chance(clash)) pitch += dice.chance(0.5) ? 1 : -1;
      add_note(frame, dice, bar, note.step, note.length, pitch, 1.0, track);
    }
  }
}

}  // namespace mer
