#include "mer/config/networks/drnn.hpp"

#include "layers/branches.hpp"
#include "layers/checked_input.hpp"
#include "layers/head.hpp"
#include "networks/builtin.hpp"

namespace mer {
namespace {

/// A deep recurrent network on the MFCC alone, after Rajesh & Nalini (2020), "Musical instrument
/// emotion recognition using deep recurrent neural network": MFCC → stacked Bi-LSTM layers → fully
/// connected → softmax.
class Drnn : public Network {
 public:
  Drnn(const DrnnOptions& options, const NetworkShape& shape) : shape_(shape) {
    const LldBranchOptions layers{.lld_input_dropout = options.lld_input_dropout,
                                  .lld_lstm_units = options.drnn_lstm_units,
                                  .lld_lstm_layers = options.drnn_lstm_layers};
    mfcc_ = register_module("mfcc", LldBranch(layers, options.pooling, shape.lld_columns, "mfcc"));
    head_ = register_module("head", Head(options, shape, mfcc_->output_size(), "head"));
  }

  NetworkOutput forward(const NetworkInput& input) override {
    const LldMatrices mfcc = lld_of(input, shape_);
    return head_->forward(mfcc_->forward(mfcc.branches.front(), mfcc.mask, input.keys), input.keys);
  }

 private:
  NetworkShape shape_;
  LldBranch mfcc_{nullptr};
  Head head_{nullptr};
};

}  // namespace

void add_drnn(NetworkTable& table) { add_network<Drnn, DrnnOptions>(table); }

}  // namespace mer
