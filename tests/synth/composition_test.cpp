#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

#include "test_synth.hpp"

namespace mer {
namespace {

bool same_notes(const Composition& a, const Composition& b) {
  if (a.tracks.size() != b.tracks.size()) return false;
  for (std::size_t i = 0; i < a.tracks.size(); ++i) {
    const std::vector<Note>& x = a.tracks[i].notes;
    const std::vector<Note>& y = b.tracks[i].notes;
    const bool same =
        std::equal(x.begin(), x.end(), y.begin(), y.end(), [](const Note& p, const Note& q) {
          return p.start_s == q.start_s && p.pitch == q.pitch && p.velocity == q.velocity;
        });
    if (!same) return false;
  }
  return true;
}

TEST(Composition, IsTheSameForTheSameSeedsAndAnotherForOthers) {
  const Composition song = compose(Emotion::kSad, 1, 2, 20.0);
  EXPECT_TRUE(same_notes(song, compose(Emotion::kSad, 1, 2, 20.0)));
  EXPECT_FALSE(same_notes(song, compose(Emotion::kSad, 2, 2, 20.0)));
  EXPECT_FALSE(same_notes(song, compose(Emotion::kSad, 1, 3, 20.0)));
}

TEST(Composition, NotesLieInTheSongInOrderAndInRange) {
  for (std::uint64_t number = 0; number < 60; ++number) {
    const Composition song = example_song(kEmotions[number % 4], number, 25.0);
    ASSERT_FALSE(song.tracks.empty());
    for (const Track& track : song.tracks) {
      double last_start = 0.0;
      for (const Note& note : track.notes) {
        EXPECT_GE(note.start_s, last_start);
        last_start = note.start_s;
        EXPECT_LT(note.start_s, song.seconds);
        EXPECT_GT(note.duration_s, 0.0);
        EXPECT_GT(note.velocity, 0.0F);
        EXPECT_LE(note.velocity, 1.0F);
        if (track.instrument == Instrument::kDrums) continue;
        EXPECT_GE(note.pitch, 28.0F);
        EXPECT_LE(note.pitch, 108.0F);
      }
    }
  }
}

TEST(Composition, TheMelodyStaysMostlyInItsScaleAndEndsOnTheTonicChord) {
  for (std::uint64_t number = 0; number < 40; ++number) {
    const Composition song = example_song(kEmotions[number % 4], number, 25.0);
    std::set<int> classes;
    const std::vector<Note>& melody = song.tracks.front().notes;
    std::vector<int> counts(12);
    for (const Note& note : melody) {
      ++counts[static_cast<std::size_t>((static_cast<int>(note.pitch) - song.tonic + 120) % 12)];
    }
    std::sort(counts.rbegin(), counts.rend());
    int in_seven = 0;
    for (std::size_t i = 0; i < 7; ++i) in_seven += counts[i];
    EXPECT_GT(in_seven, 0.7 * static_cast<double>(melody.size())) << number;
    const int third = song.is_major ? 4 : 3;
    const int last = (static_cast<int>(melody.back().pitch) - song.tonic + 120) % 12;
    EXPECT_TRUE(last == 0 || last == third || last == 7) << "song " << number << ": " << last;
  }
}

TEST(Composition, ChordsMoveByVoiceLeading) {
  // The top voice of held and struck chords: the mean move between two chords is below a fourth
  // (5).
  double moves = 0.0;
  int count = 0;
  for (std::uint64_t number = 0; number < 40; ++number) {
    const Composition song = example_song(Emotion::kRelaxed, number, 25.0);
    for (std::size_t i = 1; i < song.tracks.size(); ++i) {
      const Track& track = song.tracks[i];
      if (track.level_db != -6.0F) continue;  // the accompanist
      float lowest = 200.0F;
      double last_time = -1.0;
      float previous = -1.0F;
      for (const Note& note : track.notes) {
        if (note.start_s - last_time > 0.1) {
          if (previous > 0.0F && lowest < 200.0F) {
            moves += std::abs(lowest - previous);
            ++count;
          }
          if (lowest < 200.0F) previous = lowest;
          lowest = 200.0F;
        }
        lowest = std::min(lowest, note.pitch);
        last_time = note.start_s;
      }
    }
  }
  ASSERT_GT(count, 100);
  EXPECT_LT(moves / count, 5.0);
}

TEST(Composition, EmotionsMoveTheTraitsAsStudiesSay) {
  // Means over many songs; the difference of means is over 0.8 standard deviations by design, its
  // standard error with 150 songs a class sqrt(2 / 150) = 0.12.
  std::array<Traits, 4> mean{};
  for (const Emotion emotion : kEmotions) {
    for (std::uint64_t number = 0; number < 150; ++number) {
      const Traits t = example_song(emotion, number, 2.0).traits;
      Traits& m = mean[static_cast<std::size_t>(emotion)];
      m.tempo += t.tempo / 150;
      m.mode += t.mode / 150;
      m.dynamics += t.dynamics / 150;
    }
  }
  const auto& [happy, anger, sad, relaxed] = mean;
  EXPECT_GT(happy.tempo, sad.tempo + 0.8);
  EXPECT_GT(anger.tempo, relaxed.tempo + 0.8);
  EXPECT_GT(happy.mode, anger.mode + 0.8);
  EXPECT_GT(relaxed.mode, sad.mode + 0.8);
  EXPECT_GT(anger.dynamics, sad.dynamics + 0.8);
}

TEST(Composition, AVeryShortSongHasNotes) {
  EXPECT_FALSE(example_song(Emotion::kSad, 3, 1.0).tracks.front().notes.empty());
}

TEST(Composition, OfNoLengthIsRefused) {
  EXPECT_THROW(compose(Emotion::kSad, 1, 1, 0.0), std::invalid_argument);
}

}  // namespace
}  // namespace mer
