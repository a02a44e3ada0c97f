#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "mer/core/error.hpp"
#include "mer/distributed/replica_group.hpp"
#include "mer/runs/model_card.hpp"
#include "mer/train/trainer.hpp"
#include "toy_songs.hpp"

namespace mer {
namespace {

using test::content_of;
using test::message_of;
using test::ToySongs;
using testing::HasSubstr;

/// Toy songs for a classical system.
struct ClassicSongs : ToySongs {
  explicit ClassicSongs(const std::string& system) { config.model.name = system; }
};

RunResult train(const ToySongs& songs, const std::string& name, const RunCallbacks& callbacks = {},
                const Workers& workers = {}) {
  return train_run(songs.config, songs.data, songs / name, "mer train -c toy.yaml", callbacks,
                   workers);
}

nlohmann::json status_of(const std::filesystem::path& run) {
  return nlohmann::json::parse(content_of(run / "run.json"));
}

TEST(ClassicRun, LearnsValenceAndArousalWithoutAnyClass) {
  ClassicSongs songs("va_regression");
  for (Song& song : songs.data.manifest.songs) {
    const int c = songs.data.manifest.class_index(song.label);
    song.valence = c % 2 == 0 ? 0.5 : -0.5;
    song.arousal = c < 2 ? 0.25 : -0.25;
    song.label.clear();
  }
  songs.data.manifest.classes.clear();
  train(songs, "run");
  const ModelCard card = ModelCard::read(TensorFile::open(songs / "run" / "best.safetensors"));
  EXPECT_TRUE(card.classes.empty());
  EXPECT_TRUE(card.answers_values());
  EXPECT_GT(card.validation.concordance, 0.8);
}

TEST(ClassicRun, LearnsToySongsInOneRow) {
  const ClassicSongs songs("svm");
  std::vector<MetricsRow> rows;
  RunCallbacks callbacks;
  callbacks.on_row = [&](const MetricsRow& row) { rows.push_back(row); };
  const RunResult result = train(songs, "run", callbacks);
  EXPECT_EQ(result.status, RunResult::Status::kFinished);
  EXPECT_EQ(result.best_score, 1.0);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_TRUE(std::isnan(rows[0].train_loss));
  EXPECT_EQ(rows[0].val_accuracy, 1.0);

  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(songs / "run")) {
    files.insert(entry.path().filename().string());
  }
  EXPECT_EQ(files, (std::set<std::string>{"config.yaml", "run.json", "split.csv", "metrics.csv",
                                          "log.txt", "best.safetensors", "last.safetensors"}));
  const nlohmann::json status = status_of(songs / "run");
  EXPECT_EQ(status["status"], "finished");
  EXPECT_EQ(status["system"]["name"], "svm");
  EXPECT_TRUE(status["chosen"][0].contains("gamma"));
  EXPECT_EQ(status["dataset"]["training_segments"], 16);  // whole songs
}

TEST(ClassicRun, TheCardSaysWhatPredictionNeedsAndNothingOfNetworks) {
  const ClassicSongs songs("knn");
  train(songs, "run");
  const TensorFile file = TensorFile::open(songs / "run" / "best.safetensors");
  const ModelCard card = ModelCard::read(file);
  EXPECT_FALSE(card.is_network());
  EXPECT_EQ(card.model.name, "knn");
  EXPECT_EQ(nlohmann::ordered_json::parse(card.classic)["song_vector_over"], "song");
  EXPECT_EQ(card.classes.size(), 4U);
  EXPECT_FALSE(file.metadata().contains("loss"));
  EXPECT_FALSE(file.metadata().contains("shape"));
  EXPECT_EQ(content_of(songs / "run" / "best.safetensors"),
            content_of(songs / "run" / "last.safetensors"));
}

/// Toy songs for an SVM on these blocks.
struct BlockSongs : ClassicSongs {
  explicit BlockSongs(const std::vector<std::string>& blocks) : ClassicSongs("svm") {
    config.classic.song_vector = blocks;
    add_embeddings();
  }
};

TEST(ClassicRun, SeesDescriptorsAndEmbeddingsAndTheCardSaysWhich) {
  for (const std::vector<std::string>& blocks :
       {std::vector<std::string>{"descriptors"}, {"embeddings"}, {"descriptors", "embeddings"}}) {
    const BlockSongs songs(blocks);
    const std::string run = blocks.front() + std::to_string(blocks.size());
    EXPECT_EQ(train(songs, run).status, RunResult::Status::kFinished);
    const ModelCard card = ModelCard::read(TensorFile::open(songs / run / "best.safetensors"));
    EXPECT_EQ(nlohmann::ordered_json::parse(card.classic)["song_vector"], blocks);
    EXPECT_EQ(card.descriptors.empty(), blocks.front() != "descriptors");
    EXPECT_EQ(card.embeddings.empty(), blocks.back() != "embeddings");
    if (blocks.back() == "embeddings") {
      EXPECT_EQ(nlohmann::ordered_json::parse(card.embeddings)["embed"]["networks"][0],
                "vgg_tagger");
    }
    if (blocks.front() == "embeddings") {
      EXPECT_EQ(card.validation.accuracy, 1.0);
    }
    EXPECT_EQ(status_of(songs / run)["system"]["inputs"], blocks);
  }
}

TEST(ClassicRun, LeavesOutSongsWithoutEmbeddingsAndSaysSoOnce) {
  BlockSongs songs({"embeddings"});
  const std::size_t unreadable = ToySongs::song_of(0, 0);
  const std::size_t missing = ToySongs::song_of(1, 1);
  songs.data.features.files[unreadable].clear();
  songs.data.features.failures = {{unreadable, "happy0.wav: not audio", ""}};
  songs.data.embeddings.files[unreadable].clear();
  songs.data.embeddings.files[missing].clear();
  const RunResult result = train(songs, "run");
  ASSERT_EQ(result.failures.size(), 2U);
  EXPECT_EQ(result.failures[0].message, "happy0.wav: not audio");
  EXPECT_EQ(result.failures[1].message, "anger1.wav: has no embeddings");
  EXPECT_EQ(status_of(songs / "run")["dataset"]["training_songs"], 14);
}

TEST(ClassicRun, RefusesEmbeddingsOfOtherNetworksAndOfTwoRecipes) {
  BlockSongs songs({"embeddings"});
  songs.config.embed.networks = {"musicnn"};
  EXPECT_THAT(message_of<UsageError>([&] { train(songs, "run"); }),
              HasSubstr("has embeddings by vgg_tagger, this run needs those by musicnn"));
  songs.config.embed.networks = {"vgg_tagger"};
  test::EmbeddingFile other;
  other.networks = {{"vgg_tagger", 256}};
  other.matrix = RowMatrixXf::Zero(1, 256);
  other.valid = {1};
  other.recipe["embed"]["hop_s"] = 1.5;
  other.write(songs.data.embeddings.files[3]);
  EXPECT_THAT(message_of<UsageError>([&] { train(songs, "run"); }),
              HasSubstr("made with embed.hop_s 1.5"));
}

TEST(ClassicRun, FitsTheTemperatureOnEnoughValidationSongs) {
  ClassicSongs songs("random_forest");
  train(songs, "few");  // 8 songs to validate
  const auto card_of = [&](const std::string& run) {
    return ModelCard::read(TensorFile::open(songs / run / "best.safetensors"));
  };
  EXPECT_EQ(card_of("few").calibration.songs, 0);
  EXPECT_EQ(card_of("few").calibration.temperature, 1.0);
  songs.validate_all_but_one_a_class();
  train(songs, "enough");
  const auto fitted = card_of("enough").calibration;
  EXPECT_EQ(fitted.songs, 20);
  EXPECT_LE(fitted.nll_after, fitted.nll_before);
  EXPECT_NE(fitted.temperature, 1.0);
  EXPECT_EQ(status_of(songs / "enough")["best"]["calibration"]["temperature"], fitted.temperature);
}

TEST(ClassicRun, SegmentsAreRowsOfTheirOwn) {
  ClassicSongs songs("knn");
  songs.config.classic.song_vector_over = ClassicOptions::Over::kSegment;
  train(songs, "run");
  // 16 songs of three segments.
  EXPECT_EQ(TensorFile::open(songs / "run" / "best.safetensors")
                .at("classic.branch_0.rows")
                .shape.front(),
            48);
}

TEST(ClassicRun, ThreadsDoNotChangeTheModel) {
  ClassicSongs songs("svm");
  train(songs, "one");
  songs.config.train.threads = 3;
  train(songs, "three");
  const TensorFile one = TensorFile::open(songs / "one" / "best.safetensors");
  const TensorFile three = TensorFile::open(songs / "three" / "best.safetensors");
  ASSERT_EQ(one.names(), three.names());
  for (const std::string& name : one.names()) {
    const auto a = one.at(name).bytes;
    const auto b = three.at(name).bytes;
    EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end())) << name;
  }
}

TEST(ClassicRun, SaysWhenItWasStopped) {
  const ClassicSongs songs("svm");
  RunCallbacks callbacks;
  callbacks.stop = [] { return true; };
  EXPECT_EQ(train(songs, "run", callbacks).status, RunResult::Status::kInterrupted);
  EXPECT_EQ(status_of(songs / "run")["status"], "interrupted");
}

TEST(ClassicRun, IsLeftToOneProcess) {
  const ClassicSongs songs("svm");
  ReplicaGroup team(2);
  const std::string message = message_of<UsageError>([&] {
    team.run([&](int process) { train(songs, "run", {}, {.processes = &team.member(process)}); });
  });
  EXPECT_THAT(message, HasSubstr("svm is trained by one process"));
}

TEST(ClassicRun, ValenceAndArousalAreForAllSongsOrForNone) {
  ClassicSongs songs("va_regression");
  songs.data.manifest.songs[ToySongs::song_of(1, 0)].valence = 0.5;
  songs.data.manifest.songs[ToySongs::song_of(1, 0)].arousal = 0.5;
  EXPECT_THAT(message_of<UsageError>([&] { train(songs, "run"); }),
              HasSubstr("no valence and arousal, which other songs to train with have"));
  EXPECT_FALSE(std::filesystem::exists(songs / "run"));
}

}  // namespace
}  // namespace mer
