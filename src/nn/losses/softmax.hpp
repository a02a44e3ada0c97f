#pragma once

#include "mer/config/losses/softmax.hpp"
#include "mer/nn/loss.hpp"

namespace mer {

/// @throws std::invalid_argument unless targets are [rows, classes]
void expect_targets(const torch::Tensor& targets, std::int64_t rows, std::int64_t classes);

/// Softmax cross-entropy with label smoothing (eq. 6–8), which is a part of every loss.
class SoftmaxLoss : public Loss {
 public:
  SoftmaxLoss(const SoftmaxLossOptions& options, const LossSizes& /*sizes*/) : options_(options) {}

  LossValue forward(const NetworkOutput& output, const torch::Tensor& targets) override;

 protected:
  /// The cross-entropy of each row against its smoothed targets, [B].
  virtual torch::Tensor row_costs(const NetworkOutput& output, const torch::Tensor& targets,
                                  double smoothing) const;
  /// The mean or the sum over the batch.
  /// @param sum   over the rows that forward() got
  torch::Tensor reduce(const torch::Tensor& sum, std::int64_t rows) const;

 private:
  SoftmaxLossOptions options_;
};

}  // namespace mer
