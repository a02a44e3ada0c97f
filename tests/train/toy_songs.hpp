#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "../support/embedding_file.hpp"
#include "../support/options_of.hpp"
#include "../support/temporary_folder.hpp"
#include "mer/core/random.hpp"
#include "mer/core/tensor_file.hpp"
#include "mer/core/text.hpp"
#include "mer/features/feature_extractor.hpp"
#include "mer/train/trainer.hpp"

namespace mer::test {

/// Feature files of invented songs and a config that trains a tiny network on them in a second.
/// Four classes; a class lifts a quarter of the bands and every fourth descriptor above the noise.
class ToySongs {
 public:
  static constexpr int kNumClasses = 4;
  static constexpr int kTrainingSongs = 4;     // a class
  static constexpr int kValidationSongs = 2;   // a class
  static constexpr std::int64_t kFrames = 70;  // three segments of 21 frames and a short tail

  ToySongs() {
    config.recipe.features.mel.num_bands = 32;
    config.data.manifest = folder_.write("songs.csv", "path,label\n");
    config.data.store = folder_ / "store";
    config.segment.length_s = 0.5;  // floor(0.5 · 44100 / 1024) = 21 frames
    use_network("improved_cnn");
    config.train.batch_size = 8;
    config.train.iterations = 30;
    config.train.evaluate_every = 10;
    config.train.lr = 0.02;
    config.train.seed = 1;

    const std::vector<std::string> classes = {"happy", "anger", "sad", "relaxed"};
    data.manifest.file = config.data.manifest;
    data.manifest.classes = classes;
    for (int c = 0; c < kNumClasses; ++c) {
      for (int i = 0; i < kTrainingSongs + kValidationSongs; ++i) {
        Song song;
        song.id = classes[static_cast<std::size_t>(c)] + std::to_string(i);
        song.listed_path = song.id + ".wav";
        song.path = folder_ / song.listed_path;
        song.label = classes[static_cast<std::size_t>(c)];
        song.group = song.id;
        data.manifest.songs.push_back(song);
        data.split.push_back(i < kTrainingSongs ? kTrain : kValidation);
        data.features.files.push_back(write_features(song.id, c));
      }
    }
  }

  /// A small one.
  /// @param more  options of this network besides
  void use_network(const std::string& name, const std::string& more = "") {
    config.model = of_kind<ModelOptions>(
        name,
        "{c1_channels: 2, c1_time_kernel: 3, c1_frequency_kernel: 3, c2_channels: 4, "
        "pool_frequency: 2, crnn_lstm_units: 4, lld_lstm_units: 4, lld_lstm_layers: 1, "
        "embedding_size: 8" +
            (more.empty() ? "" : ", " + more) + "}");
  }

  /// Everything random switched on at once, so that equality of runs means something.
  void switch_all_augmentation_on() {
    config.inputs.spectrogram_pool_bands = 2;
    config.inputs.lld_pool_frames = 2;
    config.inputs.lld_statistics = InputOptions::Statistics::kMeanStd;
    config.inputs.standardize_pooled_lld = true;
    change(config.model, "{conv_dropout: 0.2, head_dropout: 0.2, lld_input_dropout: 0.2}");
    change(config.loss, "label_smoothing: 0.1");
    config.train.random_crops = true;
    config.train.crops_per_song = 3;
    config.train.class_balanced = true;
    config.train.mixup_alpha = 0.3;
    config.train.gain_deviation_db = 2.0;
    config.train.lld_noise_std = 0.3;
    config.train.frequency_masks = 1;
    config.train.time_masks = 1;
    config.train.schedule = TrainOptions::Schedule::kCosine;
    config.train.warmup_fraction = 0.1;
  }

  /// Gives every song embeddings of two patches by `vgg_tagger`, which tell the class.
  void add_embeddings() {
    config.embed.networks = {"vgg_tagger"};
    for (const Song& song : data.manifest.songs) {
      EmbeddingFile file;
      file.networks = {{"vgg_tagger", 256}};
      file.valid = {1, 1};
      std::mt19937_64 rng(seed_of(song.id));
      file.matrix.resize(2, 256);
      for (float& value : file.matrix.reshaped()) value = static_cast<float>(normal_real(rng));
      file.matrix.middleCols(64 * data.manifest.class_index(song.label), 64).array() += 3.0F;
      data.embeddings.files.push_back(file.write(folder_ / (song.id + "-embeddings.safetensors")));
    }
  }

  /// 4 songs to train on, 20 to validate.
  void validate_all_but_one_a_class() {
    std::fill(data.split.begin(), data.split.end(), kValidation);
    for (int c = 0; c < kNumClasses; ++c) data.split[song_of(c, 0)] = kTrain;
  }

  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }

  /// Number of a song of class `c`.
  static std::size_t song_of(int c, int i) {
    return static_cast<std::size_t>(c * (kTrainingSongs + kValidationSongs) + i);
  }

  RunConfig config;
  RunData data;

 private:
  std::filesystem::path write_features(const std::string& id, int class_index) {
    const FeatureLayout layout =
        FeatureExtractor(config.recipe.features, config.recipe.audio.sample_rate_hz).layout();
    std::mt19937_64 rng(seed_of(id));
    const auto matrix = [&](int columns, double level, double lift, auto&& is_lifted) {
      std::vector<float> values;
      for (std::int64_t i = 0; i < kFrames * columns; ++i) {
        const bool lifted = is_lifted(static_cast<int>(i % columns));
        values.push_back(static_cast<float>(level + normal_real(rng) + (lifted ? lift : 0.0)));
      }
      return values;
    };
    const int bands = layout.spectrogram_columns();
    const int columns = layout.lld_width();
    const std::vector<float> spectrogram = matrix(
        bands, -40.0, 2.0, [&](int band) { return band * kNumClasses / bands == class_index; });
    const std::vector<float> lld =
        matrix(columns, 3.0, 1.0, [&](int column) { return column % kNumClasses == class_index; });
    const std::vector<float> energy_db(kFrames, -20.0F);
    const std::vector<std::uint8_t> kept(kFrames, 1);
    std::vector<double> time_s;
    for (std::int64_t t = 0; t < kFrames; ++t) time_s.push_back(layout.frame_time_s(t));

    const std::filesystem::path file = folder_ / (id + "-features.safetensors");
    write_tensor_file(
        file,
        {{"spectrogram", view_of(std::span<const float>(spectrogram), {kFrames, bands})},
         {"lld", view_of(std::span<const float>(lld), {kFrames, columns})},
         {"energy_db", view_of(std::span<const float>(energy_db), {kFrames})},
         {"time_s", view_of(std::span<const double>(time_s), {kFrames})},
         {"kept", view_of(std::span<const std::uint8_t>(kept), {kFrames})}},
        {{"recipe", to_json(config.recipe).dump()},
         {"shared_recipe", config.recipe.shared().dump()},
         {"fingerprint", config.recipe.fingerprint()},
         {"duration_s", "1.7"},
         {"warnings", "[]"}});
    return file;
  }

  TemporaryFolder folder_;
};

inline std::string content_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// metrics.csv without the column that tells the time.
inline std::vector<std::vector<std::string>> timeless_metrics(const std::filesystem::path& run) {
  std::vector<std::vector<std::string>> rows;
  for (const CsvRow& row : read_csv(run / "metrics.csv")) {
    rows.push_back(row.cells);
    rows.back().erase(rows.back().begin() + 2);
  }
  return rows;
}

}  // namespace mer::test
