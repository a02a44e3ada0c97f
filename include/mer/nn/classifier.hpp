#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mer/config/model_options.hpp"
#include "mer/config/network_shape.hpp"
#include "mer/core/tensor_file.hpp"

namespace mer {

class Network;

/// A trained network that turns batches in plain memory into class probabilities. Free of LibTorch.
///
/// The same batch gives the same probabilities, whatever else is in the batch. Copies share the
/// network. Safe to call from several threads; each call runs on LibTorch's number of threads
/// (torch::set_num_threads), so callers with their own threads set that to 1.
class Classifier {
 public:
  /// Builds the network and loads its weights, the tensors `prefix.*` of the file.
  /// @param device  "cpu", "cuda", "cuda:1", "auto"
  /// @throws UsageError as make_network(), load_module_from() and parse_device() do
  Classifier(const ModelOptions& options, const NetworkShape& shape, const TensorFile& weights,
             const std::string& prefix, const std::string& device);

  /// @param spectrogram        [B, bands, steps]
  /// @param spectrogram_valid  [B, steps], 1 = music, 0 = padding; every row has music
  /// @param lld                one a branch, [B, steps, columns]
  /// @param lld_valid          [B, steps]
  /// @param song_vector            [B, columns]; 0 columns where the network looks at none
  /// @return                   [B × classes] row-major; each row sums to 1
  std::vector<double> probabilities(const FloatTensor& spectrogram,
                                    const FloatTensor& spectrogram_valid,
                                    const std::vector<FloatTensor>& lld,
                                    const FloatTensor& lld_valid,
                                    const FloatTensor& song_vector) const;

  int num_classes() const { return num_classes_; }

 private:
  std::shared_ptr<Network> network_;
  std::string device_;
  int num_classes_ = 0;
};

/// Lets LibTorch use that many threads inside one operation; 1 for callers with threads of their
/// own.
void set_torch_threads(int num_threads);

}  // namespace mer
