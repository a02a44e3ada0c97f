#include "mer/train/trainer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "mer/core/error.hpp"
#include "mer/core/json.hpp"
#include "mer/runs/model_card.hpp"
#include "mer/runs/run_folder.hpp"
#include "mer/store/standardization.hpp"
#include "run_card.hpp"
#include "toy_songs.hpp"

namespace mer {
namespace {

using test::content_of;
using test::message_of;
using test::timeless_metrics;
using test::ToySongs;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kCommand = "mer train -c toy.yaml";

RunResult train(const ToySongs& songs, const std::filesystem::path& run,
                const RunCallbacks& callbacks = {}) {
  return train_run(songs.config, songs.data, run, kCommand, callbacks);
}

nlohmann::json status_of(const std::filesystem::path& run) {
  return nlohmann::json::parse(content_of(run / "run.json"));
}

/// Stops after so many iterations.
RunCallbacks stop_after(std::int64_t iterations) {
  auto done = std::make_shared<std::int64_t>(0);
  RunCallbacks callbacks;
  callbacks.on_step = [done](std::int64_t iteration, std::int64_t, double) { *done = iteration; };
  callbacks.stop = [done, iterations] { return *done >= iterations; };
  return callbacks;
}

void expect_same_run(const std::filesystem::path& one, const std::filesystem::path& other) {
  EXPECT_EQ(timeless_metrics(one), timeless_metrics(other));
  for (const char* file : {"best.safetensors", "last.safetensors", "split.csv", "config.yaml"}) {
    EXPECT_EQ(content_of(one / file), content_of(other / file)) << file;
  }
}

/// Bytes of the tensors named `network.*` in a file, one after the other.
std::vector<std::byte> weights_of(const std::filesystem::path& file) {
  const TensorFile tensors = TensorFile::open(file);
  std::vector<std::byte> bytes;
  for (const std::string& name : tensors.names()) {
    if (name.rfind("network.", 0) != 0) continue;
    const auto& view = tensors.at(name);
    bytes.insert(bytes.end(), view.bytes.begin(), view.bytes.end());
  }
  EXPECT_FALSE(bytes.empty());
  return bytes;
}

TEST(TrainRun, LearnsAToyProblem) {
  ToySongs songs;
  songs.config.train.iterations = 80;
  std::vector<MetricsRow> rows;
  RunCallbacks callbacks;
  callbacks.on_row = [&](const MetricsRow& row) { rows.push_back(row); };
  const RunResult result = train(songs, songs / "run", callbacks);
  EXPECT_EQ(result.status, RunResult::Status::kFinished);
  EXPECT_EQ(result.iterations, 80);
  EXPECT_TRUE(result.failures.empty());
  ASSERT_EQ(rows.size(), 8U);
  EXPECT_LT(rows.back().train_loss, 0.5 * rows.front().train_loss);
  EXPECT_GE(result.best_score, 0.85);  // of eight songs at most one is wrong; chance is 0.25
  double best = 0.0;
  for (const MetricsRow& row : rows) {
    EXPECT_EQ(row.is_best, row.val_macro_f1 > best);
    if (row.is_best) {
      best = row.val_macro_f1;
      EXPECT_LE(row.iteration, result.best_iteration);
    }
    EXPECT_GT(row.segments_per_second, 0.0);
  }
  EXPECT_EQ(result.best_score, best);
}

TEST(TrainRun, EveryKindOfAugmentationAtOnceStillLearns) {
  ToySongs songs;
  songs.switch_all_augmentation_on();
  songs.config.train.iterations = 120;
  songs.config.train.evaluate_every = 40;
  EXPECT_GE(train(songs, songs / "run").best_score, 0.7);
}

TEST(TrainRun, LeavesTheWholeRunFolder) {
  ToySongs songs;
  const std::filesystem::path run = songs / "run";
  const RunResult result = train(songs, run);
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(run)) {
    files.insert(entry.path().filename().string());
  }
  EXPECT_EQ(files,
            (std::set<std::string>{"config.yaml", "run.json", "split.csv", "metrics.csv", "log.txt",
                                   "best.safetensors", "last.safetensors", "state.safetensors"}));

  const std::string metrics = content_of(run / "metrics.csv");
  EXPECT_EQ(metrics.substr(0, metrics.find('\n')),
            "iteration,epoch,seconds,lr,train_loss,train_softmax,train_center,val_loss,"
            "val_accuracy,val_macro_f1,train_as_printed,train_accuracy,train_values,train_tags,"
            "val_concordance,val_roc_auc,val_pr_auc");
  const std::vector<CsvRow> rows = read_csv(run / "metrics.csv");
  ASSERT_EQ(rows.size(), 4U);  // header, iterations 10, 20 and 30
  EXPECT_EQ(rows[2].cells[0], "20");
  // 16 songs of three segments (the tail of seven frames is dropped): 20 · 8 / 48 epochs.
  EXPECT_DOUBLE_EQ(std::stod(rows[2].cells[1]), 160.0 / 48.0);
  EXPECT_EQ(rows[2].cells[3], "0.02");
  EXPECT_NEAR(std::stod(rows[2].cells[4]),
              std::stod(rows[2].cells[5]) + std::stod(rows[2].cells[6]), 1e-5);
  EXPECT_EQ(RunFolder(run).split(songs.data.manifest), songs.data.split);

  RunConfig config;
  ConfigDocument::load(run / "config.yaml").read(config);
  EXPECT_EQ(to_json(config), to_json(songs.config));

  const nlohmann::json status = status_of(run);
  EXPECT_EQ(status["status"], "finished");
  EXPECT_EQ(status["command"], kCommand);
  EXPECT_EQ(status["device"], "cpu");
  EXPECT_EQ(status["iterations"], 30);
  EXPECT_EQ(status["seeds"]["train"], 1);
  EXPECT_EQ(status["best"]["iteration"], result.best_iteration);
  EXPECT_EQ(status["best"]["macro_f1"], result.best_score);
  EXPECT_EQ(status["dataset"]["training_songs"], 16);
  EXPECT_TRUE(status["train_loss_as_printed"].is_number());
  for (const char* key : {"started", "ended", "mer_version", "commit"}) {
    EXPECT_TRUE(status[key].is_string()) << key;
  }
  EXPECT_THAT(content_of(run / "log.txt"), AllOf(HasSubstr("[debug]"), HasSubstr("as printed")));
}

TEST(TrainRun, ModelFilesSayAllThatPredictionNeeds) {
  ToySongs songs;
  train(songs, songs / "run");
  const TensorFile file = TensorFile::open(songs / "run" / "last.safetensors");
  const ModelCard card = ModelCard::read(file);
  EXPECT_EQ(card.run_name, "run");
  EXPECT_EQ(card.iteration, 30);
  EXPECT_EQ(card.recipe_fingerprint, songs.config.recipe.fingerprint());
  EXPECT_EQ(card.recipe, json_text(to_json(songs.config.recipe)));
  EXPECT_EQ(card.inputs, json_text(to_json(songs.config.inputs)));
  EXPECT_EQ(card.classes, songs.data.manifest.classes);
  EXPECT_EQ(card.training_counts, (std::vector<std::int64_t>{4, 4, 4, 4}));
  EXPECT_EQ(card.shape.spectrogram_bands, 32);
  EXPECT_EQ(card.shape.spectrogram_steps, 21);
  EXPECT_EQ(nlohmann::ordered_json::parse(card.layout)["hop_samples"], 1024);
  EXPECT_EQ(nlohmann::ordered_json::parse(card.config)["data"]["manifest"],
            "songs.csv");  // not where it lay here
  EXPECT_TRUE(std::isfinite(card.validation.macro_f1));
  EXPECT_TRUE(file.contains("loss.centers"));
  EXPECT_NO_THROW(Standardization::from(file));
}

TEST(TrainRun, FitsTheTemperatureOfEachModelFileOnTheValidationSongs) {
  ToySongs songs;
  songs.validate_all_but_one_a_class();
  train(songs, songs / "run");
  const auto fitted = [&](const char* file) {
    return ModelCard::read(TensorFile::open(songs / "run" / file)).calibration;
  };
  for (const char* file : {"best.safetensors", "last.safetensors"}) {
    EXPECT_EQ(fitted(file).songs, 20);
    EXPECT_LE(fitted(file).nll_after, fitted(file).nll_before);
  }
  EXPECT_EQ(status_of(songs / "run")["best"]["calibration"]["temperature"],
            fitted("best.safetensors").temperature);
}

TEST(ValidateSongs, FitsTheTemperatureThatTheirProbabilitiesAskFor) {
  // Songs that are 0.9 sure, 14 of 20 rightly: 0.9^b / (0.9^b + 0.1^b) = 0.7, b = ln(7/3) / ln 9.
  std::vector<RunSong> songs(20);
  for (std::size_t i = 0; i < songs.size(); ++i) songs[i].class_index = i < 6 ? 1 : 0;
  const ProbabilityRows probabilities(20, {0.9, 0.1});
  const Validated validated = validate_songs({probabilities, {}, {}}, songs, 0.5);
  EXPECT_EQ(validated.scores.loss, 0.5);
  EXPECT_DOUBLE_EQ(validated.scores.accuracy, 0.7);
  EXPECT_NEAR(validated.calibration.temperature, std::log(9.0) / std::log(7.0 / 3.0), 1e-9);
  EXPECT_EQ(validated.calibration.songs, 20);
  songs.pop_back();
  const Validated fewer = validate_songs({ProbabilityRows(19, {0.9, 0.1}), {}, {}}, songs, 0.5);
  EXPECT_EQ(fewer.calibration.songs, 0);
  EXPECT_EQ(fewer.calibration.temperature, 1.0);
}

TEST(TrainRun, SameSeedGivesTheSameRunAndAnotherSeedAnother) {
  ToySongs songs;
  songs.switch_all_augmentation_on();
  train(songs, songs / "a" / "run");
  train(songs, songs / "b" / "run");
  expect_same_run(songs / "a" / "run", songs / "b" / "run");
  songs.config.train.seed = 2;
  train(songs, songs / "c" / "run");
  EXPECT_NE(timeless_metrics(songs / "a" / "run"), timeless_metrics(songs / "c" / "run"));
}

TEST(TrainRun, SideBySideInOneProcessGivesWhatOneAfterTheOtherGives) {
  ToySongs songs;
  songs.switch_all_augmentation_on();
  train(songs, songs / "alone" / "run");
  std::thread other([&] { train(songs, songs / "b" / "run"); });
  train(songs, songs / "c" / "run");
  other.join();
  expect_same_run(songs / "alone" / "run", songs / "b" / "run");
  expect_same_run(songs / "alone" / "run", songs / "c" / "run");
}

TEST(TrainRun, InterruptedItSavesItsStateAndSaysSo) {
  ToySongs songs;
  const RunResult result = train(songs, songs / "run", stop_after(13));
  EXPECT_EQ(result.status, RunResult::Status::kInterrupted);
  EXPECT_EQ(result.iterations, 13);
  EXPECT_EQ(status_of(songs / "run")["status"], "interrupted");
  EXPECT_EQ(read_csv(songs / "run" / "metrics.csv").size(), 2U);  // header and iteration 10
  const ModelCard card = ModelCard::read(TensorFile::open(songs / "run" / "last.safetensors"));
  EXPECT_EQ(card.iteration, 13);
}

class Resumed : public testing::TestWithParam<std::int64_t> {};

TEST_P(Resumed, EndsLikeARunThatWasNeverInterrupted) {
  for (const std::string update : {"gradient", "wen"}) {
    ToySongs songs;
    songs.switch_all_augmentation_on();
    test::change(songs.config.loss, "center_update: " + update);
    train(songs, songs / "whole" / "run");
    const std::filesystem::path run = songs / "parts" / "run";
    train(songs, run, stop_after(GetParam()));
    const RunResult result = resume_run(run, songs.data, {});
    EXPECT_EQ(result.status, RunResult::Status::kFinished);
    EXPECT_EQ(result.iterations, 30);
    expect_same_run(songs / "whole" / "run", run);
    EXPECT_EQ(weights_of(songs / "whole" / "run" / "state.safetensors"),
              weights_of(run / "state.safetensors"));
    EXPECT_EQ(status_of(run)["status"], "finished");
    EXPECT_EQ(status_of(run)["best"], status_of(songs / "whole" / "run")["best"]);
  }
}

// In the first epoch before any evaluation, at one, in the middle of an epoch, before the last.
INSTANTIATE_TEST_SUITE_P(StoppedAt, Resumed, testing::Values(3, 10, 17, 29));

TEST(ResumeRun, GoesOnWithTheMarginWhereItStood) {
  ToySongs songs;
  songs.switch_all_augmentation_on();
  songs.use_network("lld_bilstm", "head_dropout: 0.2, lld_input_dropout: 0.2");
  songs.config.inputs.combine = InputOptions::Combine::kLateFusion;  // two heads
  songs.config.loss =
      test::of_kind<LossOptions>("a_softmax", "{label_smoothing: 0.1, lambda_gamma: 1}");
  train(songs, songs / "whole" / "run");
  const std::filesystem::path run = songs / "parts" / "run";
  train(songs, run, stop_after(17));
  resume_run(run, songs.data, {});
  expect_same_run(songs / "whole" / "run", run);
  EXPECT_EQ(weights_of(songs / "whole" / "run" / "state.safetensors"),
            weights_of(run / "state.safetensors"));

  const TensorFile file = TensorFile::open(run / "last.safetensors");
  EXPECT_EQ(ModelCard::read(file).shape.class_scores, NetworkShape::ClassScores::kAngular);
  EXPECT_FALSE(file.contains("network.head1.classifier.bias"));
  EXPECT_TRUE(file.contains("network.head2.classifier.weight"));
}

TEST(TrainRun, EveryNetworkLearnsWithEveryLossFromThePartsThatItReads) {
  for (const char* network : {"cnn", "light_cnn", "crnn", "lld_bilstm", "drnn", "improved_cnn"}) {
    for (const char* loss : {"softmax", "a_softmax", "center", "inter_center"}) {
      ToySongs songs;
      songs.config.inputs.standardize_pooled_lld = true;
      songs.use_network(network,
                        "cnn_channels: 4, light_channels: 4, cnn_blocks: 3, drnn_lstm_units: 4, "
                        "drnn_lstm_layers: 2");
      songs.config.loss.name = loss;
      songs.config.train.iterations = 20;
      songs.config.train.evaluate_every = 5;
      std::vector<MetricsRow> rows;
      RunCallbacks callbacks;
      callbacks.on_row = [&](const MetricsRow& row) { rows.push_back(row); };
      const std::filesystem::path run = songs / network / loss;
      train(songs, run, callbacks);
      ASSERT_EQ(rows.size(), 4U);
      EXPECT_LT(rows.back().train_softmax, 0.95 * rows.front().train_softmax)
          << network << ", " << loss;
      const ModelCard card = ModelCard::read(TensorFile::open(run / "last.safetensors"));
      EXPECT_EQ(card.model.name, network);
      const InputParts reads = inputs_of(card.model);
      EXPECT_EQ(card.shape.spectrogram_bands > 0, reads.spectrogram) << network;
      EXPECT_EQ(card.shape.lld_branches > 0, reads.lld != InputParts::Lld::kNone) << network;
      if (reads.lld == InputParts::Lld::kMfcc) {
        EXPECT_EQ(card.shape.lld_columns, 20) << network;
      }
    }
  }
}

TEST(TrainRun, SeesASummaryOfEachSongOrSegmentAndGoesOnWithIt) {
  for (const auto over : {InputOptions::Over::kSong, InputOptions::Over::kSegment}) {
    ToySongs songs;
    songs.add_embeddings();
    songs.switch_all_augmentation_on();
    songs.config.inputs.song_vector = {"descriptors", "embeddings"};
    songs.config.inputs.song_vector_over = over;
    test::change(songs.config.model, "{song_vector_size: 8, song_vector_dropout: 0.2}");
    songs.config.descriptors.families = {"dynamics", "texture"};
    const int num_descriptors =
        MusicalDescriptors(songs.config.descriptors, songs.config.recipe.features, 44100).size();
    const std::filesystem::path whole = songs / "whole" / "run";
    train(songs, whole);
    const TensorFile file = TensorFile::open(whole / "last.safetensors");
    const ModelCard card = ModelCard::read(file);
    EXPECT_EQ(card.shape.song_vector_columns, num_descriptors + 2 * 256);
    EXPECT_FALSE(card.descriptors.empty());
    EXPECT_EQ(nlohmann::ordered_json::parse(card.embeddings)["embed"]["networks"][0], "vgg_tagger");
    EXPECT_EQ(Standardization::from(file).song_vector_mean.size(),
              static_cast<std::size_t>(card.shape.song_vector_columns));
    EXPECT_EQ(card.validation.accuracy, 1.0);  // embeddings tell the class

    const std::filesystem::path parts = songs / "parts" / "run";
    train(songs, parts, stop_after(17));
    resume_run(parts, songs.data, {});
    expect_same_run(whole, parts);
  }
}

TEST(RunConfig, LeavesTheSongVectorToTheNetworkThatLooksAtIt) {
  RunConfig config;
  config.inputs.song_vector = {"embeddings"};
  EXPECT_THAT(message_of<UsageError>([&] { config.validate(); }),
              HasSubstr("'inputs.song_vector' has embeddings, but 'embed.networks' names none"));
  config.inputs.song_vector = {"descriptors"};
  config.validate();
  EXPECT_TRUE(config.sees_descriptors());
  for (const char* name : {"crnn", "svm"}) {
    config.model.name = name;
    EXPECT_THAT(message_of<UsageError>([&] { config.validate(); }),
                HasSubstr("'inputs.song_vector': 'model.name: " + std::string(name) +
                          "' looks at no song vector"));
  }
  config.inputs.song_vector = {"tags"};
  EXPECT_THAT(message_of<UsageError>([&] { config.inputs.validate(); }),
              HasSubstr("'song_vector' has 'tags', allowed: descriptors, embeddings"));
}

TEST(ResumeRun, WithBatchesInPartsEndsAsAnUninterruptedRun) {
  ToySongs songs;
  songs.config.train.gradient_accumulation_steps = 3;  // of 8 rows: parts of 2, 3 and 3
  test::change(songs.config.loss, "center_update: wen");
  train(songs, songs / "whole" / "run");
  const std::filesystem::path run = songs / "parts" / "run";
  train(songs, run, stop_after(17));
  resume_run(run, songs.data, {});
  expect_same_run(songs / "whole" / "run", run);
  EXPECT_EQ(weights_of(songs / "whole" / "run" / "state.safetensors"),
            weights_of(run / "state.safetensors"));
}

TEST(TrainRun, LearnsFromBatchesInParts) {
  ToySongs songs;
  songs.config.train.gradient_accumulation_steps = 2;
  const RunResult result = train(songs, songs / "run");
  EXPECT_GT(result.best_score, 0.8);
  songs.config.train.gradient_accumulation_steps = 9;  // of 8 rows
  EXPECT_THAT(message_of<UsageError>([&] { train(songs, songs / "other"); }),
              HasSubstr("'train.batch_size' is 8, allowed: at least 9"));
}

TEST(ResumeRun, ForgetsWhatCameAfterTheStateItGoesOnFrom) {
  ToySongs songs;
  train(songs, songs / "whole" / "run");
  const std::filesystem::path run = songs / "killed" / "run";
  train(songs, run, stop_after(12));
  // A killed process may have written rows after its last state, the last one only half.
  std::ofstream(run / "metrics.csv", std::ios::app) << "20,9,9,9,9,9,9,9,9,9\n30,9,9";
  nlohmann::json status = status_of(run);
  status["status"] = "running";
  std::ofstream(run / "run.json") << status;
  resume_run(run, songs.data, {});
  expect_same_run(songs / "whole" / "run", run);
}

TEST(ResumeRun, RefusesWhatCannotBeResumed) {
  ToySongs songs;
  EXPECT_THAT(message_of<UsageError>([&] { resume_run(songs / "nothing", songs.data, {}); }),
              HasSubstr("not a run"));
  const std::filesystem::path run = songs / "run";
  train(songs, run, stop_after(5));
  RunData changed = songs.data;
  changed.manifest.songs[0].label = "sad";
  EXPECT_THAT(message_of<UsageError>([&] { resume_run(run, changed, {}); }),
              testing::AnyOf(HasSubstr("have changed"), HasSubstr("split.csv")));
  changed = songs.data;
  std::filesystem::copy_file(changed.features.files[0], songs / "happy0-other.safetensors");
  changed.features.files[0] = songs / "happy0-other.safetensors";
  EXPECT_THAT(message_of<UsageError>([&] { resume_run(run, changed, {}); }),
              HasSubstr("have changed since this run started"));
  resume_run(run, songs.data, {});
  EXPECT_THAT(message_of<UsageError>([&] { resume_run(run, songs.data, {}); }),
              HasSubstr("has finished, there is nothing to resume"));
}

TEST(ResumeRun, WaitsForNobodyElseInTheFolder) {
  ToySongs songs;
  std::string message;
  RunCallbacks callbacks;
  callbacks.on_row = [&](const MetricsRow&) {
    message = message_of<UsageError>([&] { resume_run(songs / "run", songs.data, {}); });
  };
  train(songs, songs / "run", callbacks);
  EXPECT_THAT(message, HasSubstr("another process is training in this folder"));
}

TEST(TrainRun, FailsWhenTheLearningRateIsFarTooLarge) {
  ToySongs songs;
  songs.config.train.lr = 1e30;
  songs.config.train.clip_norm = 0.0;
  const std::string message = message_of<Error>([&] { train(songs, songs / "run"); });
  EXPECT_THAT(message, AllOf(HasSubstr("training diverged: the "), HasSubstr(" at iteration "),
                             HasSubstr("no weights have been saved yet"),
                             HasSubstr("smaller train.lr than 1e+30")));
  EXPECT_EQ(status_of(songs / "run")["status"], "failed");
}

TEST(TrainRun, FailsWhenTheLossExplodesBeforeItIsInfinite) {
  ToySongs songs;
  songs.config.train.lr = 1e4;  // Adam's first step makes each weight ±1e4, logits ±1e8
  songs.config.train.clip_norm = 0.0;
  EXPECT_THAT(message_of<Error>([&] { train(songs, songs / "run"); }),
              HasSubstr("training diverged: the loss is above 1e+06 at iteration 2"));
  EXPECT_EQ(status_of(songs / "run")["status"], "failed");
}

TEST(TrainRun, ThatFailsNamesTheLastGoodWeights) {
  ToySongs songs;
  const std::filesystem::path run = songs / "run";
  RunCallbacks callbacks;
  callbacks.on_row = [&](const MetricsRow&) {
    // The features, mapped while training, become NaN (all bits set) after iteration 10.
    for (const std::string& file : songs.data.features.files) {
      const TensorFile tensors = TensorFile::open(file);
      const auto size = static_cast<std::streamoff>(std::filesystem::file_size(file));
      const std::size_t bytes = tensors.at("lld").bytes.size();
      std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
      stream.seekp(size / 2);
      stream << std::string(bytes / 4, '\xFF');
    }
  };
  const std::string message = message_of<Error>([&] { train(songs, run, callbacks); });
  EXPECT_THAT(message,
              AllOf(HasSubstr("training diverged: the loss is not a number at iteration 1"),
                    HasSubstr("last.safetensors (iteration 10)")));
  EXPECT_EQ(status_of(run)["status"], "failed");
  EXPECT_THAT(status_of(run)["error"].get<std::string>(), HasSubstr("diverged"));
  EXPECT_EQ(ModelCard::read(TensorFile::open(run / "last.safetensors")).iteration, 10);
}

TEST(TrainRun, RefusesAFolderThatExistsAndLeavesItAlone) {
  ToySongs songs;
  const std::filesystem::path run = songs / "run";
  std::filesystem::create_directory(run);
  EXPECT_THAT(message_of<UsageError>([&] { train(songs, run); }),
              AllOf(HasSubstr("exists already"), HasSubstr("--resume"), HasSubstr("--name")));
  EXPECT_TRUE(std::filesystem::is_empty(run));
}

TEST(TrainRun, MakesNoFolderWhenItCannotStart) {
  ToySongs songs;
  songs.data.split.assign(songs.data.split.size(), kTest);
  EXPECT_THAT(message_of<UsageError>([&] { train(songs, songs / "run"); }),
              AllOf(HasSubstr("songs.csv"), HasSubstr("no song to train with")));
  EXPECT_FALSE(std::filesystem::exists(songs / "run"));
}

TEST(TrainRun, NeedsEveryClassAmongTheTrainingSongs) {
  ToySongs songs;
  for (int i = 0; i < ToySongs::kTrainingSongs; ++i) {
    songs.data.split[ToySongs::song_of(2, i)] = kTest;
  }
  EXPECT_THAT(message_of<UsageError>([&] { train(songs, songs / "run"); }),
              HasSubstr("no song of class 'sad' to train with"));
}

TEST(TrainRun, RefusesFeaturesOfAnotherRecipeAndNamesTheOption) {
  ToySongs songs;
  songs.config.recipe.features.of<MfccOptions>().num_coefficients = 12;
  EXPECT_THAT(message_of<UsageError>([&] { train(songs, songs / "run"); }),
              AllOf(HasSubstr("features.mfcc.num_coefficients"), HasSubstr("20"), HasSubstr("12")));
}

TEST(TrainRun, RefusesADeviceThatIsNotThere) {
  ToySongs songs;
  songs.config.device = "cuda:99";
  EXPECT_THROW(train(songs, songs / "run"), UsageError);
  EXPECT_FALSE(std::filesystem::exists(songs / "run"));
}

TEST(TrainRun, LeavesOutSongsWithoutFeaturesAndReportsThem) {
  ToySongs songs;
  const std::size_t reported = ToySongs::song_of(1, 0);
  const std::size_t unreported = ToySongs::song_of(3, 1);
  songs.data.features.files[reported].clear();
  songs.data.features.files[unreported].clear();
  songs.data.features.failures = {{reported, "anger0.wav: not audio", ""}};
  songs.config.train.iterations = 2;
  const RunResult result = train(songs, songs / "run");
  ASSERT_EQ(result.failures.size(), 2U);
  EXPECT_EQ(result.failures[0].message, "anger0.wav: not audio");
  EXPECT_EQ(result.failures[1].song, unreported);
  const ModelCard card = ModelCard::read(TensorFile::open(songs / "run" / "best.safetensors"));
  EXPECT_EQ(card.training_counts, (std::vector<std::int64_t>{4, 3, 4, 3}));
  EXPECT_THAT(content_of(songs / "run" / "log.txt"), HasSubstr("left out: anger0.wav: not audio"));
}

TEST(TrainRun, WithoutValidationSongsTheLastWeightsAreTheBest) {
  ToySongs songs;
  for (std::string& part : songs.data.split) {
    if (part == kValidation) part = kTest;
  }
  songs.config.train.patience = 1;  // nothing to lose patience with
  const RunResult result = train(songs, songs / "run");
  EXPECT_TRUE(std::isnan(result.best_score));
  EXPECT_EQ(result.best_iteration, 30);
  EXPECT_EQ(content_of(songs / "run" / "best.safetensors"),
            content_of(songs / "run" / "last.safetensors"));
  for (const CsvRow& row : read_csv(songs / "run" / "metrics.csv")) {
    if (row.line == 1) continue;
    EXPECT_EQ(row.cells[7] + row.cells[8] + row.cells[9], "");
    EXPECT_NE(row.cells[4], "");
  }
}

TEST(TrainRun, StopsWhenMacroF1NoLongerRises) {
  ToySongs songs;
  songs.config.train.lr = 1e-12;  // nothing changes: the first evaluation stays the best
  songs.config.train.evaluate_every = 2;
  songs.config.train.patience = 3;
  const RunResult result = train(songs, songs / "run");
  EXPECT_EQ(result.status, RunResult::Status::kFinished);
  EXPECT_EQ(result.iterations, 8);  // 2 is the best; 4, 6 and 8 are no better
  EXPECT_EQ(result.best_iteration, 2);
}

TEST(TrainRun, ByEpochsEvaluatesAtTheEndOfEach) {
  ToySongs songs;
  songs.config.train.epochs = 3;
  songs.config.train.random_crops = true;
  songs.config.train.crops_per_song = 2;
  songs.config.train.batch_size = 10;  // 16 songs · 2 crops = 32 a epoch: after 3.2, 6.4, 9.6 steps
  train(songs, songs / "run");
  std::vector<std::string> iterations;
  for (const CsvRow& row : read_csv(songs / "run" / "metrics.csv")) {
    iterations.push_back(row.cells[0]);
  }
  EXPECT_EQ(iterations, (std::vector<std::string>{"iteration", "4", "7", "10"}));
}

TEST(TrainRun, TakesSongsShorterThanASegment) {
  ToySongs songs;
  songs.config.segment.length_s = 2.0;  // 86 frames; the songs have 70
  songs.config.train.iterations = 2;
  for (const bool random_crops : {false, true}) {
    songs.config.train.random_crops = random_crops;
    EXPECT_NO_THROW(train(songs, songs / (random_crops ? "crops" : "grid")));
  }
}

/// Valence and arousal by the class, one of two tags by the first and last two classes.
void give_other_targets(ToySongs& songs) {
  songs.data.manifest.tags = {"first", "last"};
  for (Song& song : songs.data.manifest.songs) {
    const int c = songs.data.manifest.class_index(song.label);
    song.valence = c % 2 == 0 ? 0.5 : -0.5;
    song.arousal = c < 2 ? 0.25 : -0.25;
    song.has_labels = true;
    song.labels = {c < 2 ? "first" : "last"};
  }
}

TEST(TrainRun, LearnsSeveralTasksWithSongsThatLackSome) {
  ToySongs songs;
  give_other_targets(songs);
  std::vector<Song>& all = songs.data.manifest.songs;
  all[0].label.clear();
  all[7].valence = all[7].arousal = std::numeric_limits<double>::quiet_NaN();
  all[13].has_labels = false;
  all[13].labels.clear();
  songs.config.targets.answer = {"classes", "valence_arousal", "tags"};
  songs.config.train.iterations = 120;
  songs.config.train.mixup_alpha = 0.2;
  train(songs, songs / "run");
  const ModelCard card = ModelCard::read(TensorFile::open(songs / "run" / "best.safetensors"));
  EXPECT_EQ(card.tags, songs.data.manifest.tags);
  EXPECT_EQ(card.shape.num_values, 2);
  EXPECT_GE(card.validation.macro_f1, 0.7);
  EXPECT_GE(card.validation.concordance, 0.6);
  EXPECT_GE(card.validation.roc_auc, 0.9);
  EXPECT_EQ(card.tag_thresholds.size(), 2U);
  EXPECT_DOUBLE_EQ(
      card.validation.score(),
      (card.validation.macro_f1 + card.validation.concordance + card.validation.roc_auc) / 3.0);
  const std::vector<CsvRow> rows = read_csv(songs / "run" / "metrics.csv");
  for (std::size_t column = 11; column < 17; ++column) EXPECT_NE(rows.back().cells[column], "");
}

TEST(TrainRun, LearnsValenceAndArousalWithoutAnyClass) {
  ToySongs songs;
  give_other_targets(songs);
  songs.data.manifest.classes.clear();
  for (Song& song : songs.data.manifest.songs) song.label.clear();
  songs.config.targets.answer = {"valence_arousal"};
  songs.config.targets.regression_loss = TargetOptions::RegressionLoss::kConcordance;
  songs.config.train.iterations = 80;
  const RunResult result = train(songs, songs / "run");
  EXPECT_GE(result.best_score, 0.7);
  const ModelCard card = ModelCard::read(TensorFile::open(songs / "run" / "best.safetensors"));
  EXPECT_TRUE(card.classes.empty());
  EXPECT_TRUE(std::isnan(card.validation.accuracy));
  EXPECT_EQ(result.best_score, card.validation.concordance);
}

TEST(TrainRun, LearnsFromRatersSharesAndCurves) {
  ToySongs songs;
  give_other_targets(songs);
  for (Song& song : songs.data.manifest.songs) {
    const auto c = static_cast<std::size_t>(songs.data.manifest.class_index(song.label));
    song.shares.assign(ToySongs::kNumClasses, 0.1);
    song.shares[c] = 0.7;
    song.dynamic = songs / (song.id + ".csv");
    write_text_file(song.dynamic, "time_s,valence,arousal\n0,0,0\n0.6,0,0\n0.9," +
                                      format_number(song.valence) + ",0.5\n");
    song.label.clear();
  }
  songs.config.targets.answer = {"classes", "valence_arousal"};
  songs.config.targets.soft_labels = true;
  songs.config.targets.over_time = true;
  songs.config.train.iterations = 80;
  train(songs, songs / "run");
  const ModelCard card = ModelCard::read(TensorFile::open(songs / "run" / "best.safetensors"));
  EXPECT_GE(card.validation.macro_f1, 0.7);
  EXPECT_TRUE(std::isfinite(card.validation.concordance));
}

TEST(TrainRun, SaysWhatATaskLacks) {
  ToySongs songs;
  const auto fault = [&] { return message_of<UsageError>([&] { train(songs, songs / "run"); }); };
  songs.config.targets.answer = {"classes", "tags"};
  EXPECT_THAT(fault(), HasSubstr("has no column 'labels', which 'targets.answer: tags' learns"));
  songs.config.targets.answer = {"valence_arousal"};
  EXPECT_THAT(fault(), HasSubstr("has no column 'valence,arousal'"));
  give_other_targets(songs);
  songs.config.targets.answer = {"tags"};
  songs.data.manifest.tags.push_back("nowhere");
  EXPECT_THAT(fault(), HasSubstr("no song with the label 'nowhere' to train with"));
}

TEST(SummarizeNetwork, CountsTheParametersThatTheRunHas) {
  ToySongs songs;
  songs.config.train.iterations = 1;
  train(songs, songs / "run");
  const SystemDescription description = describe_system(songs.config, {ToySongs::kNumClasses, 0});
  EXPECT_EQ(description.name, "improved_cnn");
  EXPECT_EQ(description.segment_frames, 21);
  EXPECT_EQ(description.parameters, status_of(songs / "run")["network"]["parameters"]);
  EXPECT_GT(description.parameters, 0);
}

}  // namespace
}  // namespace mer
