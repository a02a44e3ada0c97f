#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mer {

/// The emotions that songs are composed for, in the order of the classes.
enum class Emotion { kHappy, kAnger, kSad, kRelaxed };
inline constexpr std::array kEmotions = {Emotion::kHappy, Emotion::kAnger, Emotion::kSad,
                                         Emotion::kRelaxed};
std::string_view name_of(Emotion emotion);  ///< "happy", "anger", "sad", "relaxed"

/// What a song tends to, each in standard deviations around the average song. An emotion moves the
/// means by less than one of them, so that no trait tells it alone; an artist moves some as well.
struct Traits {
  double tempo = 0.0;
  double density = 0.0;       ///< notes a beat
  double dynamics = 0.0;      ///< how hard is played
  double staccato = 0.0;      ///< articulation: short (+) or tied (−)
  double brightness = 0.0;    ///< of the timbres
  double percussion = 0.0;    ///< none (−), soft, full, heavy (+)
  double mode = 0.0;          ///< major family (+) or minor family (−)
  double consonance = 0.0;    ///< plain chords (+) or added clashes (−)
  double pitch_height = 0.0;  ///< register of the melody
  double contour = 0.0;       ///< rising (+) or falling (−) motifs
  double roughness = 0.0;     ///< distortion
  double syncopation = 0.0;
  double reverb = 0.0;
  double level = 0.0;  ///< loudness of the mix
  double vibrato = 0.0;
  double colour = 0.0;  ///< sevenths and ninths
};

enum class Instrument {
  kPiano,          ///< additive, slightly inharmonic partials
  kPlucked,        ///< Karplus–Strong string
  kElectricPiano,  ///< two-operator FM
  kOrgan,          ///< additive drawbars
  kStrings,        ///< three detuned saws, slow attack, vibrato
  kFlute,          ///< few harmonics, breath, vibrato
  kSawLead,        ///< detuned saws through a resonant filter
  kBell,           ///< inharmonic FM
  kGuitar,         ///< Karplus–Strong strings for a distorting amplifier
  kBass,           ///< plucked, with a sine below
  kSynthBass,      ///< filtered saw
  kDrums,          ///< pitch is a DrumSound
};

enum class DrumSound { kKick, kSnare, kClosedHat, kOpenHat, kRim, kShaker, kTom, kCrash, kClap };

struct Note {
  double start_s = 0.0;
  double duration_s = 0.0;
  float pitch = 0.0F;     ///< MIDI number, 69 = 440 Hz; a DrumSound's number on the drum track
  float velocity = 0.0F;  ///< 0…1
};

/// How an instrument is played and built in one song.
struct Timbre {
  float brightness = 0.5F;         ///< 0…1
  float attack_s = 0.01F;          ///< of instruments that sustain
  float vibrato_semitones = 0.0F;  ///< peak deviation, sets in after the attack
  float detune_cents = 6.0F;
  float drive = 0.0F;  ///< amplifier gain into saturation; 0 is a clean sound
};

struct Track {
  Instrument instrument = Instrument::kPiano;
  Timbre timbre;
  float level_db = 0.0F;  ///< loudness while it plays, relative to the melody
  float reverb_send = 0.2F;
  std::vector<Note> notes;  ///< by start
};

/// A whole song as notes.
struct Composition {
  Emotion emotion = Emotion::kHappy;
  Traits traits;
  double seconds = 0.0;
  double tempo_bpm = 0.0;
  int beats_per_bar = 4;
  std::string mode;        ///< "major", "dorian", …
  bool is_major = true;    ///< the tonic chord's third
  int tonic = 60;          ///< MIDI number
  double room_size = 0.5;  ///< of the reverb, 0…1
  double rms_db = -20.0;   ///< loudness of the mix, dB below full scale
  double fade_in_s = 0.01;
  double fade_out_s = 0.5;
  std::uint64_t noise_seed = 0;  ///< for the sounds that are made of noise
  std::vector<Track> tracks;     ///< the first is the melody
};

/// Composes a song: chords by functional harmony with voice leading, a melody of motifs in phrases,
/// bass, accompaniment and drums, played with human timing.
///
/// The same arguments give the same song on every machine with the same math library.
/// @param artist_seed  songs of one artist share it: instruments, room, habits
/// @param seconds      > 0
Composition compose(Emotion emotion, std::uint64_t song_seed, std::uint64_t artist_seed,
                    double seconds);

}  // namespace mer
