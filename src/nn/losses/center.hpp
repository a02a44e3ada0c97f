#pragma once

#include "losses/softmax.hpp"
#include "mer/config/losses/center.hpp"

namespace mer {

/// Center loss (eq. 10; Wen et al. 2016): softmax, and near the own center. Others differ in
/// center_terms().
class CenterLoss : public SoftmaxLoss {
 public:
  CenterLoss(const CenterLossOptions& options, const LossSizes& sizes);

  LossValue forward(const NetworkOutput& output, const torch::Tensor& targets) override;
  void update_centers(const torch::Tensor& embedding, const torch::Tensor& targets) override;

 protected:
  /// ‖x_i − Q_j‖², [B, classes].
  torch::Tensor squared_distances(const torch::Tensor& embedding) const;
  /// The center term of each row before tau/2, [B].
  virtual torch::Tensor center_terms(const torch::Tensor& embedding,
                                     const torch::Tensor& targets) const;

 private:
  bool updates_as_wen() const {
    return options_.center_update == CenterLossOptions::CenterUpdate::kWen;
  }

  CenterLossOptions options_;
  torch::Tensor centers_;
};

}  // namespace mer
