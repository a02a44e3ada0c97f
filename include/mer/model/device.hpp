#pragma once

#include <torch/torch.h>

#include <string>

namespace mer {

/// "cpu", "cuda" or "cuda:1" as a device that this LibTorch can use; "auto" is CUDA where there is
/// some, else the CPU.
/// @throws UsageError for another word, or where LibTorch or the machine has no such device
torch::Device parse_device(const std::string& name);

}  // namespace mer
