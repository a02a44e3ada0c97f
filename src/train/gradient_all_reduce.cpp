#include "gradient_all_reduce.hpp"

#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <functional>
#include <utility>

namespace mer {
namespace {

// Small enough for a network of a few hundred thousand weights to have several, large enough for a
// message's latency not to matter.
constexpr std::int64_t kBucketBytes = 512 * 1024;

class AfterAccumulation : public torch::autograd::FunctionPostHook {
 public:
  explicit AfterAccumulation(std::function<void()> then) : then_(std::move(then)) {}
  torch::autograd::variable_list operator()(
      const torch::autograd::variable_list& outputs,
      const torch::autograd::variable_list& /*inputs*/) override {
    then_();
    return outputs;
  }

 private:
  std::function<void()> then_;
};

}  // namespace

/// Calls back whenever the backward pass has put a parameter's gradient in its place.
class GradientAllReduce::Hooks {
 public:
  void add(const torch::Tensor& parameter, std::function<void()> then) {
    auto node = torch::autograd::impl::grad_accumulator(parameter);
    const auto key = node->add_post_hook(std::make_unique<AfterAccumulation>(std::move(then)));
    nodes_.emplace_back(std::move(node), key);
  }
  ~Hooks() {
    for (const auto& [node, key] : nodes_) node->del_post_hook(key);
  }

 private:
  // A parameter refers weakly to its node. Which pointer holds it depends on LibTorch's version.
  using Accumulator = decltype(torch::autograd::impl::grad_accumulator(torch::Tensor()));
  std::vector<std::pair<Accumulator, std::uintptr_t>> nodes_;
};

GradientAllReduce::GradientAllReduce(const std::vector<torch::Tensor>& parameters,
                                     Collective& collective)
    : collective_(collective) {
  std::int64_t bytes = kBucketBytes;
  for (auto parameter = parameters.rbegin(); parameter != parameters.rend(); ++parameter) {
    if (bytes >= kBucketBytes) {
      buckets_.emplace_back();
      bytes = 0;
    }
    buckets_.back().parameters.push_back(*parameter);
    bytes += static_cast<std::int64_t>(parameter->nbytes());
  }
  for (Bucket& bucket : buckets_) {
    std::int64_t size = 0;
    for (const torch::Tensor& parameter : bucket.parameters) size += parameter.numel();
    bucket.flat = torch::empty({size}, bucket.parameters.front().options().requires_grad(false));
  }
  if (!collective.overlaps()) return;
  hooks_ = std::make_unique<Hooks>();
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    for (const torch::Tensor& parameter : buckets_[i].parameters) {
      hooks_->add(parameter, [this, i] { filled(i); });
    }
  }
}

GradientAllReduce::~GradientAllReduce() = default;

void GradientAllReduce::filled(std::size_t bucket) {
  if (!is_last_pass_) return;
  ++buckets_[bucket].num_filled;
  while (num_sent_ < buckets_.size() &&
         buckets_[num_sent_].num_filled == buckets_[num_sent_].parameters.size()) {
    send(buckets_[num_sent_++]);
  }
}

void GradientAllReduce::send(Bucket& bucket) {
  const torch::NoGradGuard no_grad;
  std::int64_t place = 0;
  for (const torch::Tensor& parameter : bucket.parameters) {
    torch::Tensor part = bucket.flat.narrow(0, place, parameter.numel());
    if (parameter.grad().defined()) {
      part.copy_(parameter.grad().reshape(-1));
    } else {
      part.zero_();
    }
    place += parameter.numel();
  }
  bucket.pending = collective_.all_reduce_async(bucket.flat);
}

void GradientAllReduce::finish() {
  const torch::NoGradGuard no_grad;
  while (num_sent_ < buckets_.size()) send(buckets_[num_sent_++]);
  for (Bucket& bucket : buckets_) {
    bucket.pending->wait();
    bucket.pending.reset();
    bucket.num_filled = 0;
    std::int64_t place = 0;
    for (torch::Tensor& parameter : bucket.parameters) {
      const torch::Tensor part = bucket.flat.narrow(0, place, parameter.numel()).view_as(parameter);
      if (parameter.grad().defined()) {
        parameter.mutable_grad().copy_(part);
      } else {
        parameter.mutable_grad() = part.clone();
      }
      place += parameter.numel();
    }
  }
  num_sent_ = 0;
}

}  // namespace mer
