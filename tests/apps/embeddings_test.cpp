#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "mer/core/tensor_file.hpp"
#include "mer/core/text.hpp"
#include "world.hpp"

// Embeddings of any network, written for other programs and read from them.

namespace mer::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

class Embeddings : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(world_.trouble(), ""); }

  Outcome train(const std::string& run, const Words& settings) const {
    Words command = {"train", "-c", "tiny.yaml", "--name", run};
    for (const std::string& setting : settings) {
      command.insert(command.end(), {"--set", setting});
    }
    return world_.mer(command);
  }
  /// A vector of three numbers for each song of the demo corpus; of one kind for a class.
  void write_vectors(const std::string& folder, bool with_last = true) const {
    const auto rows = read_csv(world_ / "songs/manifest.csv");
    for (std::size_t i = 1; i < rows.size() - (with_last ? 0 : 1); ++i) {
      const auto& label = rows[i].cells[1];
      write_vector(folder, rows[i].cells[0],
                   {label == "happy" ? 1.0F : 0.0F, label == "sad" ? 1.0F : 0.0F,
                    label == "angry" ? 1.0F : 0.01F * static_cast<float>(i)});
    }
  }
  void write_vector(const std::string& folder, const std::string& song,
                    const std::vector<float>& values) const {
    std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }";
    header.resize(117, ' ');
    header += '\n';
    world_.write(folder + "/" + fs::path(song).replace_extension(".npy").string(),
                 std::string("\x93NUMPY\x01\x00v\x00", 10) + header +
                     std::string(reinterpret_cast<const char*>(values.data()), 12));
  }

  const World& world_ = World::get();
};

TEST_F(Embeddings, OfAPretrainedNetworkAreARowAPatchOrASong) {
  const Outcome patches =
      world_.mer({"features", "songs/sad", "--embeddings", "vgg_tagger", "-o", "patches.csv"});
  ASSERT_EQ(patches.exit_code, 0) << patches.err;
  auto rows = read_csv(world_ / "patches.csv");
  ASSERT_THAT(rows, SizeIs(1 + 4));  // songs of 4 s: one patch of 3 s, no tail
  ASSERT_THAT(rows[0].cells, SizeIs(4 + 256));
  EXPECT_EQ(join({rows[0].cells.begin(), rows[0].cells.begin() + 5}, ","),
            "path,start_s,end_s,valid,vgg_tagger_0");
  EXPECT_EQ(rows[1].cells[2], "2.992");  // 187 · 256 / 16000
  EXPECT_EQ(rows[1].cells[3], "1");
  const auto description = nlohmann::json::parse(read(world_ / "patches.csv.json"));
  EXPECT_EQ(description["recipe"]["embed"]["networks"][0], "vgg_tagger");
  EXPECT_EQ(description["columns"][0]["family"], "vgg_tagger");

  const Outcome songs = world_.mer({"features", "songs/happy", "songs/anger", "songs/sad",
                                    "songs/relaxed", "--embeddings", "vgg_tagger", "--per", "song",
                                    "-o", "songs.safetensors", "--set", "embed.hop_s=1"});
  ASSERT_EQ(songs.exit_code, 0) << songs.err;
  const TensorFile file = TensorFile::open(world_ / "songs.safetensors");
  EXPECT_EQ(file.at("embeddings", {16, 256}).shape[0], 16);
  // A patch a second: the third, with more than half of it music, ends with the song.
  EXPECT_NEAR(file.at("end_s").as<double>()[0], 4.0, 1e-9);
}

TEST_F(Embeddings, OfARunAreARowASegment) {
  const Outcome outcome =
      world_.mer({"features", "songs/sad", "--embeddings", "runs/base", "-o", "-"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Words lines = lines_of(outcome.out);
  EXPECT_THAT(lines[0], testing::StartsWith("path,start_s,end_s,valid,improved_cnn_0,"));
  EXPECT_GE(lines.size(), 1U + 4 * 3);  // segments of a second
  const Outcome again = world_.mer(
      {"features", "songs/sad", "--embeddings", "runs/base", "--per", "patch", "-o", "-"});
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, HasSubstr("a row of 'runs/base' is of a segment or a song"));
  const Outcome set = world_.mer({"features", "songs/sad", "--embeddings", "runs/base", "-o", "-",
                                  "--set", "audio.duration_s=1"});
  EXPECT_THAT(set.err, HasSubstr("-c and --set change nothing here"));
  ASSERT_EQ(train("no-network", {"model.name=svm"}).exit_code, 0);
  const Outcome classic =
      world_.mer({"features", "songs/sad", "--embeddings", "runs/no-network", "-o", "-"});
  EXPECT_EQ(classic.exit_code, 2);
  EXPECT_THAT(classic.err, HasSubstr("'svm' is no network, --embeddings wants one network"));
}

TEST_F(Embeddings, MadeElsewhereAreLearnedFromAndAnsweredWith) {
  write_vectors("vectors");
  const Words classic = {"model.name=svm", "classic.song_vector=[embeddings]",
                         "embed.files=vectors"};
  const Outcome trained = train("vectors-svm", classic);
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const Outcome network =
      train("vectors-net", {"inputs.song_vector=[embeddings]", "embed.files=vectors"});
  ASSERT_EQ(network.exit_code, 0) << network.err;
  EXPECT_EQ(world_.mer({"eval", "runs/vectors-svm"}).exit_code, 0);
  EXPECT_THAT(world_.mer({"info", "runs/vectors-svm/best.safetensors"}).out,
              HasSubstr("3 numbers, made by another program"));

  // Together; of the songs that the runs have learned from, the folder is known.
  const Outcome both =
      world_.mer({"predict", "songs/happy", "songs/anger", "songs/sad", "songs/relaxed", "-m",
                  "runs/vectors-svm", "-m", "runs/vectors-net", "--format", "csv"});
  EXPECT_EQ(both.exit_code, 0) << both.err;
  EXPECT_THAT(lines_of(both.out), SizeIs(1 + 16));

  // A new song needs a vector of its own.
  world_.write("new/song.wav", wav(tone(330.0, 2.0, 22050), 22050));
  const Outcome without = world_.mer({"predict", "new/song.wav", "-m", "runs/vectors-svm"});
  EXPECT_EQ(without.exit_code, 3);
  EXPECT_THAT(without.out + without.err, HasSubstr("has no vector in "));
  write_vector("new-vectors", "song.wav", {0.0F, 1.0F, 0.0F});
  const Outcome with = world_.mer({"predict", "new/song.wav", "-m", "runs/vectors-svm",
                                   "--embeddings", "new-vectors", "--format", "json"});
  ASSERT_EQ(with.exit_code, 0) << with.err;
  EXPECT_EQ(nlohmann::json::parse(with.out)["results"][0]["emotion"], "sad");
  fs::copy(world_ / "runs/vectors-svm/best.safetensors", world_ / "travelled.safetensors");
  const Outcome travelled = world_.mer({"predict", "new/song.wav", "-m", "travelled.safetensors"});
  EXPECT_EQ(travelled.exit_code, 2);
  EXPECT_THAT(travelled.err, AllOf(HasSubstr("sees vectors of 3 numbers"),
                                   HasSubstr("--embeddings DIR, a folder with a .npy")));
  EXPECT_THAT(
      world_.mer({"predict", "new/song.wav", "-m", "runs/base", "--embeddings", "new-vectors"}).err,
      HasSubstr("--embeddings changes nothing: the models see no embeddings"));
}

TEST_F(Embeddings, MadeElsewhereAreMissedByName) {
  write_vectors("fewer", false);
  const Outcome outcome = train("fewer", {"inputs.song_vector=[embeddings]", "embed.files=fewer"});
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  const auto rows = read_csv(world_ / "songs/manifest.csv");
  EXPECT_THAT(outcome.err, HasSubstr(rows.back().cells[0] + ": has no vector in "));
}

TEST_F(Embeddings, OfFoldsAreTheSameVectors) {
  write_vectors("folded");
  const Outcome outcome = train(
      "vectors-cv", {"model.name=svm", "classic.song_vector=[embeddings]", "embed.files=folded",
                     "data.split.folds=2", "data.split.validation_fraction=0"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
}

}  // namespace
}  // namespace mer::test
