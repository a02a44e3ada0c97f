#include <functional>
#include <map>
#include <string>
#include <vector>

#include "improved_cnn.hpp"
#include "layers.hpp"
#include "mer/core/text.hpp"
#include "mer/model/network.hpp"

namespace mer {
namespace {

using Factory = std::function<std::shared_ptr<Network>(const ModelOptions&, const NetworkShape&)>;

/// Every network that a config can name.
const std::map<std::string, Factory>& factories() {
  static const std::map<std::string, Factory> kFactories = {
      {"improved_cnn",
       [](const ModelOptions& options, const NetworkShape& shape) {
         return std::make_shared<ImprovedCnn>(options, shape);
       }},
  };
  return kFactories;
}

const Factory& find_factory(const std::string& name) {
  const auto found = factories().find(name);
  if (found != factories().end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [key, factory] : factories()) known.push_back(key);
  const auto nearest = nearest_word(name, known);
  throw UsageError("unknown network 'model.name: " + name + "', known: " + join(known, ", "),
                   nearest ? "did you mean '" + *nearest + "'?" : "");
}

void check_size(const char* what, int size, int smallest) {
  if (size >= smallest) return;
  throw UsageError("the network's input has " + std::string(what) + " " + std::to_string(size) +
                       ", allowed: at least " + std::to_string(smallest),
                   "check the features and segments of the config");
}

void check_shape(const NetworkShape& shape) {
  check_size("spectrogram_bands", shape.spectrogram_bands, 1);
  check_size("spectrogram_steps", shape.spectrogram_steps, 1);
  check_size("lld_columns", shape.lld_columns, 1);
  check_size("lld_steps", shape.lld_steps, 1);
  check_size("num_classes", shape.num_classes, 2);
  if (shape.lld_branches != 1 && shape.lld_branches != 2) {
    throw UsageError("the network's input has lld_branches " + std::to_string(shape.lld_branches) +
                     ", allowed: 1 or 2");
  }
  if (!(shape.lld_weight >= 0.0 && shape.lld_weight <= 1.0)) {
    throw UsageError("the network's input has lld_weight " + format_number(shape.lld_weight) +
                     ", allowed: in 0…1");
  }
}

}  // namespace

std::shared_ptr<Network> make_network(const ModelOptions& options, const NetworkShape& shape,
                                      std::uint64_t seed) {
  const Factory& factory = find_factory(options.name);
  options.validate();
  check_shape(shape);
  std::shared_ptr<Network> network = factory(options, shape);
  draw_weights(*network, seed);
  return network;
}

std::int64_t num_parameters(const torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const torch::Tensor& parameter : module.parameters()) count += parameter.numel();
  return count;
}

}  // namespace mer
