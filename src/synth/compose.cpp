#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "dice.hpp"
#include "mer/synth/composition.hpp"
#include "song_frame.hpp"
#include "theory.hpp"

namespace mer {
namespace {

/// How an emotion moves a trait's mean, and how much of the trait's variance the artist owns.
struct TraitRow {
  double Traits::*trait;
  std::array<double, 4> shift;  // happy, anger, sad, relaxed
  double artist_share;          // 0…1, of the standard deviation
};

/// The tendencies are those that studies of musical emotion report (tempo, mode, loudness, pitch
/// height, articulation, timbre: Gabrielsson & Lindström 2010, "The role of structure in the
/// musical expression of emotions"); the sizes are ours, small enough that no trait tells the
/// emotion alone.
constexpr std::array kTraitRows = {TraitRow{&Traits::tempo, {0.75, 0.55, -0.75, -0.55}, 0.3},
                                   TraitRow{&Traits::density, {0.45, 0.55, -0.55, -0.40}, 0.3},
                                   TraitRow{&Traits::dynamics, {0.45, 0.90, -0.75, -0.60}, 0.3},
                                   TraitRow{&Traits::staccato, {0.75, 0.30, -0.75, -0.35}, 0.2},
                                   TraitRow{&Traits::brightness, {0.50, 0.40, -0.55, -0.40}, 0.6},
                                   TraitRow{&Traits::percussion, {0.60, 0.70, -0.75, -0.55}, 0.5},
                                   TraitRow{&Traits::mode, {1.15, -1.15, -1.15, 1.15}, 0.0},
                                   TraitRow{&Traits::consonance, {0.80, -1.10, -0.50, 0.90}, 0.3},
                                   TraitRow{&Traits::pitch_height, {0.90, -0.80, -0.35, 0.30}, 0.4},
                                   TraitRow{&Traits::contour, {0.80, -0.30, -0.90, 0.35}, 0.0},
                                   TraitRow{&Traits::roughness, {-0.30, 1.15, -0.40, -0.50}, 0.5},
                                   TraitRow{&Traits::syncopation, {0.80, 0.10, -0.80, -0.10}, 0.3},
                                   TraitRow{&Traits::reverb, {-0.50, -0.50, 0.60, 0.40}, 0.6},
                                   TraitRow{&Traits::level, {0.45, 0.70, -0.65, -0.50}, 0.5},
                                   TraitRow{&Traits::vibrato, {0.00, -0.10, 0.90, -0.60}, 0.3},
                                   TraitRow{&Traits::colour, {0.00, -0.60, -0.35, 0.95}, 0.5}};

Traits draw_traits(Emotion emotion, Dice& song, Dice& artist) {
  Traits traits;
  for (const TraitRow& row : kTraitRows) {
    const double own = std::sqrt(1.0 - row.artist_share * row.artist_share);
    traits.*row.trait = row.shift[static_cast<std::size_t>(emotion)] +
                        row.artist_share * artist.normal() + own * song.normal();
  }
  return traits;
}

constexpr std::array kLeadInstruments = {
    Instrument::kPiano,   Instrument::kPlucked, Instrument::kElectricPiano, Instrument::kOrgan,
    Instrument::kStrings, Instrument::kFlute,   Instrument::kSawLead,       Instrument::kBell};

/// Who plays: an artist's favourites, bent by what the song tends to.
Instrument pick_lead(Dice& dice, Dice& artist, const Traits& t) {
  std::array<double, kLeadInstruments.size()> weights = {
      std::exp(0.3 * t.dynamics),
      std::exp(0.4 * t.consonance),
      std::exp(0.7 * t.colour - 0.3 * t.roughness),
      std::exp(0.3 * t.level - 0.4),
      std::exp(-0.6 * t.staccato + 0.7 * t.vibrato),
      std::exp(0.5 * t.pitch_height - 0.4 * t.roughness - 0.3),
      std::exp(0.9 * t.roughness - 0.2),
      std::exp(0.5 * t.brightness + 0.5 * t.consonance - 1.2)};
  for (double& weight : weights) weight *= std::exp(0.8 * artist.normal());
  return kLeadInstruments[dice.weighted(weights)];
}

Instrument pick_accompanist(Dice& dice, Dice& artist, const Traits& t) {
  constexpr std::array kChoices = {Instrument::kPiano, Instrument::kPlucked,
                                   Instrument::kElectricPiano, Instrument::kOrgan,
                                   Instrument::kStrings};
  std::array<double, kChoices.size()> weights = {
      std::exp(0.2 * t.staccato), std::exp(0.3 * t.consonance), std::exp(0.7 * t.colour),
      std::exp(0.3 * t.level - 0.5), std::exp(-0.5 * t.staccato + 0.4 * t.vibrato)};
  for (double& weight : weights) weight *= std::exp(0.8 * artist.normal());
  return kChoices[dice.weighted(weights)];
}

Timbre make_timbre(const Traits& t, Dice& artist) {
  Timbre timbre;
  timbre.brightness = static_cast<float>(std::clamp(0.45 + 0.17 * t.brightness, 0.05, 1.0));
  timbre.attack_s = static_cast<float>(
      std::clamp(0.06 * std::exp2(-0.6 * t.staccato - 0.4 * t.dynamics), 0.01, 0.35));
  timbre.vibrato_semitones = static_cast<float>(std::clamp(0.15 + 0.12 * t.vibrato, 0.0, 0.5));
  timbre.detune_cents = static_cast<float>(artist.uniform(4.0, 12.0));
  timbre.drive = t.roughness > 0.4 ? static_cast<float>(2.0 * std::exp2(1.2 * t.roughness)) : 0.0F;
  return timbre;
}

double clamp_tempo(double tempo_bpm) { return std::clamp(tempo_bpm, 54.0, 190.0); }

/// The form: phrases of four bars, A A B A …, an open cadence in between and a closed one at the
/// end.
void lay_out_bars(SongFrame& frame, Dice& dice, double seconds) {
  // As many whole bars as fit best before the last chord dies away; the tempo gives a little, so
  // that they fill the song.
  constexpr double kTailS = 1.0;
  const double room_s = std::max(0.5 * seconds, seconds - kTailS);
  const double bar_s = frame.beat_s * frame.beats_per_bar;
  const int num_bars = std::max(1, static_cast<int>(std::lround(room_s / bar_s)));
  frame.beat_s *= std::clamp(room_s / (num_bars * bar_s), 0.85, 1.18);
  constexpr std::string_view kForm = "AABA";
  const bool allow_diminished = frame.traits.consonance < -0.3;
  const double p_seventh = logistic(0.9 * frame.traits.colour, 0.9);
  const bool builds_up = dice.chance(0.5) && num_bars > 6;
  std::array<std::vector<int>, 2> roots;  // of sections A and B
  for (auto& section : roots) {
    section = progression(dice, *frame.scale, 4, Cadence::kOpen, allow_diminished);
  }
  const std::vector<int> ending =
      progression(dice, *frame.scale, std::min(num_bars, 4), Cadence::kClosed, allow_diminished);
  std::vector<int> voicing;
  for (int i = 0; i < num_bars; ++i) {
    SongFrame::Bar bar;
    bar.phrase = i / 4;
    bar.bar_in_phrase = i % 4;
    bar.ends_phrase = i % 4 == 3;
    bar.is_last = i == num_bars - 1;
    bar.section = kForm[static_cast<std::size_t>(bar.phrase) % kForm.size()];
    bar.energy = builds_up && i < 2 ? 0.4 : 1.0;
    int root = roots[bar.section == 'B' ? 1 : 0][static_cast<std::size_t>(i % 4)];
    const int before_end = num_bars - 1 - i;
    if (before_end < 2)
      root = ending[ending.size() - 1 -
                    static_cast<std::size_t>(
                        std::min(before_end, static_cast<int>(ending.size()) - 1))];
    const bool seventh = !bar.is_last && dice.chance(p_seventh);
    bar.chord = chord_on(*frame.scale, root, seventh, seventh && dice.chance(0.4 * p_seventh));
    const int center = 58 + static_cast<int>(std::lround(2.0 * frame.traits.pitch_height));
    voicing = voice(bar.chord, frame.tonic, voicing, center);
    bar.voicing = voicing;
    frame.bars.push_back(std::move(bar));
  }
}

void finish_track(Track& track, const Composition& song) {
  std::erase_if(track.notes, [&song](const Note& note) { return note.start_s >= song.seconds; });
  std::stable_sort(track.notes.begin(), track.notes.end(),
                   [](const Note& a, const Note& b) { return a.start_s < b.start_s; });
}

Track make_track(Instrument instrument, const Timbre& timbre, double level_db, double reverb_send) {
  Track track;
  track.instrument = instrument;
  track.timbre = timbre;
  track.level_db = static_cast<float>(level_db);
  track.reverb_send = static_cast<float>(reverb_send);
  return track;
}

void arrange(const SongFrame& frame, Dice& dice, Dice& artist, Composition& song) {
  const Traits& t = frame.traits;
  const Timbre timbre = make_timbre(t, artist);
  Timbre clean = timbre;
  clean.drive = 0.0F;
  const double send = std::clamp(0.22 + 0.12 * t.reverb, 0.03, 0.6);

  const Instrument lead = pick_lead(dice, artist, t);
  const bool rough_lead = lead == Instrument::kSawLead || lead == Instrument::kOrgan;
  Track melody = make_track(lead, rough_lead ? timbre : clean, 0.0, send);
  const int center = std::clamp(static_cast<int>(std::lround(68 + 5.0 * t.pitch_height)), 52, 86);
  play_melody(frame, dice, center, melody);
  song.tracks.push_back(std::move(melody));

  if (timbre.drive > 0.0F) {
    Track guitar = make_track(Instrument::kGuitar, timbre, -3.0 + 1.5 * t.roughness, 0.5 * send);
    play_power_chords(frame, dice, guitar);
    song.tracks.push_back(std::move(guitar));
  }
  if (timbre.drive == 0.0F || dice.chance(0.4)) {
    Track chords = make_track(pick_accompanist(dice, artist, t), clean, -6.0, send);
    play_chords(frame, dice, chords);
    song.tracks.push_back(std::move(chords));
  }
  if (dice.chance(0.4)) {
    const Instrument player = dice.chance(0.5) ? Instrument::kPlucked : Instrument::kElectricPiano;
    Track arpeggio = make_track(player, clean, -9.0, 1.2 * send);
    play_arpeggio(frame, dice, arpeggio);
    song.tracks.push_back(std::move(arpeggio));
  }
  if (dice.chance(logistic(t.percussion + 2.0))) {
    const bool synthetic = artist.chance(0.4);
    Track bass =
        make_track(synthetic ? Instrument::kSynthBass : Instrument::kBass, clean, -3.0, 0.2 * send);
    play_bass(frame, dice, bass);
    song.tracks.push_back(std::move(bass));
  }
  if (t.percussion > -0.6) {
    Track drums =
        make_track(Instrument::kDrums, clean, -9.0 + 2.5 * std::min(t.percussion, 2.0), 0.6 * send);
    play_drums(frame, dice, drums);
    song.tracks.push_back(std::move(drums));
  }
}

}  // namespace

std::string_view name_of(Emotion emotion) {
  constexpr std::array<std::string_view, 4> kNames = {"happy", "anger", "sad", "relaxed"};
  return kNames[static_cast<std::size_t>(emotion)];
}

double SongFrame::time_of(int bar, double step) const {
  const double whole_eighth = 2.0 * std::floor(step / 2.0);
  const bool is_second_eighth = std::fmod(whole_eighth, 4.0) == 2.0;
  const double swung = step + (is_second_eighth ? 2.0 * swing : 0.0);
  return beat_s * (bar * beats_per_bar + swung / 4.0);
}

double SongFrame::velocity_at(int bar, double step) const {
  const Bar& here = bars[static_cast<std::size_t>(bar)];
  // A phrase swells towards its third bar; the first beat has the weight.
  const double arc = 0.07 * std::sin(std::numbers::pi * (here.bar_in_phrase + 1) / 5.0);
  const double accent = step == 0.0 ? 0.06 : std::fmod(step, 4.0) == 0.0 ? 0.02 : -0.03;
  return velocity * (0.85 + 0.15 * here.energy) + arc + accent;
}

void add_note(const SongFrame& frame, Dice& dice, int bar, double step, double length, double pitch,
              double loudness, Track& track) {
  Note note;
  note.start_s = std::max(0.0, frame.time_of(bar, step) + frame.timing_s * dice.normal());
  note.duration_s = std::max(0.04, length * frame.beat_s / 4.0 * frame.hold);
  note.pitch = static_cast<float>(pitch);
  const double velocity = loudness * frame.velocity_at(bar, step) * (1.0 + 0.07 * dice.normal());
  note.velocity = static_cast<float>(std::clamp(velocity, 0.05, 1.0));
  track.notes.push_back(note);
}

Composition compose(Emotion emotion, std::uint64_t song_seed, std::uint64_t artist_seed,
                    double seconds) {
  if (!(seconds > 0.0)) throw std::invalid_argument("a song must last longer than 0 s");
  Dice dice(mix_seed({song_seed, seed_of("song")}));
  Dice artist(mix_seed({artist_seed, seed_of("artist")}));
  Composition song;
  song.emotion = emotion;
  song.seconds = seconds;
  song.traits = draw_traits(emotion, dice, artist);
  song.noise_seed = mix_seed({song_seed, seed_of("noise")});
  const Traits& t = song.traits;

  SongFrame frame;
  frame.traits = t;
  frame.scale = &pick_scale(dice, t);
  song.tempo_bpm = clamp_tempo(104.0 * std::exp2(0.30 * t.tempo));
  song.beats_per_bar = dice.chance(0.18) ? 3 : 4;
  song.mode = frame.scale->name;
  song.is_major = frame.scale->is_major;
  song.tonic = 54 + dice.below(12);
  frame.tonic = song.tonic;
  frame.beats_per_bar = song.beats_per_bar;
  frame.beat_s = 60.0 / song.tempo_bpm;
  frame.swing = dice.chance(logistic(t.syncopation, 1.2)) ? dice.uniform(0.1, 0.33) : 0.0;
  frame.velocity = std::clamp(0.60 + 0.13 * t.dynamics, 0.2, 0.92);
  frame.hold = std::clamp(0.80 - 0.20 * t.staccato, 0.25, 1.08);
  frame.timing_s = artist.uniform(0.002, 0.010);
  lay_out_bars(frame, dice, seconds);
  song.tempo_bpm = 60.0 / frame.beat_s;

  song.room_size = std::clamp(0.5 + 0.18 * t.reverb, 0.1, 0.95);
  song.rms_db = std::clamp(-20.0 + 2.2 * t.level + 0.8 * t.dynamics, -30.0, -13.0);
  song.fade_in_s = dice.chance(0.15) ? dice.uniform(0.3, 1.5) : 0.01;
  song.fade_out_s = dice.chance(0.25) ? dice.uniform(1.5, 4.0) : 0.3;
  arrange(frame, dice, artist, song);
  for (Track& track : song.tracks) finish_track(track, song);
  return song;
}

}  // namespace mer
