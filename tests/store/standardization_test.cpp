#include "mer/store/standardization.hpp"

#include <gtest/gtest.h>

#include "test_data.hpp"

namespace mer {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;

RowMatrixXf rows(std::initializer_list<std::initializer_list<float>> values) {
  RowMatrixXf matrix(static_cast<Eigen::Index>(values.size()),
                     static_cast<Eigen::Index>(values.begin()->size()));
  Eigen::Index r = 0;
  for (const auto& row : values) {
    Eigen::Index c = 0;
    for (const float value : row) matrix(r, c++) = value;
    ++r;
  }
  return matrix;
}

EachSong each_of(std::vector<const SongFeatures*> songs) {
  return [songs = std::move(songs)](const std::function<void(const SongFeatures&)>& look_at) {
    for (const SongFeatures* song : songs) look_at(*song);
  };
}

TEST(Standardization, IsMeanAndDeviationOfTheKeptFramesOfAllSongs) {
  const TemporaryFolder folder;
  // The frame of 1000s is mute and must not count.
  const SongFeatures one = make_song(folder / "1.safetensors", rows({{1, 7}, {1000, 0}, {3, 7}}),
                                     rows({{0}, {1000}, {0}}), {1, 0, 1});
  const SongFeatures two =
      make_song(folder / "2.safetensors", rows({{5, 7}, {7, 7}}), rows({{0}, {4}}), {1, 1});
  const Standardization result = Standardization::fit(each_of({&one, &two}));
  // 1, 3, 5, 7: mean 4, variance (9 + 1 + 1 + 9) / 4 = 5; the second column never varies
  EXPECT_THAT(result.spectrogram_mean, ElementsAre(4.0F, 7.0F));
  EXPECT_THAT(result.spectrogram_deviation, ElementsAre(FloatNear(2.2360680F, 1e-6F), 1.0F));
  // 0, 0, 0, 4: mean 1, variance (3 + 9) / 4 = 3
  EXPECT_THAT(result.lld_mean, ElementsAre(1.0F));
  EXPECT_THAT(result.lld_deviation, ElementsAre(FloatNear(1.7320508F, 1e-6F)));
}

TEST(Standardization, OfASmallSpreadAboutALargeMeanIsExact) {
  const TemporaryFolder folder;
  const SongFeatures song = make_song(folder / "1.safetensors", rows({{16384.0F}, {16384.5F}}),
                                      rows({{1e-9F}, {3e-9F}}), {1, 1});
  const Standardization result = Standardization::fit(each_of({&song}));
  EXPECT_FLOAT_EQ(result.spectrogram_mean[0], 16384.25F);
  EXPECT_FLOAT_EQ(result.spectrogram_deviation[0], 0.25F);
  EXPECT_FLOAT_EQ(result.lld_mean[0], 2e-9F);
  EXPECT_FLOAT_EQ(result.lld_deviation[0], 1e-9F);
}

TEST(Standardization, WithoutAnyFrameIsTheProgrammersFault) {
  EXPECT_THROW(Standardization::fit(each_of({})), std::invalid_argument);
}

TEST(Standardization, IsReadBackFromATensorFile) {
  const TemporaryFolder folder;
  const Standardization written = {{1, 2}, {3, 4}, {5}, {6}, {7, 8}, {9, 10}, {11}, {12}, {}, {}};
  NamedTensors tensors;
  written.add_to(tensors);
  write_tensor_file(folder / "m.safetensors", tensors, {});
  const Standardization read = Standardization::from(TensorFile::open(folder / "m.safetensors"));
  EXPECT_EQ(read.spectrogram_mean, written.spectrogram_mean);
  EXPECT_EQ(read.spectrogram_deviation, written.spectrogram_deviation);
  EXPECT_EQ(read.lld_mean, written.lld_mean);
  EXPECT_EQ(read.lld_deviation, written.lld_deviation);
  EXPECT_EQ(read.pooled_lld_mean, written.pooled_lld_mean);
  EXPECT_EQ(read.pooled_lld_deviation, written.pooled_lld_deviation);
  EXPECT_EQ(read.song_vector_mean, written.song_vector_mean);
  EXPECT_EQ(read.song_vector_deviation, written.song_vector_deviation);
}

TEST(Standardization, OfSummariesCountsEachOnceAndLeavesConstantColumnsAlone) {
  Standardization standardization;
  standardization.fit_song_vectors([](const std::function<void(const Eigen::VectorXf&)>& look_at) {
    look_at(Eigen::Vector2f(1, 7));
    look_at(Eigen::Vector2f(5, 7));
  });
  EXPECT_EQ(standardization.song_vector_mean, (std::vector<float>{3, 7}));
  EXPECT_EQ(standardization.song_vector_deviation, (std::vector<float>{2, 1}));
}

TEST(Standardization, OfDifferentWidthsInAFileIsAnErrorNamingTheTensor) {
  const TemporaryFolder folder;
  const Standardization odd = {{1, 2}, {3}, {5}, {6}, {}, {}, {}, {}, {}, {}};
  NamedTensors tensors;
  odd.add_to(tensors);
  write_tensor_file(folder / "m.safetensors", tensors, {});
  EXPECT_THAT(message_of<UsageError>(
                  [&] { Standardization::from(TensorFile::open(folder / "m.safetensors")); }),
              HasSubstr("standardization.spectrogram.deviation"));
}

}  // namespace
}  // namespace mer
