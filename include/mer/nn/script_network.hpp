#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "mer/core/tensor_file.hpp"

namespace mer {

/// How a network that another program exported wants its input and where its output is.
struct ScriptNetworkShape {
  /// Dimensions of the input in their order: "batch", "bands", "frames" or "samples", and "one" for
  /// a dimension of size 1.
  std::vector<std::string> input;
  /// Empty = the output itself, a number = its place in a tuple or list, else its key in a dict.
  std::string output;
  int embedding_size = 0;
  std::string made_with;  ///< the program and version that exported it, for messages
};

/// A network in TorchScript (torch.jit.save). Free of LibTorch; copies share the network; safe to
/// call from several threads.
class ScriptNetwork {
 public:
  /// @throws UsageError when LibTorch can't load the file, naming its version and the exporter's
  ScriptNetwork(const std::filesystem::path& file, ScriptNetworkShape shape,
                const std::string& device);

  /// @param input  [B, bands, frames], or [B, 1, samples]
  /// @return       [B × embedding_size] row-major
  /// @throws UsageError when the network fails on it, or gives something else
  std::vector<float> embeddings(const FloatTensor& input) const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace mer
