#include "train/run_data.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <optional>

#include "mer/data/network_input.hpp"
#include "toy_songs.hpp"

namespace mer {
namespace {

/// Toy songs of which each validation song has many overlapping segments.
struct ToyValidation {
  explicit ToyValidation(double test_hop_seconds) {
    songs.config.segment.test_hop_seconds = test_hop_seconds;
    data = prepare_data(songs.config, songs.data);
    builder.emplace(data.layout, data.segment_frames, songs.config.inputs,
                    fit_standardisation(data, songs.config));
  }

  test::ToySongs songs;
  PreparedData data;
  std::optional<InputBuilder> builder;
};

TEST(ValidationBatches, HoldEachSongsSegmentsAsTheyAreOneByOne) {
  const ToyValidation toy(0.03);  // 1 frame
  const ValidationBatches batches(toy.data, *toy.builder);
  const auto num_values = static_cast<std::size_t>(toy.builder->shape().spectrogram_bands *
                                                   toy.builder->shape().spectrogram_steps);
  std::size_t song = 0;
  std::size_t segment = 0;
  for (std::int64_t number = 0; number < batches.count(); ++number) {
    const ValidationBatches::Batch batch = batches.make(number);
    for (std::size_t row = 0; row < batch.songs.size(); ++row) {
      ASSERT_EQ(batch.songs[row], song);
      const RunSong& expected = toy.data.validation[song];
      InputBatch alone = toy.builder->make_batch(1);
      toy.builder->fill(SongFeatures::open(expected.features), expected.segments[segment], 0,
                        alone);
      const float* values = batch.inputs.spectrogram.values.data() + row * num_values;
      EXPECT_EQ(std::vector<float>(values, values + num_values), alone.spectrogram.values)
          << "song " << song << ", segment " << segment;
      if (++segment == expected.segments.size()) {
        segment = 0;
        ++song;
      }
    }
  }
  EXPECT_EQ(song, toy.data.validation.size());
}

TEST(ValidationBatches, GiveUpToEightWorkersEqualShares) {
  for (const double hop_s : {0.03, 0.5}) {  // 8 songs of 50 segments, and of 3 or 4
    const ToyValidation toy(hop_s);
    const ValidationBatches batches(toy.data, *toy.builder);
    std::vector<std::size_t> shares(8, 0);
    for (std::int64_t number = 0; number < batches.count(); ++number) {
      const std::size_t size = batches.make(number).songs.size();
      EXPECT_LE(size, 32U);
      shares[static_cast<std::size_t>(number % 8)] += size;
    }
    // Batches differ by one row at most, so shares by one row a round.
    const auto [least, most] = std::minmax_element(shares.begin(), shares.end());
    EXPECT_LE(*most - *least, static_cast<std::size_t>(batches.count() / 8)) << hop_s;
    EXPECT_EQ(std::accumulate(shares.begin(), shares.end(), std::size_t{0}),
              batches.num_segments());
  }
}

}  // namespace
}  // namespace mer
