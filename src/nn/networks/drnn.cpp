#include "networks/drnn.hpp"

#include "layers/checked_input.hpp"

namespace mer {

Drnn::Drnn(const ModelOptions& options, const NetworkShape& shape)
    : shape_(shape),
      mfcc_(register_module("mfcc", LldBranch(options, shape.lld_columns, options.drnn_lstm_units,
                                              options.drnn_lstm_layers, "mfcc"))),
      head_(register_module("head", Head(options, shape, mfcc_->output_size(), "head"))) {}

NetworkOutput Drnn::forward(const NetworkInput& input) {
  const LldMatrices mfcc = lld_of(input, shape_);
  return head_->forward(mfcc_->forward(mfcc.branches.front(), mfcc.mask, input.keys), input.keys);
}

}  // namespace mer
