#include "mer/config/networks/crnn.hpp"

#include "layers/branches.hpp"
#include "layers/checked_input.hpp"
#include "layers/head.hpp"
#include "networks/builtin.hpp"

namespace mer {
namespace {

/// The paper's network without its LLD branch: spectrogram → CRNN → fully connected → softmax.
class Crnn : public Network {
 public:
  Crnn(const CrnnOptions& options, const NetworkShape& shape) : shape_(shape) {
    crnn_ = register_module("crnn", ConvBranch(options, options.pooling, shape.spectrogram_bands));
    head_ = register_module("head", Head(options, shape, crnn_->output_size(), "head"));
  }

  NetworkOutput forward(const NetworkInput& input) override {
    const auto [spectrograms, mask] = spectrograms_of(input, shape_);
    return head_->forward(crnn_->forward(spectrograms, mask, input.keys), input.keys);
  }

 private:
  NetworkShape shape_;
  ConvBranch crnn_{nullptr};
  Head head_{nullptr};
};

}  // namespace

void add_crnn(NetworkTable& table) { add_network<Crnn, CrnnOptions>(table); }

}  // namespace mer
