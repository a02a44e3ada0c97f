#pragma once

#include "losses/softmax.hpp"
#include "mer/config/losses/center.hpp"

namespace mer {

/// Center loss (eq. 10; Wen et al. 2016): softmax, and near the own center. Others differ in
/// center_sum().
class CenterLoss : public SoftmaxLoss {
 public:
  CenterLoss(const CenterLossOptions& options, const LossSizes& sizes);

  LossValue forward(const NetworkOutput& output, const torch::Tensor& targets) override;
  void update_centers(const torch::Tensor& embedding, const torch::Tensor& targets) override;
  double as_printed(const PrintedTerms& batch) const override;

 protected:
  /// The center term before tau/2, summed over the rows.
  /// @param distances  ‖x_i − Q_j‖², [B, classes]
  virtual torch::Tensor center_sum(const torch::Tensor& distances,
                                   const torch::Tensor& targets) const;
  /// The paper's center term before tau/2 of a whole batch.
  virtual double printed_center(const std::vector<double>& own_distances) const;

 private:
  torch::Tensor squared_distances(const torch::Tensor& embedding) const;
  bool updates_as_wen() const {
    return options_.center_update == CenterLossOptions::CenterUpdate::kWen;
  }

  CenterLossOptions options_;
  torch::Tensor centers_;
};

}  // namespace mer
