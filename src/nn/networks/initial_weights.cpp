#include "mer/nn/initial_weights.hpp"

#include <algorithm>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/nn/model_file.hpp"

namespace mer {

void load_initial_weights(Network& network, const TensorFile& file) {
  const std::vector<std::string> names = file.names();
  const std::string prefix = std::string(kNetworkPrefix) + ".";
  const bool is_model = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return name.rfind(prefix, 0) == 0;
  });
  if (is_model) {
    load_module_from(network, kNetworkPrefix, file);
  } else {
    load_module_from(network, "", file, {{"classifier", "valence_arousal", "tag_scores"}, "tags"});
  }
}

bool fits_pattern(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    return fits_pattern(text, pattern.substr(1)) ||
           (!text.empty() && fits_pattern(text.substr(1), pattern));
  }
  return !text.empty() && (pattern.front() == '?' || pattern.front() == text.front()) &&
         fits_pattern(text.substr(1), pattern.substr(1));
}

FrozenWeights::FrozenWeights(Network& network, const std::vector<std::string>& patterns)
    : network_(network) {
  std::vector<bool> used(patterns.size(), false);
  std::vector<std::string> names;
  std::size_t num_frozen = 0;
  for (auto& item : network.named_parameters()) {
    names.push_back(item.key());
    bool frozen = false;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      if (!fits_pattern(item.key(), patterns[i])) continue;
      frozen = used[i] = true;
    }
    if (!frozen) continue;
    item.value().set_requires_grad(false);
    num_parameters_ += item.value().numel();
    ++num_frozen;
  }
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (used[i]) continue;
    const auto near = nearest_word(patterns[i], names);
    throw UsageError(
        "'train.freeze' has '" + patterns[i] + "', which fits no weight of the network",
        near ? "did you mean '" + *near + "'?"
             : "for example '" + names.front() + "'; * stands for any characters");
  }
  if (num_frozen == names.size()) {
    throw UsageError("'train.freeze' leaves nothing to train",
                     "leave the class head out: " + names.back());
  }
  for (const auto& module : network.modules(/*include_self=*/false)) {
    const auto own = module->parameters(/*recurse=*/false);
    // A layer with layers below it has no statistics of its own, and those below may be trained.
    const bool whole = !own.empty() && module->children().empty() &&
                       std::none_of(own.begin(), own.end(),
                                    [](const auto& tensor) { return tensor.requires_grad(); });
    if (whole) frozen_layers_.push_back(module);
  }
}

void FrozenWeights::train() const {
  network_.train();
  for (const auto& layer : frozen_layers_) layer->eval();
}

}  // namespace mer
