#include "mer/store/song_embeddings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"

namespace mer {
namespace {

using test::message_of;
using ::testing::HasSubstr;

/// Three patches of a network with two columns and one with a single one.
class SongEmbeddingsTest : public testing::Test {
 protected:
  void write(const std::vector<std::uint8_t>& valid) {
    const std::vector<float> matrix = {1, 10, 5, 3, 10, 5, 100, 100, 100};
    const std::vector<double> times = {0, 3, 3, 6, 6, 7.5};
    write_tensor_file(file_,
                      {{"embeddings", view_of(std::span<const float>(matrix), {3, 3})},
                       {"valid", view_of(std::span<const std::uint8_t>(valid), {3})},
                       {"time_s", view_of(std::span<const double>(times), {3, 2})}},
                      metadata_);
  }

  test::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "e.safetensors";
  TensorMetadata metadata_ = {{"networks", R"([{"name": "a", "first_column": 0, "num_columns": 2},
                       {"name": "b", "first_column": 2, "num_columns": 1}])"},
                              {"recipe", "{}"},
                              {"fingerprint", "\"abc\""},
                              {"duration_s", "7.5"},
                              {"warnings", "[]"}};
};

TEST_F(SongEmbeddingsTest, StandForASongByMeanAndDeviationOfTheValidPatches) {
  write({1, 1, 0});
  const SongEmbeddings song = SongEmbeddings::open(file_);
  EXPECT_EQ(song.num_patches(), 3);
  EXPECT_EQ(song.matrix()(2, 1), 100.0F);
  EXPECT_EQ(song.groups().at(1).network, "b");
  EXPECT_EQ(song.time_span(2).start_s, 6.0);
  EXPECT_EQ(song.time_span(2).end_s, 7.5);
  EXPECT_THROW(song.time_span(3), std::invalid_argument);
  // Means of 1 and 3, 10 and 10, 5 and 5; their deviations.
  const Eigen::VectorXf statistics = song.mean_and_deviation();
  EXPECT_EQ(statistics, (Eigen::VectorXf(6) << 2, 10, 5, 1, 0, 0).finished());
}

TEST_F(SongEmbeddingsTest, OfOnePatchHaveNoDeviation) {
  write({0, 0, 1});
  const Eigen::VectorXf statistics = SongEmbeddings::open(file_).mean_and_deviation();
  EXPECT_EQ(statistics, (Eigen::VectorXf(6) << 100, 100, 100, 0, 0, 0).finished());
}

TEST_F(SongEmbeddingsTest, StandForAPartByThePatchesWithTheirCenterInIt) {
  // Patches lie at 0…3, 3…6 and 6…7.5 s: their centers at 1.5, 4.5 and 6.75 s.
  write({1, 1, 1});
  const SongEmbeddings song = SongEmbeddings::open(file_);
  const auto first_column = [&](double start_s, double end_s) {
    const Eigen::VectorXf statistics = song.mean_and_deviation({start_s, end_s});
    return std::pair(statistics(0), statistics(3));
  };
  EXPECT_EQ(first_column(0.0, 4.5), std::pair(2.0F, 1.0F));  // 1 and 3
  EXPECT_EQ(first_column(1.6, 5.0), std::pair(3.0F, 0.0F));
  EXPECT_EQ(song.mean_and_deviation({0.0, 7.5}), song.mean_and_deviation());
  // No center lies in it: 3.4 s is nearest to 4.5, 2.9 s to 1.5.
  EXPECT_EQ(first_column(3.2, 3.6).first, 3.0F);
  EXPECT_EQ(first_column(2.8, 3.0).first, 1.0F);
}

TEST_F(SongEmbeddingsTest, OfAPartDoNotCountPatchesThatAreNotValid) {
  write({1, 0, 0});
  const SongEmbeddings song = SongEmbeddings::open(file_);
  EXPECT_EQ(song.mean_and_deviation({3.0, 7.5})(0), 1.0F);
}

TEST_F(SongEmbeddingsTest, RefuseOtherFilesAndSayWhy) {
  const auto message = [&] { return message_of<UsageError>([&] { SongEmbeddings::open(file_); }); };
  write({0, 0, 0});
  EXPECT_THAT(message(), HasSubstr("not a file of embeddings: no patch counts"));
  metadata_.erase("recipe");
  write({1, 1, 1});
  EXPECT_THAT(message(), HasSubstr("its metadata has no 'recipe'"));
  metadata_["recipe"] = "{}";
  metadata_["networks"] = R"([{"name": "a", "first_column": 1, "num_columns": 2}])";
  write({1, 1, 1});
  EXPECT_THAT(message(), HasSubstr("the networks' columns have gaps"));
}

}  // namespace
}  // namespace mer
