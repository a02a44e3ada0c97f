#pragma once

#include <torch/torch.h>

namespace mer {

/// While one lives, its thread takes LibTorch's operations on the CPU too, as on a GPU: tests
/// compare the two ways where there is no GPU.
class LibTorchOnly {
 public:
  LibTorchOnly() { ++depth_; }
  ~LibTorchOnly() { --depth_; }
  LibTorchOnly(const LibTorchOnly&) = delete;
  LibTorchOnly& operator=(const LibTorchOnly&) = delete;

  static bool active() { return depth_ > 0; }

 private:
  inline static thread_local int depth_ = 0;
};

/// Whether this project's own operations run on a tensor: on the CPU. LibTorch's, which are slower
/// there, do the same elsewhere.
inline bool has_own_kernels(const torch::Tensor& x) {
  return x.is_cpu() && !LibTorchOnly::active();
}

}  // namespace mer
