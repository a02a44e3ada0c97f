#include "mer/config/networks/lld_bilstm.hpp"

#include "layers/branches.hpp"
#include "layers/checked_input.hpp"
#include "layers/head.hpp"
#include "networks/builtin.hpp"

namespace mer {
namespace {

/// The paper's network without its CRNN branch: descriptors → Bi-LSTM → fully connected → softmax.
/// Two branches of descriptors are weighted as there.
class LldBiLstm : public Network {
 public:
  LldBiLstm(const LldBiLstmOptions& options, const NetworkShape& shape) : shape_(shape) {
    for (const std::string& number : lld_branch_numbers(shape)) {
      const std::string name = "lld" + number;
      lld_.push_back(
          register_module(name, LldBranch(options, options.pooling, shape.lld_columns, name)));
      heads_.push_back(register_module(
          "head" + number, Head(options, shape, lld_.back()->output_size(), "head" + number)));
    }
  }

  NetworkOutput forward(const NetworkInput& input) override {
    const LldMatrices lld = lld_of(input, shape_);
    std::vector<NetworkOutput> outputs;
    for (std::size_t i = 0; i < lld_.size(); ++i) {
      const torch::Tensor vector = lld_[i]->forward(lld.branches[i], lld.mask, input.keys);
      outputs.push_back(heads_[i]->forward(vector, input.keys));
    }
    return weighted(outputs, shape_.lld_weight);
  }

 private:
  NetworkShape shape_;
  std::vector<LldBranch> lld_;
  std::vector<Head> heads_;
};

}  // namespace

void add_lld_bilstm(NetworkTable& table) { add_network<LldBiLstm, LldBiLstmOptions>(table); }

}  // namespace mer
