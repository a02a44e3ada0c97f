#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "mer/core/tensor_file.hpp"

namespace mer {

class Network;

/// A frozen network that turns segments in plain memory into their embeddings. Free of LibTorch.
///
/// The same segment gives the same embedding, whatever else is in the batch. Copies share the
/// network. Safe to call from several threads, as Classifier is.
class Embedder {
 public:
  /// @param network  one that looks at the spectrogram alone: musicnn, vgg_tagger
  /// @param weights  a pre-trained network's, see load_initial_weights()
  /// @param bands    of a segment's spectrogram
  /// @param steps    of a segment
  /// @throws UsageError when the weights or the sizes don't fit the network
  Embedder(const std::string& network, const TensorFile& weights, int bands, int steps,
           const std::string& device);

  /// @param spectrogram  [B, bands, steps]
  /// @param valid        [B, steps], 1 = music, 0 = padding; every row has music
  /// @return             [B × size()] row-major
  std::vector<float> embeddings(const FloatTensor& spectrogram, const FloatTensor& valid) const;

  int size() const { return size_; }
  /// The same of a network that has not been built.
  static int size_of(const std::string& network);

 private:
  std::shared_ptr<Network> network_;
  std::string device_;
  int size_ = 0;
};

}  // namespace mer
