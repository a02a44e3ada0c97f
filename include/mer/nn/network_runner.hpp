#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mer/config/model_options.hpp"
#include "mer/config/network_shape.hpp"
#include "mer/core/tensor_file.hpp"

namespace mer {

class Network;

/// A network that has learned and now answers: batches in plain memory become class probabilities,
/// segments their embeddings. Free of LibTorch.
///
/// The same segment gets the same answer, whatever else is in the batch. Copies share the network.
/// Safe to call from several threads; each call runs on LibTorch's number of threads
/// (torch::set_num_threads), so callers with their own threads set that to 1.
class NetworkRunner {
 public:
  struct Answer {
    std::vector<double> probabilities;  ///< [B × classes] row-major; each row sums to 1
    std::vector<float> embeddings;      ///< [B × embedding_size()] row-major
    std::vector<double> values;         ///< [B × 2] valence, arousal; empty without that head
    std::vector<double> tags;           ///< [B × tags], a probability each
  };

  /// Builds a trained network and loads its weights, the tensors `prefix.*` of the file.
  /// @param device  "cpu", "cuda", "cuda:1", "auto"
  /// @throws UsageError as make_network(), load_module_from() and parse_device() do
  NetworkRunner(const ModelOptions& options, const NetworkShape& shape, const TensorFile& weights,
                const std::string& prefix, const std::string& device);

  /// A frozen network, for its embeddings.
  /// @param network  one of pretrained_networks()
  /// @param weights  as load_initial_weights() takes them
  /// @param bands    of a segment's spectrogram
  /// @param steps    of a segment
  /// @throws UsageError when the weights or the sizes don't fit the network
  static NetworkRunner pretrained(const std::string& network, const TensorFile& weights, int bands,
                                  int steps, const std::string& device);

  /// @param spectrogram        [B, bands, steps]
  /// @param spectrogram_valid  [B, steps], 1 = music, 0 = padding; every row has music
  /// @param lld                one a branch, [B, steps, columns]
  /// @param lld_valid          [B, steps]
  /// @param song_vector            [B, columns]; 0 columns where the network looks at none
  Answer answer(const FloatTensor& spectrogram, const FloatTensor& spectrogram_valid,
                const std::vector<FloatTensor>& lld, const FloatTensor& lld_valid,
                const FloatTensor& song_vector) const;

  /// Of a network that looks at the spectrogram alone.
  /// @return  [B × embedding_size()] row-major
  std::vector<float> embeddings(const FloatTensor& spectrogram, const FloatTensor& valid) const;

  int embedding_size() const { return embedding_size_; }

 private:
  NetworkRunner(const ModelOptions& options, std::shared_ptr<Network> network,
                const std::string& device);

  std::shared_ptr<Network> network_;
  std::string device_;
  int embedding_size_ = 0;
};

/// Lets LibTorch use that many threads inside one operation; 1 for callers with threads of their
/// own.
void set_torch_threads(int num_threads);

}  // namespace mer
