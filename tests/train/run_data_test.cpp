#include "run_data.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <optional>

#include "batch_maker.hpp"
#include "mer/store/input_builder.hpp"
#include "toy_songs.hpp"

namespace mer {
namespace {

/// Toy songs of which each validation song has many overlapping segments.
struct ToyValidation {
  explicit ToyValidation(double test_hop_s) {
    songs.config.segment.test_hop_s = test_hop_s;
    data = prepare_data(songs.config, songs.data);
    builder.emplace(data.layout, data.segment_frames, songs.config.inputs,
                    fit_standardization(data, songs.config));
  }

  test::ToySongs songs;
  PreparedData data;
  std::optional<InputBuilder> builder;
};

void expect_equal_rows(const TrainingBatch& part, std::int64_t first, const TrainingBatch& whole) {
  const auto expect_rows = [&](const FloatTensor& a, const FloatTensor& b) {
    const std::size_t row = b.values.size() / whole.keys.size();
    const auto begin = b.values.begin() + first * static_cast<std::ptrdiff_t>(row);
    EXPECT_EQ(a.values, std::vector<float>(
                            begin, begin + static_cast<std::ptrdiff_t>(row * part.keys.size())));
  };
  expect_rows(part.inputs.spectrogram, whole.inputs.spectrogram);
  expect_rows(part.inputs.spectrogram_valid, whole.inputs.spectrogram_valid);
  expect_rows(part.inputs.lld[0], whole.inputs.lld[0]);
  expect_rows(part.inputs.lld_valid, whole.inputs.lld_valid);
  expect_rows(part.targets, whole.targets);
  for (std::size_t row = 0; row < part.keys.size(); ++row) {
    EXPECT_EQ(part.keys[row], whole.keys[static_cast<std::size_t>(first) + row]);
  }
}

TEST(BatchMaker, MakesPartsThatAreTheWholeBatchsRowsWithAllThatIsRandom) {
  ToyValidation toy(0.0);
  TrainOptions& options = toy.songs.config.train;
  options.mixup_alpha = 0.4;
  options.gain_deviation_db = 3.0;
  options.lld_noise_std = 0.5;
  options.frequency_masks = 1;
  options.random_crops = true;
  const auto maker = [&](const RowRange& rows) {
    return BatchMaker(toy.songs.config, toy.data, *toy.builder,
                      fit_standardization(toy.data, toy.songs.config), rows);
  };
  BatchMaker alone = maker({0, 8});
  BatchMaker second_process = maker({3, 8});
  for (const std::int64_t iteration : {1, 2}) {
    PlannedBatch planned = alone.plan(iteration);
    alone.fill(planned, {0, 5});
    alone.fill(planned, {5, static_cast<std::int64_t>(planned.rows.size())});
    const TrainingBatch part = alone.finish_part(planned, {2, 5});
    const TrainingBatch whole = alone.finish(std::move(planned));
    ASSERT_EQ(whole.keys.size(), 8U);
    expect_equal_rows(part, 2, whole);

    PlannedBatch of_process = second_process.plan(iteration);
    second_process.fill(of_process, {0, static_cast<std::int64_t>(of_process.rows.size())});
    expect_equal_rows(second_process.finish(std::move(of_process)), 3, whole);
  }
}

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
