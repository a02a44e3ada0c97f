#include "mer/nn/device.hpp"

#include <optional>

#include "mer/core/error.hpp"

namespace mer {
namespace {

std::optional<torch::Device> read_device(const std::string& name) {
  try {
    const torch::Device device(name);
    if (device.is_cpu() || device.is_cuda()) return device;
  } catch (const c10::Error&) {  // not a device's name
  }
  return std::nullopt;
}

}  // namespace

torch::Device parse_device(const std::string& name) {
  if (name == "auto") return parse_device(torch::cuda::is_available() ? "cuda" : "cpu");
  const auto device = read_device(name);
  if (!device) {
    throw UsageError("unknown device '" + name + "', allowed: cpu, cuda, cuda:<number>, auto",
                     "--set device=cpu");
  }
  if (device->is_cuda()) {
    const auto num_devices = static_cast<int>(torch::cuda::device_count());
    if (!torch::cuda::is_available() || device->index() >= num_devices) {
      throw UsageError("device '" + name + "' is not there: LibTorch finds " +
                           std::to_string(num_devices) + " CUDA devices",
                       "--set device=cpu, or build with a LibTorch that has CUDA");
    }
  }
  return *device;
}

torch::Tensor to_device(const torch::Tensor& host, torch::Device device) {
  if (!device.is_cuda()) return host.to(device);
  // From pinned memory the copy runs beside what comes next; LibTorch keeps the pinned memory until
  // the copy is done.
  return host.pin_memory().to(device, /*non_blocking=*/true);
}

}  // namespace mer
