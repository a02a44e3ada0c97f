#include "mer/nn/mixed_precision.hpp"

#include <ATen/autocast_mode.h>
#include <torch/version.h>

namespace mer {
namespace {

void set_autocast(torch::DeviceType type, bool enabled) {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
  if (enabled) at::autocast::set_autocast_dtype(type, torch::kBFloat16);
  at::autocast::set_autocast_enabled(type, enabled);
#else
  if (type == torch::kCUDA) {
    if (enabled) at::autocast::set_autocast_gpu_dtype(torch::kBFloat16);
    at::autocast::set_enabled(enabled);
  } else {
    if (enabled) at::autocast::set_autocast_cpu_dtype(torch::kBFloat16);
    at::autocast::set_cpu_enabled(enabled);
  }
#endif
}

bool cpu_has_bf16() {
#if defined(__x86_64__) && defined(__GNUC__)
  return __builtin_cpu_supports("avx512bf16") != 0;
#else
  return false;
#endif
}

}  // namespace

bool has_bf16(torch::Device device) { return !device.is_cpu() || cpu_has_bf16(); }

MixedPrecision::MixedPrecision(bool on, torch::Device device) : on_(on), type_(device.type()) {
  if (!on_) return;
  ++depth_;
  at::autocast::increment_nesting();
  set_autocast(type_, true);
}

MixedPrecision::~MixedPrecision() {
  if (!on_) return;
  --depth_;
  set_autocast(type_, false);
  // The copies of the weights are those of one step.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
}

torch::Tensor at_least_float(const torch::Tensor& x) {
  return x.scalar_type() == torch::kBFloat16 ? x.to(torch::kFloat) : x;
}

}  // namespace mer
