#pragma once

#include <vector>

#include "dice.hpp"
#include "theory.hpp"

namespace mer {

/// What all players of a song agree on: the clock, the form and the harmony.
struct SongFrame {
  struct Bar {
    Chord chord;
    int phrase = 0;         ///< counted from 0
    int bar_in_phrase = 0;  ///< 0…3
    bool ends_phrase = false;
    bool is_last = false;
    char section = 'A';        ///< phrases of one letter share their motifs
    double energy = 1.0;       ///< arrangement: few players at the beginning, all at the end
    std::vector<int> voicing;  ///< MIDI numbers for the accompaniment
  };

  Traits traits;
  const Scale* scale = nullptr;
  int tonic = 60;
  int beats_per_bar = 4;
  double beat_s = 0.5;
  double swing = 0.0;       ///< 0 even … 0.33 triplet: delay of every second eighth, in eighths
  double velocity = 0.6;    ///< mean
  double hold = 0.8;        ///< articulation: sounding part of a note's length
  double timing_s = 0.006;  ///< standard deviation of human timing
  std::vector<Bar> bars;

  int steps_per_bar() const { return 4 * beats_per_bar; }  ///< sixteenths

  /// Start of a sixteenth, with swing.
  double time_of(int bar, double step) const;
  /// How hard a note at a step is played: phrase arc, accents, energy; 0…1.
  double velocity_at(int bar, double step) const;
};

/// Adds a note at a step of a bar, `length` sixteenths long, as a human would play it.
void add_note(const SongFrame& frame, Dice& dice, int bar, double step, double length, double pitch,
              double loudness, Track& track);

void play_melody(const SongFrame& frame, Dice& dice, int center_pitch, Track& track);
void play_chords(const SongFrame& frame, Dice& dice, Track& track);
void play_power_chords(const SongFrame& frame, Dice& dice, Track& track);
void play_arpeggio(const SongFrame& frame, Dice& dice, Track& track);
void play_bass(const SongFrame& frame, Dice& dice, Track& track);
void play_drums(const SongFrame& frame, Dice& dice, Track& track);

}  // namespace mer
