#pragma once

#include <string>

namespace mer::test {

/// A MIDI file of two notes on the piano, A4 (440 Hz) and A5 (880 Hz), a second each.
inline std::string two_note_midi() {
  using namespace std::string_literals;
  // 480 ticks a quarter, which lasts half a second when nothing is said of the tempo.
  const std::string events =
      "\x00\x90\x45\x64"
      "\x87\x40\x80\x45\x40"  // 0x87 0x40 is 7·128 + 64 = 960 ticks
      "\x00\x90\x51\x64"
      "\x87\x40\x80\x51\x40"
      "\x00\xFF\x2F\x00"s;
  return "MThd\x00\x00\x00\x06\x00\x00\x00\x01\x01\xE0"
         "MTrk\x00\x00\x00"s +
         static_cast<char>(events.size()) + events;
}

}  // namespace mer::test
