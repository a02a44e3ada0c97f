#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "mer/config/train_options.hpp"
#include "mer/core/tensor_file.hpp"

namespace mer {

/// AdamW (Loshchilov & Hutter 2019) over a network's and a loss's parameters:
///
///   m ← β1·m + (1 − β1)·g        v ← β2·v + (1 − β2)·g²
///   p ← (1 − lr·decay)·p − lr · m/(1 − β1^t) / (sqrt(v/(1 − β2^t)) + ε)
///
/// The decay acts on the network's matrices and kernels (two dimensions or more) only: neither on
/// biases and normalization nor on the loss's centers. Moments can be saved and restored exactly,
/// under names that don't depend on the version of LibTorch.
class AdamW {
 public:
  struct Entry {
    std::string name;  ///< "network.lld.…", "loss.centers"
    torch::Tensor parameter;
    bool decays = false;
    torch::Tensor first_moment, second_moment;
  };

  AdamW(const TrainOptions& options, const torch::nn::Module& network,
        const torch::nn::Module& loss);

  const std::vector<Entry>& entries() const { return entries_; }

  void clear_gradients();
  /// Norm of all gradients together; they are scaled down to `max_norm` when it is larger (0 =
  /// never).
  double clip_gradients(double max_norm);
  /// Parameters without a gradient stay as they are.
  void step(double lr);

  /// Tensors `optimizer.<name>.first` and `.second`.
  void add_to(NamedTensors& tensors, std::vector<torch::Tensor>& keep_alive) const;
  std::int64_t num_steps() const { return num_steps_; }
  /// @throws UsageError when the file lacks a moment or has it in another shape
  void load(const TensorFile& file, std::int64_t num_steps);

 private:
  TrainOptions options_;
  std::vector<Entry> entries_;
  std::int64_t num_steps_ = 0;
};

}  // namespace mer
