#pragma once

#include <torch/torch.h>

#include <algorithm>
#include <initializer_list>

namespace mer {

/// This project's own ways of an operation; the functions of this folder choose between them and
/// LibTorch's way, and nobody else needs to know.
enum class OwnKernel : unsigned {
  kFirstConv = 1,  ///< evaluation: convolutions of one map, with what follows them
  kWinograd = 2,   ///< 3 × 3 convolutions
  kPoolNorm = 4,   ///< evaluation: pooling, norm and ReLU in one pass
  kLstm = 8,       ///< Bi-LSTM
  kMaxima = 16,    ///< evaluation: MusiCNN's first convolutions
  kAll = 31,
};

/// While one lives, its thread does without some kernels on the CPU too, as on a GPU: tests compare
/// the two ways, benchmarks say what a kernel brings.
class LibTorchOnly {
 public:
  explicit LibTorchOnly(OwnKernel without = OwnKernel::kAll) : before_(without_) {
    without_ |= static_cast<unsigned>(without);
  }
  ~LibTorchOnly() { without_ = before_; }
  LibTorchOnly(const LibTorchOnly&) = delete;
  LibTorchOnly& operator=(const LibTorchOnly&) = delete;

  static bool is_without(OwnKernel kernel) {
    return (without_ & static_cast<unsigned>(kernel)) != 0;
  }

 private:
  inline static thread_local unsigned without_ = 0;
  unsigned before_;
};

/// Whether an own kernel may run on a tensor: floats on the CPU.
inline bool has_own_kernel(OwnKernel kernel, const torch::Tensor& x) {
  return x.is_cpu() && x.scalar_type() == torch::kFloat && !LibTorchOnly::is_without(kernel);
}

/// Whether what is made of some tensors will be differentiated.
inline bool needs_gradient(std::initializer_list<torch::Tensor> tensors) {
  return torch::GradMode::is_enabled() &&
         std::any_of(tensors.begin(), tensors.end(),
                     [](const torch::Tensor& x) { return x.requires_grad(); });
}

/// 1, or −1 where x is negative.
inline torch::Tensor sign_of(const torch::Tensor& x) {
  return torch::where(x < 0, -torch::ones_like(x), torch::ones_like(x));
}

}  // namespace mer
