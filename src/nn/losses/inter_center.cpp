#include "mer/config/losses/inter_center.hpp"

#include "losses/builtin.hpp"
#include "losses/center.hpp"

namespace mer {
namespace {

/// The improved loss (eq. 11–12): near the own center, far from all others.
class InterCenterLoss : public CenterLoss {
 public:
  using CenterLoss::CenterLoss;

 private:
  torch::Tensor center_terms(const torch::Tensor& embedding,
                             const torch::Tensor& targets) const override {
    const torch::Tensor own = squared_distances(embedding);
    const torch::Tensor not_own = 1.0 - torch::eye(own.size(1), own.options());
    const torch::Tensor others = own.matmul(not_own);  // Σ_{k≠j} ‖x_i − Q_k‖²
    return (targets * own / (others + 1.0)).sum(1);
  }
};

}  // namespace

void add_inter_center(LossTable& table) {
  add_loss<InterCenterLoss, InterCenterLossOptions>(table);
}

}  // namespace mer
