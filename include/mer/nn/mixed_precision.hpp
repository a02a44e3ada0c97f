#pragma once

#include <torch/torch.h>

namespace mer {

/// Whether a device multiplies bfloat16 numbers by instructions of its own: a CPU with AVX512_BF16
/// (those with AMX have it, too), or a GPU, whose LibTorch knows what to do with each.
bool has_bf16(torch::Device device);

/// While one lives that is on, its thread's convolutions and matrix products take bfloat16 copies
/// of their operands and add up in float. The weights themselves stay float, and so does everything
/// else that this project computes on the CPU. Build the graph under one, walk back without.
class MixedPrecision {
 public:
  MixedPrecision(bool on, torch::Device device);
  ~MixedPrecision();
  MixedPrecision(const MixedPrecision&) = delete;
  MixedPrecision& operator=(const MixedPrecision&) = delete;

  /// Whether one lives in this thread that is on.
  static bool active() { return depth_ > 0; }

 private:
  inline static thread_local int depth_ = 0;
  bool on_;
  torch::DeviceType type_;
};

/// What MixedPrecision has computed, as float; float and double as they are.
torch::Tensor at_least_float(const torch::Tensor& x);

}  // namespace mer
