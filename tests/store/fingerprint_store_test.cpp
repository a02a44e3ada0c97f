#include "mer/store/fingerprint_store.hpp"

#include <gtest/gtest.h>

#include "../support/changing_chords.hpp"
#include "../support/job_notes.hpp"
#include "test_data.hpp"

namespace mer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(FingerprintStore, KeepsAFingerprintUntilTheSongChanges) {
  const TemporaryFolder folder;
  Manifest manifest = make_manifest({{"happy", "A"}, {"sad", "B"}, {"sad", "C"}});
  for (std::size_t i = 0; i < 3; ++i) {
    manifest.songs[i].path = (folder / manifest.songs[i].listed_path).string();
    write_audio(manifest.songs[i].path, test::changing_chords(i % 2, 8.0), test::kChordsRateHz);
  }
  test::JobNotes notes;
  mark_near_duplicates(folder / "store", manifest, notes);
  ASSERT_EQ(manifest.near_duplicates.size(), 1U);
  EXPECT_EQ(manifest.near_duplicates[0].first, 0U);
  EXPECT_EQ(manifest.near_duplicates[0].second, 2U);

  const SongStore store = fingerprint_store(folder / "store");
  EXPECT_EQ(store.fill(manifest, {}, 1, {}, {}).present, 3U);
  write_audio(manifest.songs[2].path, test::changing_chords(7, 9.0), test::kChordsRateHz);
  mark_near_duplicates(folder / "store", manifest, notes);
  EXPECT_TRUE(manifest.near_duplicates.empty());

  folder.write("1.wav", "no sound");
  notes.lines.clear();
  mark_near_duplicates(folder / "store", manifest, notes);
  EXPECT_THAT(notes.lines, ElementsAre("near-duplicates", HasSubstr("1 songs can't be read")));
}

}  // namespace
}  // namespace mer
