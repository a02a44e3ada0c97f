#include "mer/store/song_vector.hpp"

#include <gtest/gtest.h>

#include <random>

#include "../support/embedding_file.hpp"
#include "mer/core/random.hpp"
#include "mer/features/feature_extractor.hpp"
#include "test_data.hpp"

namespace mer {
namespace {

/// Ten frames a second apart, all kept, and three patches of two columns.
class SegmentSongVectorTest : public testing::Test {
 protected:
  SegmentSongVectorTest() {
    sources_.recipe.features.mel.num_bands = 32;
    sources_.descriptors.emplace();
    sources_.descriptors->families = {"dynamics", "texture"};
    sources_.embedding_columns = 2;
    embedding_file_.networks = {{"vgg_tagger", 2}};
    embedding_file_.matrix.resize(3, 2);
    embedding_file_.matrix << 1, 10, 3, 20, 5, 30;
    embedding_file_.valid = {1, 1, 1};
  }

  SongFeatures song() const {
    const FeatureLayout layout =
        FeatureExtractor(sources_.recipe.features, sources_.recipe.audio.sample_rate_hz).layout();
    std::mt19937_64 rng(1);
    const auto noise = [&](int columns) {
      RowMatrixXf matrix(10, columns);
      for (float& value : matrix.reshaped()) value = static_cast<float>(normal_real(rng));
      return matrix;
    };
    const RowMatrixXf spectrogram = noise(layout.spectrogram_columns());
    return make_song(folder_ / "song", spectrogram, noise(layout.lld_width()),
                     std::vector<std::uint8_t>(10, 1));
  }
  SongEmbeddings embeddings() const {
    return SongEmbeddings::open(embedding_file_.write(folder_ / "embeddings"));
  }

  TemporaryFolder folder_;
  SongVectorSources sources_;
  test::EmbeddingFile embedding_file_;
};

TEST_F(SegmentSongVectorTest, HasDescriptorsThenMeansThenDeviationsOfEmbeddings) {
  const SongFeatures features = song();
  const SongEmbeddings of_song = embeddings();
  const MusicalDescriptors descriptors(*sources_.descriptors, sources_.recipe.features,
                                       sources_.recipe.audio.sample_rate_hz);
  const SongVectorBuilder song_vector(sources_);
  ASSERT_EQ(song_vector.num_columns(), descriptors.size() + 4);
  const Eigen::VectorXf values = song_vector.compute({features, &of_song}, {2, 6});
  EXPECT_EQ(
      values.head(descriptors.size()),
      descriptors.compute(features.spectrogram().middleRows(2, 6), features.lld().middleRows(2, 6),
                          features.energy_db().subspan(2, 6)));
  // Frames at 2 to 7 s hold the center of the second patch, 4.5 s, alone.
  EXPECT_EQ(values.tail(4), Eigen::Vector4f(3, 20, 0, 0));
}

TEST_F(SegmentSongVectorTest, OverSongsIsTheSameForEverySegment) {
  sources_.over_songs = true;
  const SongFeatures features = song();
  const SongEmbeddings of_song = embeddings();
  const SongVectorBuilder song_vector(sources_);
  const Eigen::VectorXf whole = song_vector.compute({features, &of_song}, {0, 10});
  EXPECT_EQ(song_vector.compute({features, &of_song}, {2, 3}), whole);
  EXPECT_EQ(whole.tail(4).head(2), Eigen::Vector2f(3, 20));
}

TEST_F(SegmentSongVectorTest, IsNothingOfNothing) {
  EXPECT_EQ(SongVectorBuilder(SongVectorSources{}).num_columns(), 0);
}

TEST_F(SegmentSongVectorTest, RefusesSegmentsOutsideTheSongAndSongsWithoutEmbeddings) {
  const SongFeatures features = song();
  const SongEmbeddings of_song = embeddings();
  const SongVectorBuilder song_vector(sources_);
  for (const Segment& odd : {Segment{5, 6}, Segment{-1, 3}, Segment{3, 0}}) {
    EXPECT_THROW(song_vector.compute({features, &of_song}, odd), std::invalid_argument);
  }
  EXPECT_THROW(song_vector.compute({features}, {0, 10}), std::invalid_argument);
  sources_.embedding_columns = 3;
  EXPECT_THROW(SongVectorBuilder(sources_).compute({features, &of_song}, {0, 10}),
               std::invalid_argument);
}

}  // namespace
}  // namespace mer
