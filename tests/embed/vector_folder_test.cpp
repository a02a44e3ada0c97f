#include "vector_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/temporary_folder.hpp"
#include "mer/audio/audio_reader.hpp"
#include "mer/core/error.hpp"
#include "mer/embed/embedding_store.hpp"

namespace mer {
namespace {

using test::message_of;
using test::TemporaryFolder;
using ::testing::HasSubstr;

/// As numpy.save() writes it, version 1.0 of the format.
template <class Number>
std::string npy(const std::string& shape, const std::vector<Number>& values,
                const std::string& order = "False") {
  std::string header = std::string("{'descr': '<f") + (sizeof(Number) == 4 ? "4" : "8") +
                       "', 'fortran_order': " + order + ", 'shape': " + shape + ", }";
  header.resize(117, ' ');
  header += '\n';
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header +
         std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Number));
}

TEST(VectorFolder, ReadsBothKindsOfNumbersAndShapes) {
  const TemporaryFolder folder;
  folder.write("v/a.npy", npy<float>("(2,)", {1.5F, -2.0F}));
  folder.write("v/b.npy", npy<double>("(3, 2)", {1, 2, 3, 4, 5, 6}));
  folder.write("v/c.npy", npy<float>("(3, 2)", {1, 3, 5, 2, 4, 6}, "True"));
  const VectorFolder vectors(folder / "v");
  EXPECT_EQ(vectors.num_columns(), 2);
  EXPECT_EQ(vectors.rows_of("music/a.mp3"), (RowMatrixXf(1, 2) << 1.5F, -2.0F).finished());
  EXPECT_EQ(vectors.rows_of("b.wav"), (RowMatrixXf(3, 2) << 1, 2, 3, 4, 5, 6).finished());
  EXPECT_EQ(vectors.rows_of("c.wav"), vectors.rows_of("b.wav"));
  EXPECT_EQ(VectorFolder::columns_in(folder / "v"), 2);
}

TEST(VectorFolder, KnowsSongsByAsMuchOfTheirPathAsThereIs) {
  const TemporaryFolder folder;
  folder.write("v/1.npy", npy<float>("(1,)", {1.0F}));
  folder.write("v/happy/1.npy", npy<float>("(1,)", {2.0F}));
  const VectorFolder vectors(folder / "v");
  EXPECT_EQ(vectors.rows_of("/music/happy/1.mp3")(0), 2.0F);
  EXPECT_EQ(vectors.rows_of("/music/sad/1.mp3")(0), 1.0F);
  EXPECT_THAT(message_of<InputError>([&] { vectors.rows_of("/music/2.mp3"); }),
              HasSubstr("/music/2.mp3: has no vector in "));
}

TEST(VectorFolder, RefusesWhatIsNoVectorsOfOneKind) {
  const TemporaryFolder folder;
  const auto message = [&] { return message_of<UsageError>([&] { VectorFolder{folder / "v"}; }); };
  EXPECT_THAT(message(), HasSubstr("this folder of vectors cannot be read"));
  std::filesystem::create_directory(folder / "v");
  EXPECT_THAT(message(), HasSubstr("holds no vectors, .npy"));
  folder.write("v/a.npy", npy<float>("(2,)", {1.0F, 2.0F}));
  folder.write("v/b.npy", npy<float>("(3,)", {1.0F, 2.0F, 3.0F}));
  EXPECT_THAT(message(), HasSubstr("they have 3 numbers, those of "));
  folder.write("v/b.npy", npy<float>("(3, 2)", {1.0F, 2.0F}));
  EXPECT_THAT(message(), HasSubstr("it ends before its last number"));
  folder.write("v/b.npy", npy<float>("(1, 1, 2)", {1.0F, 2.0F}));
  EXPECT_THAT(message(), HasSubstr("its shape is neither [D] nor [rows, D]"));
  folder.write("v/b.npy", "text");
  EXPECT_THAT(message(), HasSubstr("b.npy: no vectors of a song: not a .npy file"));
  folder.write("v/b.npy", npy<float>("(2,)", {1.0F, std::numeric_limits<float>::infinity()}));
  EXPECT_THAT(message_of<UsageError>([&] { VectorFolder(folder / "v").rows_of("b.wav"); }),
              HasSubstr("not all of its numbers are finite"));
}

class EmbedFiles : public testing::Test {
 protected:
  EmbedFiles() {
    write_audio(folder_ / "a.wav", std::vector<float>(32000, 0.25F), 16000);
    folder_.write("v/a.npy", npy<float>("(2, 3)", {1, 2, 3, 4, 5, 6}));
    options_.files = folder_ / "v";
  }

  TemporaryFolder folder_;
  EmbedOptions options_;
};

TEST_F(EmbedFiles, BecomeASongsEmbeddingsARowForAnEqualPart) {
  const EmbeddingExtractor extractor(options_, {}, {}, "cpu");
  extractor.extract(folder_ / "a.wav", folder_ / "a.safetensors");
  const SongEmbeddings song = SongEmbeddings::open(folder_ / "a.safetensors");
  EXPECT_EQ(song.matrix(), (RowMatrixXf(2, 3) << 1, 2, 3, 4, 5, 6).finished());
  EXPECT_DOUBLE_EQ(song.time_span(1).start_s, 1.0);
  EXPECT_DOUBLE_EQ(song.time_span(1).end_s, 2.0);
  EXPECT_EQ(song.fingerprint(), extractor.fingerprint());
  EXPECT_EQ(embedding_columns(options_), 3);
  EXPECT_EQ(embedding_columns(extractor.recipe(), "m"), 3);
}

TEST_F(EmbedFiles, ThatChangeAreAnotherRecipe) {
  const std::string before = EmbeddingExtractor(options_, {}, {}, "cpu").fingerprint();
  EXPECT_EQ(EmbeddingExtractor(options_, {}, {}, "cpu").fingerprint(), before);
  folder_.write("v/a.npy", npy<float>("(2, 3)", {1, 2, 3, 4, 5, 7}));
  EXPECT_NE(EmbeddingExtractor(options_, {}, {}, "cpu").fingerprint(), before);
}

TEST_F(EmbedFiles, OfAModelAreThoseWithAsManyNumbers) {
  const nlohmann::ordered_json recipe = EmbeddingExtractor(options_, {}, {}, "cpu").recipe();
  EXPECT_THAT(
      message_of<UsageError>([&] { EmbeddingExtractor::of_recipe(recipe, "m", {}, "cpu"); }),
      HasSubstr("m: sees vectors of 3 numbers that another program made, and none are here"));
  folder_.write("other/b.npy", npy<float>("(3,)", {1, 2, 3}));
  folder_.write("narrow/b.npy", npy<float>("(2,)", {1, 2}));
  WeightFiles weights;
  add_embedding_source(weights, folder_ / "narrow");
  add_embedding_source(weights, folder_ / "other");
  EXPECT_EQ(EmbeddingExtractor::of_recipe(recipe, "m", weights, "cpu").groups()[0].num_columns, 3);
  EXPECT_THAT(message_of<UsageError>([&] { add_embedding_source(weights, folder_ / "v"); }),
              HasSubstr("both are 'vectors of 3 numbers'"));
}

TEST_F(EmbedFiles, BelongToOneSongEach) {
  std::filesystem::create_directory(folder_ / "deep");
  std::filesystem::copy(folder_ / "a.wav", folder_ / "deep/a.wav");
  const Manifest manifest =
      Manifest::load(folder_.write("m.csv", "path,label\na.wav,happy\ndeep/a.wav,sad\n"));
  const EmbeddingExtractor extractor(options_, {}, {}, "cpu");
  EXPECT_THAT(message_of<UsageError>([&] { extractor.require_own_vectors(manifest); }),
              HasSubstr("deep/a.wav and a.wav would both have the vector "));
  folder_.write("v/deep/a.npy", npy<float>("(3,)", {1, 2, 3}));
  extractor.require_own_vectors(manifest);
}

TEST_F(EmbedFiles, AndNetworksAreTwoKinds) {
  options_.networks = {"musicnn"};
  EXPECT_THAT(message_of<UsageError>([&] { options_.validate(); }),
              HasSubstr("three kinds of embeddings, one counts"));
}

}  // namespace
}  // namespace mer
