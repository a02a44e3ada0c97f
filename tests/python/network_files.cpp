// Writes every network of tests/nn as a model file, with a padded batch (`input.*`) and what the
// network says of it (`expected.*`): network_files FOLDER

#include <torch/torch.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "../nn/small_network.hpp"
#include "mer/core/json.hpp"
#include "mer/core/version.hpp"
#include "mer/nn/model_file.hpp"
#include "mer/nn/network_input.hpp"
#include "mer/nn/network_runner.hpp"
#include "mer/runs/model_card.hpp"

namespace mer::test {
namespace {

std::vector<Variant> all_networks() {
  std::vector<Variant> all = variants();
  for (const char* name : {"musicnn", "vgg_tagger"}) {
    Variant tagger{name, of_kind<ModelOptions>(name, "{}"), {}};
    tagger.shape.spectrogram_bands = 96;
    tagger.shape.spectrogram_steps = 187;
    tagger.shape.num_classes = 3;
    all.push_back(tagger);
  }
  Variant musicnn = all[all.size() - 2];
  musicnn.name = "musicnn_of_tags";
  musicnn.shape.num_classes = 0;
  musicnn.shape.num_tags = 4;
  all.push_back(musicnn);
  Variant two_branches{"values_of_two_lld_branches", small_options(), small_shape()};
  two_branches.shape.lld_branches = 2;
  two_branches.shape.num_classes = 0;
  two_branches.shape.num_values = 2;
  all.push_back(two_branches);
  Variant tasks{"all_tasks", small_options("crnn"), small_shape()};
  tasks.shape.num_values = 2;
  tasks.shape.num_tags = 4;
  all.push_back(tasks);
  return all;
}

void write(const Variant& variant, const std::filesystem::path& file) {
  const auto network = make_network(variant.options, variant.shape, 1);
  network->forward(random_input(variant.shape, 4, 3));  // running statistics other than 0 and 1
  NetworkInput batch = random_input(variant.shape, 3, 1);
  pad_row(batch, 1, variant.shape.spectrogram_steps / 2, variant.shape.lld_steps / 2);
  pad_row(batch, 2, 1, 1);
  const NetworkOutput output = evaluate(*network, batch);

  ModelCard card;
  card.mer_version = kVersion;
  card.run_name = variant.name;
  card.config = card.recipe = card.recipe_shared = card.segment = card.inputs = card.layout = "{}";
  card.model = variant.options;
  card.shape = variant.shape;
  for (int i = 0; i < variant.shape.num_classes; ++i) {
    card.classes.push_back("class " + std::to_string(i));
    card.training_counts.push_back(1);
  }
  for (int i = 0; i < variant.shape.num_tags; ++i) {
    card.tags.push_back("tag " + std::to_string(i));
    card.tag_thresholds.push_back(0.5);
  }
  NamedTensors tensors;
  std::vector<torch::Tensor> keep_alive;
  add_module_to(*network, kNetworkPrefix, tensors, keep_alive);
  const auto add = [&](const std::string& name, const torch::Tensor& tensor) {
    if (!tensor.defined() || tensor.numel() == 0) return;
    keep_alive.push_back(tensor.contiguous());
    const torch::Tensor& kept = keep_alive.back();
    tensors.emplace_back(name,
                         view_of(std::span<const float>(kept.data_ptr<float>(),
                                                        static_cast<std::size_t>(kept.numel())),
                                 kept.sizes().vec()));
  };
  add("input.spectrogram", batch.spectrogram);
  add("input.spectrogram_valid", batch.spectrogram_valid);
  add("input.lld", batch.lld.size() == 1 ? batch.lld.front() : torch::stack(batch.lld, 1));
  add("input.lld_valid", batch.lld_valid);
  add("input.song_vector", batch.song_vector);
  add("expected.logits", output.logits);
  add("expected.embedding", output.embedding);
  add("expected.values", output.values);
  add("expected.tag_logits", output.tag_logits);
  write_tensor_file(file, tensors, card.to_metadata());
}

}  // namespace
}  // namespace mer::test

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: network_files FOLDER\n";
    return 2;
  }
  mer::set_torch_threads(1);
  for (const mer::test::Variant& variant : mer::test::all_networks()) {
    mer::test::write(variant, std::filesystem::path(argv[1]) / (variant.name + ".safetensors"));
  }
}
