#include <algorithm>
#include <array>
#include <cmath>

#include "song_frame.hpp"

namespace mer {
namespace {

enum class ChordPattern { kHeld, kBeats, kOffbeats, kStrum };

ChordPattern pick_chord_pattern(const SongFrame& frame, Dice& dice) {
  const Traits& t = frame.traits;
  return static_cast<ChordPattern>(
      dice.weighted({std::exp(-0.6 * t.staccato), std::exp(0.3 * t.dynamics - 0.4),
                     std::exp(0.6 * t.syncopation + 0.4 * t.staccato - 1.0), 0.6}));
}

void add_chord(const SongFrame& frame, Dice& dice, int bar, double step, double length,
               double loudness, bool downstroke, double strum_s, Track& track) {
  std::vector<int> voicing = frame.bars[static_cast<std::size_t>(bar)].voicing;
  if (!downstroke) std::reverse(voicing.begin(), voicing.end());
  // A clash: the half tone above one of the inner voices.
  if (dice.chance(logistic(-1.2 * frame.traits.consonance, 2.4)) && voicing.size() > 1) {
    voicing.push_back(voicing[1] + (dice.chance(0.6) ? 1 : 6));
  }
  for (std::size_t i = 0; i < voicing.size(); ++i) {
    add_note(frame, dice, bar, step, length, voicing[i], loudness, track);
    track.notes.back().start_s += strum_s * static_cast<double>(i);
  }
}

int bass_root(const SongFrame& frame, const Chord& chord) {
  int pitch = frame.tonic + chord.semitones.front();
  while (pitch > 47) pitch -= 12;
  while (pitch < 33) pitch += 12;
  return pitch;
}

int bass_fifth(const SongFrame& frame, const Chord& chord) {
  const int interval = (chord.semitones[2] - chord.semitones[0] + 12) % 12;
  const int root = bass_root(frame, chord);
  return root + interval > 50 ? root + interval - 12 : root + interval;
}

enum class BassPattern { kHeld, kRootFifth, kEighths, kWalking, kOctaves };

void play_bass_bar(const SongFrame& frame, Dice& dice, BassPattern pattern, int bar, Track& track) {
  const Chord& chord = frame.bars[static_cast<std::size_t>(bar)].chord;
  const int root = bass_root(frame, chord);
  const int fifth = bass_fifth(frame, chord);
  const int steps = frame.steps_per_bar();
  switch (pattern) {
    case BassPattern::kHeld:
      add_note(frame, dice, bar, 0, steps, root, 0.9, track);
      return;
    case BassPattern::kRootFifth:
      for (int step = 0; step < steps; step += 8) {
        add_note(frame, dice, bar, step, std::min(8, steps - step), step == 0 ? root : fifth, 0.9,
                 track);
      }
      return;
    case BassPattern::kEighths:
      for (int step = 0; step < steps; step += 2) {
        add_note(frame, dice, bar, step, 2, root, step % 4 == 0 ? 1.0 : 0.8, track);
      }
      return;
    case BassPattern::kOctaves:
      for (int step = 0; step < steps; step += 2) {
        add_note(frame, dice, bar, step, 2, step % 4 == 0 ? root : root + 12, 0.9, track);
      }
      return;
    case BassPattern::kWalking:
      break;
  }
  const std::size_t next = std::min(static_cast<std::size_t>(bar) + 1, frame.bars.size() - 1);
  const int goal = bass_root(frame, frame.bars[next].chord);
  for (int beat = 0; beat < frame.beats_per_bar; ++beat) {
    int pitch = root;
    if (beat == 1) pitch = fifth;
    if (beat == 2) pitch = root + (chord.semitones[1] - chord.semitones[0] + 12) % 12;
    if (beat > 0 && beat == frame.beats_per_bar - 1) pitch = goal + (dice.chance(0.5) ? 1 : -1);
    add_note(frame, dice, bar, 4 * beat, 4, pitch, 0.9, track);
  }
}

/// Where the drums of one bar fall; sixteenths.
struct Groove {
  std::vector<int> kick;
  std::vector<int> snare;
  int hat_every = 2;
  DrumSound snare_sound = DrumSound::kSnare;
  DrumSound hat_sound = DrumSound::kClosedHat;
  bool open_offbeats = false;
};

Groove pick_groove(const SongFrame& frame, Dice& dice) {
  const double drums = frame.traits.percussion;
  const bool is_waltz = frame.beats_per_bar == 3;
  Groove groove;
  if (drums < 0.1) {  // soft
    groove.kick = {0};
    groove.snare = is_waltz ? std::vector<int>{4, 8} : std::vector<int>{8};
    groove.snare_sound = DrumSound::kRim;
    groove.hat_sound = DrumSound::kShaker;
    groove.hat_every = dice.chance(0.5) ? 2 : 4;
    return groove;
  }
  groove.snare = is_waltz ? std::vector<int>{8} : std::vector<int>{4, 12};
  if (dice.chance(0.2)) groove.snare_sound = DrumSound::kClap;
  if (drums > 1.2 && dice.chance(0.6)) {  // driving
    for (int step = 0; step < frame.steps_per_bar(); step += 2) groove.kick.push_back(step);
  } else if (dice.chance(0.35)) {  // four on the floor
    for (int step = 0; step < frame.steps_per_bar(); step += 4) groove.kick.push_back(step);
    groove.open_offbeats = dice.chance(0.6);
  } else {
    groove.kick = {0};
    if (!is_waltz) groove.kick.push_back(dice.chance(0.5) ? 8 : 10);
    if (!is_waltz && dice.chance(logistic(frame.traits.syncopation))) groove.kick.push_back(7);
  }
  if (!is_waltz && dice.chance(0.2)) groove.snare = {8};  // half time
  if (frame.beat_s > 0.5 && dice.chance(logistic(frame.traits.density, 0.5))) groove.hat_every = 1;
  return groove;
}

void hit(const SongFrame& frame, Dice& dice, int bar, double step, DrumSound sound, double loudness,
         Track& track) {
  add_note(frame, dice, bar, step, 1, static_cast<double>(sound), loudness, track);
}

void play_fill(const SongFrame& frame, Dice& dice, int bar, Track& track) {
  const int first = frame.steps_per_bar() - (dice.chance(0.5) ? 4 : 8);
  for (int step = first; step < frame.steps_per_bar(); ++step) {
    if (dice.chance(0.3)) continue;
    const DrumSound sound = dice.chance(0.5) ? DrumSound::kTom : DrumSound::kSnare;
    const double rise = static_cast<double>(step - first) / 16.0;
    hit(frame, dice, bar, step, sound, 0.6 + rise, track);
  }
}

}  // namespace

void play_chords(const SongFrame& frame, Dice& dice, Track& track) {
  const std::array patterns = {pick_chord_pattern(frame, dice), pick_chord_pattern(frame, dice)};
  const int steps = frame.steps_per_bar();
  for (int bar = 0; bar < static_cast<int>(frame.bars.size()); ++bar) {
    const SongFrame::Bar& here = frame.bars[static_cast<std::size_t>(bar)];
    if (here.is_last) {
      add_chord(frame, dice, bar, 0, steps, 0.9, true, 0.02, track);
      continue;
    }
    switch (patterns[here.section == 'B' ? 1 : 0]) {
      case ChordPattern::kHeld:
        add_chord(frame, dice, bar, 0, steps, 0.8, true, 0.004, track);
        break;
      case ChordPattern::kBeats:
        for (int step = 0; step < steps; step += 4) {
          add_chord(frame, dice, bar, step, 4, step == 0 ? 0.9 : 0.75, true, 0.003, track);
        }
        break;
      case ChordPattern::kOffbeats:
        for (int step = 2; step < steps; step += 4) {
          add_chord(frame, dice, bar, step, 2, 0.85, true, 0.003, track);
        }
        break;
      case ChordPattern::kStrum:
        add_chord(frame, dice, bar, 0, 6, 0.9, true, 0.014, track);
        for (int step = 6; step < steps; step += 2) {
          if (step % 8 == 0 || dice.chance(0.6)) {
            add_chord(frame, dice, bar, step, 2, step % 4 == 0 ? 0.8 : 0.6, step % 4 == 0, 0.012,
                      track);
          }
        }
        break;
    }
  }
}

void play_power_chords(const SongFrame& frame, Dice& dice, Track& track) {
  const bool gallops = dice.chance(0.3);
  const int every = dice.chance(0.45) ? 4 : 2;
  for (int bar = 0; bar < static_cast<int>(frame.bars.size()); ++bar) {
    const SongFrame::Bar& here = frame.bars[static_cast<std::size_t>(bar)];
    const int root = bass_root(frame, here.chord) + (bass_root(frame, here.chord) < 40 ? 12 : 0);
    const int steps = frame.steps_per_bar();
    const auto strike = [&](int step, int length, double loudness) {
      int above = 0;
      if (frame.traits.consonance < -0.8 && dice.chance(0.12)) above = 1;  // a slide from above
      for (const int interval : {0, 7, 12}) {
        add_note(frame, dice, bar, step, length, root + interval + above, loudness, track);
      }
    };
    if (here.is_last) {
      strike(0, steps, 1.0);
      continue;
    }
    for (int step = 0; step < steps; step += every) {
      const bool accent = step == 0 || (step == 6 && frame.traits.syncopation > 0.0);
      strike(step, accent ? 4 : every, accent ? 1.0 : 0.7);
      if (gallops && every == 2 && step % 4 == 2) strike(step + 1, 1, 0.6);
    }
  }
}

void play_arpeggio(const SongFrame& frame, Dice& dice, Track& track) {
  const int every = frame.beat_s > 0.5 && dice.chance(0.4) ? 1 : 2;
  const int shape = dice.below(3);
  for (int bar = 0; bar < static_cast<int>(frame.bars.size()); ++bar) {
    const SongFrame::Bar& here = frame.bars[static_cast<std::size_t>(bar)];
    std::vector<int> tones = here.voicing;
    tones.push_back(tones.front() + 12);
    const int count = static_cast<int>(tones.size());
    int index = 0;
    const int end = here.is_last ? 4 : frame.steps_per_bar();
    for (int step = 0; step < end; step += every, ++index) {
      int tone = index % count;  // up
      if (shape == 1) {          // up and down
        tone = index % (2 * count - 2);
        if (tone >= count) tone = 2 * count - 2 - tone;
      }
      if (shape == 2)
        tone = std::array{0, 2, 1, 2}[static_cast<std::size_t>(index % 4)];  // Alberti
      add_note(frame, dice, bar, step, 2 * every, tones[static_cast<std::size_t>(tone)],
               step % 4 == 0 ? 0.85 : 0.7, track);
    }
  }
}

void play_bass(const SongFrame& frame, Dice& dice, Track& track) {
  const Traits& t = frame.traits;
  const auto pattern = static_cast<BassPattern>(dice.weighted(
      {std::exp(-0.7 * t.density - 0.3 * t.percussion), 0.9,
       std::exp(0.6 * t.percussion + 0.3 * t.dynamics - 0.7), std::exp(0.5 * t.syncopation - 1.0),
       std::exp(0.5 * t.percussion + 0.3 * t.staccato - 1.3)}));
  for (int bar = 0; bar < static_cast<int>(frame.bars.size()); ++bar) {
    const bool is_last = frame.bars[static_cast<std::size_t>(bar)].is_last;
    play_bass_bar(frame, dice, is_last ? BassPattern::kHeld : pattern, bar, track);
  }
}

void play_drums(const SongFrame& frame, Dice& dice, Track& track) {
  const Groove groove = pick_groove(frame, dice);
  const bool is_soft = groove.snare_sound == DrumSound::kRim;
  for (int bar = 0; bar < static_cast<int>(frame.bars.size()); ++bar) {
    const SongFrame::Bar& here = frame.bars[static_cast<std::size_t>(bar)];
    if (here.is_last) {
      hit(frame, dice, bar, 0, DrumSound::kKick, 1.0, track);
      if (!is_soft) hit(frame, dice, bar, 0, DrumSound::kCrash, 0.8, track);
      continue;
    }
    if (here.energy < 0.6) continue;  // the drums come in later
    if (here.bar_in_phrase == 0 && !is_soft)
      hit(frame, dice, bar, 0, DrumSound::kCrash, 0.7, track);
    const bool has_fill = here.ends_phrase && !is_soft && dice.chance(0.7);
    const int end = has_fill ? frame.steps_per_bar() - 4 : frame.steps_per_bar();
    for (const int step : groove.kick) {
      if (step < end) hit(frame, dice, bar, step, DrumSound::kKick, 1.0, track);
    }
    for (const int step : groove.snare) {
      if (step < end) hit(frame, dice, bar, step, groove.snare_sound, 0.95, track);
    }
    for (int step = 0; step < end; step += groove.hat_every) {
      const bool opens = groove.open_offbeats && step % 4 == 2;
      hit(frame, dice, bar, step, opens ? DrumSound::kOpenHat : groove.hat_sound,
          step % 4 == 0 ? 0.8 : 0.6, track);
    }
    if (has_fill) play_fill(frame, dice, bar, track);
  }
}

}  // namespace mer
