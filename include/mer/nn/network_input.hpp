#pragma once

#include <torch/torch.h>

#include <vector>

#include "mer/core/tensor_file.hpp"
#include "mer/nn/network.hpp"

namespace mer {

/// A tensor in plain memory on `device`: on the CPU a look into it, which must outlive it and is
/// never written to; on a GPU a copy of its own, see to_device() for tensors.
torch::Tensor to_device(const FloatTensor& plain, torch::Device device);

/// A batch in plain memory as LibTorch tensors on `device`, without keys.
///
/// On the CPU nothing is copied: the tensors look into the FloatTensors, which must outlive them
/// and are never written to.
///
/// @param spectrogram        [B, bands, steps]
/// @param spectrogram_valid  [B, steps], 1 = music, 0 = padding
/// @param lld                one a branch, [B, steps, columns]
/// @param lld_valid          [B, steps]
/// @param song_vector            [B, columns]
NetworkInput to_network_input(const FloatTensor& spectrogram, const FloatTensor& spectrogram_valid,
                              const std::vector<FloatTensor>& lld, const FloatTensor& lld_valid,
                              const FloatTensor& song_vector, torch::Device device);

/// What a network says without training: evaluation mode, no gradients. The mode that the network
/// was in comes back at the end, so a training loop may call this between steps.
NetworkOutput evaluate(Network& network, const NetworkInput& input);

/// softmax of the logits in double precision, [B × classes] row-major; each row sums to 1.
std::vector<double> class_probabilities(const torch::Tensor& logits);

/// The logistic function of each logit in double precision, row-major; empty when undefined.
std::vector<double> tag_probabilities(const torch::Tensor& tag_logits);

/// A tensor's numbers in double precision, row-major; empty when undefined.
std::vector<double> plain_doubles(const torch::Tensor& tensor);

}  // namespace mer
