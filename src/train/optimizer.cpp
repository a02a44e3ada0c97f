#include "mer/train/optimizer.hpp"

#include <cmath>

#include "mer/nn/model_file.hpp"
#include "mer/runs/model_card.hpp"

namespace mer {
namespace {

std::string moment_name(const AdamW::Entry& entry, const char* which) {
  return "optimizer." + entry.name + "." + which;
}

}  // namespace

AdamW::AdamW(const TrainOptions& options, const torch::nn::Module& network,
             const torch::nn::Module& loss)
    : options_(options) {
  const auto add = [this](const torch::nn::Module& module, const std::string& prefix, bool decays) {
    for (const auto& item : module.named_parameters()) {
      const torch::Tensor& parameter = item.value();
      entries_.push_back({prefix + "." + item.key(), parameter, decays && parameter.dim() >= 2,
                          torch::zeros_like(parameter, torch::MemoryFormat::Contiguous),
                          torch::zeros_like(parameter, torch::MemoryFormat::Contiguous)});
    }
  };
  add(network, kNetworkPrefix, true);
  add(loss, kLossPrefix, false);
}

void AdamW::clear_gradients() {
  for (Entry& entry : entries_) entry.parameter.mutable_grad().reset();
}

double AdamW::clip_gradients(double max_norm) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> norms;
  for (const Entry& entry : entries_) {
    if (entry.parameter.grad().defined()) norms.push_back(entry.parameter.grad().norm());
  }
  if (norms.empty()) return 0.0;
  const double norm = torch::stack(norms).norm().item<double>();
  if (max_norm > 0.0 && norm > max_norm && std::isfinite(norm)) {
    for (Entry& entry : entries_) {
      if (entry.parameter.grad().defined()) entry.parameter.mutable_grad().mul_(max_norm / norm);
    }
  }
  return norm;
}

void AdamW::step(double lr) {
  const torch::NoGradGuard no_grad;
  ++num_steps_;
  const auto t = static_cast<double>(num_steps_);
  const double first_correction = 1.0 - std::pow(options_.beta1, t);
  const double second_correction = 1.0 - std::pow(options_.beta2, t);
  for (Entry& entry : entries_) {
    const torch::Tensor& gradient = entry.parameter.grad();
    if (!gradient.defined()) continue;
    if (entry.decays && options_.weight_decay > 0.0) {
      entry.parameter.mul_(1.0 - lr * options_.weight_decay);
    }
    entry.first_moment.mul_(options_.beta1).add_(gradient, 1.0 - options_.beta1);
    entry.second_moment.mul_(options_.beta2).addcmul_(gradient, gradient, 1.0 - options_.beta2);
    const torch::Tensor denominator =
        (entry.second_moment / second_correction).sqrt_().add_(options_.epsilon);
    entry.parameter.addcdiv_(entry.first_moment, denominator, -lr / first_correction);
  }
}

void AdamW::add_to(NamedTensors& tensors, std::vector<torch::Tensor>& keep_alive) const {
  for (const Entry& entry : entries_) {
    for (const auto& [which, moment] :
         {std::pair{"first", entry.first_moment}, std::pair{"second", entry.second_moment}}) {
      keep_alive.push_back(moment.to(torch::kCPU).contiguous());
      const torch::Tensor& kept = keep_alive.back();
      const std::span<const float> values(kept.data_ptr<float>(),
                                          static_cast<std::size_t>(kept.numel()));
      tensors.emplace_back(moment_name(entry, which), view_of(values, kept.sizes().vec()));
    }
  }
}

void AdamW::load(const TensorFile& file, std::int64_t num_steps) {
  const torch::NoGradGuard no_grad;
  for (Entry& entry : entries_) {
    const std::vector<std::int64_t> shape = entry.parameter.sizes().vec();
    entry.first_moment.copy_(to_torch(file.at(moment_name(entry, "first"), shape)));
    entry.second_moment.copy_(to_torch(file.at(moment_name(entry, "second"), shape)));
  }
  num_steps_ = num_steps;
}

}  // namespace mer
