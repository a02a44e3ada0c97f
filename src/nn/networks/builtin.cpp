#include "networks/builtin.hpp"

#include "layers/layers.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

void check_size(const char* what, int size, int smallest) {
  if (size >= smallest) return;
  throw UsageError("the network's input has " + std::string(what) + " " + std::to_string(size) +
                       ", allowed: at least " + std::to_string(smallest),
                   "check the features and segments of the config");
}

void check_lld_branches(const NetworkShape& shape, int most) {
  if (shape.lld_branches >= 1 && shape.lld_branches <= most) return;
  throw UsageError("the network's input has lld_branches " + std::to_string(shape.lld_branches) +
                   ", allowed: 1" + (most == 2 ? " or 2" : ""));
}

void check_shape(const NetworkShape& shape, const InputParts& reads) {
  if (shape.num_values == 0 && shape.num_tags == 0) check_size("num_classes", shape.num_classes, 2);
  if (reads.spectrogram) {
    check_size("spectrogram_bands", shape.spectrogram_bands, 1);
    check_size("spectrogram_steps", shape.spectrogram_steps, 1);
  }
  if (reads.lld != InputParts::Lld::kNone) {
    check_size("lld_columns", shape.lld_columns, 1);
    check_size("lld_steps", shape.lld_steps, 1);
    check_lld_branches(shape, reads.lld == InputParts::Lld::kAll ? 2 : 1);
  }
  if (shape.song_vector_columns > 0 && !reads.song_vector) {
    throw UsageError("the network's input has a song_vector, which this network does not look at",
                     "set inputs.song_vector=[], or model.name=improved_cnn");
  }
  if (!(shape.lld_weight >= 0.0 && shape.lld_weight <= 1.0)) {
    throw UsageError("the network's input has lld_weight " + format_number(shape.lld_weight) +
                     ", allowed: in 0…1");
  }
}

}  // namespace

NetworkTable builtin_networks() {
  NetworkTable table;
  add_improved_cnn(table);
  add_cnn(table);
  add_light_cnn(table);
  add_crnn(table);
  add_lld_bilstm(table);
  add_drnn(table);
  add_musicnn(table);
  add_vgg_tagger(table);
  return table;
}

std::shared_ptr<Network> make_network(const ModelOptions& options, const NetworkShape& shape,
                                      std::uint64_t seed, const NetworkTable& networks) {
  const auto& make = networks.at(options.name, "network 'model.name: " + options.name + "'");
  options.validate();
  check_shape(shape, inputs_of(options));
  std::shared_ptr<Network> network = make(options, shape);
  network->add_heads(shape, embedding_size_of(options));
  draw_weights(*network, seed);
  return network;
}

void Network::add_heads(const NetworkShape& shape, int embedding_size) {
  if (shape.num_values > 0) {
    valence_arousal_ =
        register_module("valence_arousal", torch::nn::Linear(embedding_size, shape.num_values));
  }
  if (shape.num_tags > 0) {
    tags_ = register_module("tag_scores", torch::nn::Linear(embedding_size, shape.num_tags));
  }
}

NetworkOutput Network::answer(const NetworkInput& input) {
  NetworkOutput output = forward(input);
  const torch::Tensor& seen = output.seen.defined() ? output.seen : output.embedding;
  if (valence_arousal_) output.values = torch::tanh(valence_arousal_->forward(seen));
  if (tags_) output.tag_logits = tags_->forward(seen);
  return output;
}

std::int64_t num_parameters(const torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const torch::Tensor& parameter : module.parameters()) count += parameter.numel();
  return count;
}

}  // namespace mer
