#pragma once

#include <torch/torch.h>

#include <string>

namespace mer {

/// "cpu", "cuda" or "cuda:1" as a device that this LibTorch can use; "auto" is CUDA where there is
/// some, else the CPU.
/// @throws UsageError for another word, or where LibTorch or the machine has no such device
torch::Device parse_device(const std::string& name);

/// A tensor from the CPU on `device`. On a GPU by way of pinned memory and without waiting: `host`
/// may change or go as soon as this returns, and what is computed on the GPU next sees the copy.
torch::Tensor to_device(const torch::Tensor& host, torch::Device device);

}  // namespace mer
