#include "mer/store/overlaps.hpp"

#include <gtest/gtest.h>

#include "../support/changing_chords.hpp"
#include "../support/job_notes.hpp"
#include "test_data.hpp"

namespace mer {
namespace {

using test::changing_chords;
using test::kChordsRateHz;

class Overlaps : public testing::Test {
 protected:
  /// A corpus of songs `<folder>/<number>.wav`, each of the chords of that number.
  Manifest corpus(const std::string& folder,
                  const std::vector<std::pair<int, std::string>>& songs) {
    std::string rows = "path,valence,id\n";
    for (const auto& [chords, id] : songs) {
      const std::string name = std::to_string(chords) + ".wav";
      std::filesystem::create_directories(folder_ / folder);
      write_audio(folder_ / folder / name, changing_chords(static_cast<std::uint64_t>(chords), 8.0),
                  kChordsRateHz);
      rows += name + ",0," + id + "\n";
    }
    return Manifest::load(folder_.write(folder + "/m.csv", rows));
  }
  TemporaryFolder folder_;
  test::JobNotes notes_;
};

TEST_F(Overlaps, AreFoundByRecordingAndByIdsThatAreNoNumbers) {
  const Manifest learned = corpus("learned", {{1, "1"}, {2, "MT2"}, {3, "MT3"}, {4, "MT4"}});
  const Manifest scored = corpus("scored", {{10, "1"}, {11, "MT2"}, {3, "x"}, {4, "y"}});
  // the song of the chords 4 was not learned
  const auto found =
      find_overlaps(folder_ / "store", {scored, {0, 1, 2, 3}}, {learned, {0, 1, 2}}, true, notes_);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].song, 1U);
  EXPECT_EQ(found[0].learned, 1U);
  EXPECT_TRUE(std::isnan(found[0].bit_error_rate));
  EXPECT_EQ(found[1].song, 2U);
  EXPECT_EQ(found[1].learned, 2U);
  EXPECT_EQ(found[1].bit_error_rate, 0.0);
  EXPECT_EQ(find_overlaps(folder_ / "store", {scored, {2, 3}}, {learned, {0, 1, 2}}, false, notes_)
                .size(),
            0U);
}

TEST_F(Overlaps, AreNotSoughtWithinOneCorpus) {
  const Manifest learned = corpus("learned", {{1, "a"}, {2, "b"}});
  const Manifest other = corpus("scored", {{1, "a"}});
  EXPECT_TRUE(is_same_corpus({learned, {1}}, learned));
  EXPECT_FALSE(is_same_corpus({other, {0}}, learned));
}

}  // namespace
}  // namespace mer
