#include "mer/config/losses/inter_center.hpp"

#include <numeric>

#include "losses/builtin.hpp"
#include "losses/center.hpp"

namespace mer {
namespace {

/// The improved loss (eq. 11–12): near the own center, far from all others.
class InterCenterLoss : public CenterLoss {
 public:
  InterCenterLoss(const InterCenterLossOptions& options, const LossSizes& sizes)
      : CenterLoss(options, sizes),
        is_as_printed_(options.denominator == InterCenterLossOptions::Denominator::kAsPrinted) {}

  bool takes_parts_in_turn() const override { return !is_as_printed_; }

 private:
  torch::Tensor center_sum(const torch::Tensor& distances,
                           const torch::Tensor& targets) const override {
    return is_as_printed_ ? over_other_samples(distances, targets)
                          : over_other_centers(distances, targets);
  }

  /// Σ_i ‖x_i − Q_{y_i}‖² / (Σ_{k ≠ y_i} ‖x_i − Q_k‖² + 1).
  static torch::Tensor over_other_centers(const torch::Tensor& distances,
                                          const torch::Tensor& targets) {
    const torch::Tensor not_own = 1.0 - torch::eye(distances.size(1), distances.options());
    const torch::Tensor others = distances.matmul(not_own);
    return (targets * distances / (others + 1.0)).sum();
  }

  /// Σ_i ‖x_i − Q_{y_i}‖² / (Σ_{j: y_j ≠ y_i} ‖x_j − Q_{y_j}‖² + 1) = Σ_c S_c / (S − S_c + 1),
  /// where S_c adds up the distances of the whole batch's samples of class c (a mixed sample
  /// belongs to each by its share), and S all of them. Of several workers each has the share that
  /// its samples have in the value and in the gradient.
  torch::Tensor over_other_samples(const torch::Tensor& distances,
                                   const torch::Tensor& targets) const {
    const torch::Tensor own = (targets * distances).sum(0);  // [classes], of these rows
    torch::Tensor all = own.detach().clone();
    if (all_reduce_) all_reduce_(all);
    const torch::Tensor others = all.sum() - all + 1.0;
    const torch::Tensor pushes = all / others.square();
    const torch::Tensor slope = 1.0 / others - (pushes.sum() - pushes);
    const torch::Tensor linear = (slope * own).sum();
    return linear + ((own / others).sum() - linear).detach();
  }

  double printed_center(const std::vector<double>& own_distances) const override {
    const double all = CenterLoss::printed_center(own_distances);
    return std::accumulate(own_distances.begin(), own_distances.end(), 0.0,
                           [all](double sum, double own) { return sum + own / (all - own + 1.0); });
  }

  bool is_as_printed_;
};

}  // namespace

void add_inter_center(LossTable& table) {
  add_loss<InterCenterLoss, InterCenterLossOptions>(table);
}

}  // namespace mer
