#include "world.hpp"

namespace mer::test {

const char* const kTinyConfig =
    "data: {manifest: songs/manifest.csv, store: mer-store,\n"
    "       split: {ratios: [0.5, 0.25, 0.25], group_by: none}}\n"
    "audio: {sample_rate_hz: 22050}\n"
    "segment: {length_s: 1}\n"
    "inputs: {spectrogram_pool_bands: 4, spectrogram_pool_frames: 2, lld_pool_frames: 2}\n"
    "model: {c1_channels: 2, c2_channels: 4, crnn_lstm_units: 4, lld_lstm_units: 4,\n"
    "        lld_lstm_layers: 1, embedding_size: 8, pool_frequency: 2, head_dropout: 0.2}\n"
    "train: {iterations: 24, evaluate_every: 8, batch_size: 4, lr: 0.01, random_crops: true,\n"
    "        mixup_alpha: 0.3}\n";

World::World() {
  folder_.write("tiny.yaml", kTinyConfig);
  for (const Words& command : {Words{"synth", "-o", "songs", "--songs", "16", "--seconds", "4"},
                               Words{"train", "-c", "tiny.yaml", "--name", "base"}}) {
    const Outcome outcome = mer(command);
    if (outcome.exit_code == 0) continue;
    trouble_ = "mer " + text_of(command) + ": exit code " + std::to_string(outcome.exit_code) +
               "\n" + outcome.err;
    return;
  }
}

const World& World::get() {
  static const World world;
  return world;
}

}  // namespace mer::test
