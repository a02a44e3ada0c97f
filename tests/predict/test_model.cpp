#include "test_model.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <stdexcept>

#include "../support/options_of.hpp"
#include "mer/audio/audio_reader.hpp"
#include "mer/core/json.hpp"
#include "mer/core/version.hpp"
#include "mer/features/feature_extractor.hpp"
#include "mer/nn/model_file.hpp"
#include "mer/nn/network.hpp"
#include "mer/nn/network_runner.hpp"
#include "mer/runs/model_card.hpp"
#include "mer/store/input_builder.hpp"
#include "mer/store/layout_json.hpp"
#include "mer/store/standardization.hpp"

namespace mer::test {
namespace {

// Idle threads of GNU OpenMP spin: a small recurrent network takes many times longer with two.
class OneThread : public testing::Environment {
 public:
  void SetUp() override { set_torch_threads(1); }
};

[[maybe_unused]] const testing::Environment* const kOneThread =
    testing::AddGlobalTestEnvironment(new OneThread);

ModelOptions small_network() {
  return of_kind<ModelOptions>(
      "improved_cnn",
      "{c1_channels: 2, c1_time_kernel: 3, c1_frequency_kernel: 3, c2_channels: 4, "
      "pool_frequency: 4, crnn_lstm_units: 3, lld_lstm_units: 3, lld_lstm_layers: 1, "
      "embedding_size: 6}");
}

/// Everything 0 but the last layer's bias, which then alone makes the logits.
void answer_always(Network& network, const std::vector<double>& probabilities) {
  const torch::NoGradGuard no_grad;
  torch::Tensor last_bias;
  for (const auto& item : network.named_parameters()) {
    item.value().zero_();
    const bool is_bias = item.key().find("bias") != std::string::npos;
    if (is_bias && item.value().sizes() ==
                       torch::IntArrayRef{static_cast<std::int64_t>(probabilities.size())}) {
      last_bias = item.value();
    }
  }
  if (!last_bias.defined()) throw std::runtime_error("no bias as long as the classes");
  for (std::size_t c = 0; c < probabilities.size(); ++c) {
    last_bias[static_cast<std::int64_t>(c)] = std::log(probabilities[c]);
  }
}

Standardization identity(const FeatureLayout& layout) {
  Standardization standardization;
  const auto bands = static_cast<std::size_t>(layout.spectrogram_columns());
  const auto columns = static_cast<std::size_t>(layout.lld_width());
  standardization.spectrogram_mean.assign(bands, -40.0F);
  standardization.spectrogram_deviation.assign(bands, 20.0F);
  standardization.lld_mean.assign(columns, 0.0F);
  standardization.lld_deviation.assign(columns, 10.0F);
  return standardization;
}

}  // namespace

std::filesystem::path write_model(const std::filesystem::path& file, const TestModel& model) {
  const int rate = model.recipe.audio.sample_rate_hz;
  const FeatureLayout layout = FeatureExtractor(model.recipe.features, rate).layout();
  const Standardization standardization = identity(layout);
  const InputBuilder inputs(layout, model.segment.num_frames(rate, layout.hop_samples),
                            InputOptions{}, standardization);
  ModelCard card;
  card.mer_version = kVersion;
  card.run_name = "test";
  card.config = "{}";
  card.recipe = json_text(to_json(model.recipe));
  auto shared = model.recipe.shared();
  if (model.is_of_recipe_version_1) shared.erase("version");  // which had none
  card.recipe_shared = json_text(shared);
  card.recipe_fingerprint = model.recipe.fingerprint();
  card.segment = json_text(to_json(model.segment));
  card.inputs = json_text(to_json(InputOptions{}));
  card.model = small_network();
  card.shape.spectrogram_bands = inputs.shape().spectrogram_bands;
  card.shape.spectrogram_steps = inputs.shape().spectrogram_steps;
  card.shape.lld_columns = inputs.shape().lld_columns;
  card.shape.lld_steps = inputs.shape().lld_steps;
  card.shape.lld_branches = inputs.shape().lld_branches;
  card.shape.num_classes = static_cast<int>(model.classes.size());
  card.layout = json_text(layout_to_json(layout));
  card.classes = model.classes;
  card.training_counts = model.training_counts;
  card.iteration = 1;
  if (model.temperature != 1.0) card.calibration = {model.temperature, 30, 1.0, 0.9, "songs"};

  const std::shared_ptr<Network> network = make_network(card.model, card.shape, model.seed);
  if (!model.always.empty()) answer_always(*network, model.always);
  NamedTensors tensors;
  std::vector<torch::Tensor> keep_alive;
  add_module_to(*network, kNetworkPrefix, tensors, keep_alive);
  if (model.drop_a_tensor) tensors.pop_back();
  standardization.add_to(tensors);
  write_tensor_file(file, tensors, card.to_metadata());
  return file;
}

void write_song(const std::filesystem::path& file, double seconds, double silence_s) {
  constexpr int kRateHz = 44100;
  const auto silent = static_cast<std::size_t>(silence_s * kRateHz);
  std::vector<float> samples(silent + static_cast<std::size_t>(seconds * kRateHz), 0.0F);
  double phase = 0.0;
  for (std::size_t i = silent; i < samples.size(); ++i) {
    const auto note = (i - silent) / (kRateHz / 4);
    const double frequency_hz = 220.0 * std::pow(2.0, static_cast<double>(note * 5 % 13) / 12.0);
    phase += 2.0 * std::numbers::pi * frequency_hz / kRateHz;
    samples[i] = static_cast<float>(0.3 * std::sin(phase) + 0.1 * std::sin(3.0 * phase));
  }
  write_audio(file, samples, kRateHz);
}

}  // namespace mer::test
