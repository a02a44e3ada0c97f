#include "mer/classic/classic_inputs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "../store/test_data.hpp"
#include "../support/embedding_file.hpp"
#include "mer/core/random.hpp"
#include "mer/features/feature_extractor.hpp"

namespace mer {
namespace {

using testing::HasSubstr;

/// Twelve frames a second apart, of which VAD keeps all but the fourth, and three patches.
class ClassicInputsTest : public testing::Test {
 protected:
  ClassicInputsTest() {
    sources_.recipe.features.mel.num_bands = 32;
    sources_.layout =
        FeatureExtractor(sources_.recipe.features, sources_.recipe.audio.sample_rate_hz).layout();
    sources_.embedding_columns = 3;
    embedding_file_.matrix.resize(3, 3);
    embedding_file_.matrix << 1, 10, 5, 3, 10, 5, 100, 100, 100;
    embedding_file_.valid = {1, 1, 1};
  }

  SongFeatures song() const {
    std::mt19937_64 rng(1);
    const auto noise = [&](int columns) {
      RowMatrixXf matrix(12, columns);
      for (float& value : matrix.reshaped()) value = static_cast<float>(normal_real(rng));
      return matrix;
    };
    const RowMatrixXf spectrogram = noise(sources_.layout.spectrogram_columns());
    return make_song(folder_ / "song", spectrogram, noise(sources_.layout.lld_width()),
                     {1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1});
  }
  SongEmbeddings embeddings() const {
    return SongEmbeddings::open(embedding_file_.write(folder_ / "embeddings"));
  }
  ClassicInputs inputs(const std::vector<std::string>& blocks) const {
    ClassicOptions options = options_;
    options.song_vector = blocks;
    return {options, sources_, std::nullopt};
  }

  TemporaryFolder folder_;
  SongSources sources_;
  ClassicOptions options_;
  test::EmbeddingFile embedding_file_;
};

TEST_F(ClassicInputsTest, PutTheBlocksSideBySide) {
  const SongFeatures features = song();
  const SongEmbeddings of_song = embeddings();
  const SongInputs both{features, &of_song};
  const auto row = [&](const std::vector<std::string>& blocks) {
    return inputs(blocks).compute(both, {0, 11});
  };
  const RowMatrixXf all = row({"statistics", "descriptors", "embeddings"});
  RowMatrixXf expected(1, all.cols());
  expected << row({"statistics"}), row({"descriptors"}), row({"embeddings"});
  EXPECT_EQ(all, expected);
  EXPECT_EQ(inputs({"statistics", "embeddings"}).num_columns(),
            inputs({"statistics"}).num_columns() + 2 * 3);
  EXPECT_FALSE(inputs({"statistics", "descriptors"}).sees_embeddings());
}

TEST_F(ClassicInputsTest, StatisticsAloneAreFrameStatistics) {
  const SongFeatures features = song();
  const FrameStatistics alone(sources_.layout, sources_.inputs, options_.percentiles, std::nullopt);
  EXPECT_EQ(inputs({"statistics"}).compute({features}, {2, 5}), alone.compute(features, {2, 5}));
}

TEST_F(ClassicInputsTest, DescriptorsAreOfTheSegmentsKeptFrames) {
  const SongFeatures features = song();
  const MusicalDescriptors descriptors({}, sources_.recipe.features,
                                       sources_.recipe.audio.sample_rate_hz);
  const ClassicInputs made = inputs({"descriptors"});
  EXPECT_EQ(made.num_columns(), descriptors.size());
  EXPECT_EQ(made.compute({features}, {0, 11}).transpose(),
            describe(descriptors, features.spectrogram(), features.lld(), features.energy_db(),
                     features.kept()));
  options_.song_vector_over = ClassicOptions::Over::kSegment;
  const ClassicInputs of_segments = inputs({"descriptors"});
  // The kept frames 3 to 6 are the frames 4 to 7.
  EXPECT_EQ(
      of_segments.compute({features}, {3, 4}).transpose(),
      descriptors.compute(features.spectrogram().middleRows(4, 4), features.lld().middleRows(4, 4),
                          features.energy_db().subspan(4, 4)));
  EXPECT_THROW(of_segments.compute({features}, {8, 4}), std::invalid_argument);
}

TEST_F(ClassicInputsTest, FamiliesOfDescriptorsCanBeChosen) {
  sources_.descriptors.families = {"dynamics", "melody"};
  const MusicalDescriptors two(sources_.descriptors, sources_.recipe.features,
                               sources_.recipe.audio.sample_rate_hz);
  EXPECT_EQ(inputs({"descriptors"}).num_columns(), two.size());
}

TEST_F(ClassicInputsTest, DescriptorsSayWhichFeatureIsMissing) {
  sources_.recipe.features.lld = {"mfcc", "f0", "voicing", "contrast"};
  EXPECT_THAT(message_of<UsageError>([&] { inputs({"descriptors"}); }),
              HasSubstr("features.lld leaves out chroma, which musical descriptors need"));
}

TEST_F(ClassicInputsTest, EmbeddingsAreOfTheWholeSongOrOfThePatchesInTheSegment) {
  const SongFeatures features = song();
  const SongEmbeddings of_song = embeddings();
  const auto mean_of_first_column = [&](const Segment& segment) {
    return inputs({"embeddings"}).compute({features, &of_song}, segment)(0, 0);
  };
  EXPECT_EQ(mean_of_first_column({0, 2}), (1.0F + 3.0F + 100.0F) / 3.0F);
  options_.song_vector_over = ClassicOptions::Over::kSegment;
  // Frames at 0 to 2 s: the first patch's center, 1.5 s. At 2 to 7 s: those at 4.5 s; at 2 to 9 s,
  // also the one at 7.5 s.
  EXPECT_EQ(mean_of_first_column({0, 3}), 1.0F);
  EXPECT_EQ(mean_of_first_column({2, 5}), 3.0F);
  EXPECT_EQ(mean_of_first_column({2, 7}), (3.0F + 100.0F) / 2.0F);
}

TEST_F(ClassicInputsTest, EveryBranchSeesDescriptorsAndEmbeddings) {
  sources_.inputs.combine = InputOptions::Combine::kLateFusion;
  const SongFeatures features = song();
  const SongEmbeddings of_song = embeddings();
  const ClassicInputs made = inputs({"statistics", "descriptors", "embeddings"});
  ASSERT_EQ(made.num_branches(), 2);
  const RowMatrixXf rows = made.compute({features, &of_song}, {0, 11});
  const int num_statistics = inputs({"statistics"}).num_columns();
  EXPECT_NE(rows.row(0).head(num_statistics), rows.row(1).head(num_statistics));
  EXPECT_EQ(rows.row(0).tail(made.num_columns() - num_statistics),
            rows.row(1).tail(made.num_columns() - num_statistics));
  EXPECT_EQ(inputs({"descriptors"}).num_branches(), 1);
}

TEST_F(ClassicInputsTest, WantEmbeddingsOfTheirWidth) {
  const SongFeatures features = song();
  const ClassicInputs made = inputs({"embeddings"});
  EXPECT_THROW(made.compute({features}, {0, 11}), std::invalid_argument);
  embedding_file_.matrix = RowMatrixXf::Zero(3, 2);
  embedding_file_.networks = {{"vgg_tagger", 2}};
  const SongEmbeddings narrow = embeddings();
  EXPECT_THROW(made.compute({features, &narrow}, {0, 11}), std::invalid_argument);
  sources_.embedding_columns = 0;
  EXPECT_THROW(inputs({"embeddings"}), std::invalid_argument);
}

TEST(ClassicOptions, NameEachBlockOnceAndInOrder) {
  const auto message = [](const std::vector<std::string>& blocks) {
    ClassicOptions options;
    options.song_vector = blocks;
    return message_of<UsageError>([&] { options.validate(); });
  };
  EXPECT_THAT(message({}), HasSubstr("'song_vector' is an empty list"));
  EXPECT_THAT(message({"stats"}),
              HasSubstr("'song_vector' has 'stats', allowed: statistics, descriptors, embeddings"));
  EXPECT_THAT(message({"embeddings", "descriptors"}), HasSubstr("'song_vector' has 'descriptors'"));
  EXPECT_THAT(message({"embeddings", "embeddings"}), HasSubstr("'song_vector' has 'embeddings'"));
}

}  // namespace
}  // namespace mer
