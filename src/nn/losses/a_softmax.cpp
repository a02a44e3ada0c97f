#include "mer/config/losses/a_softmax.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "losses/builtin.hpp"
#include "losses/softmax.hpp"

namespace mer {
namespace {

/// ψ(θ) = (−1)^k cos(mθ) − 2k for θ in [kπ/m, (k + 1)π/m]: cos(mθ), going on to fall where it would
/// rise again.
/// @param cosine  cos θ
torch::Tensor psi(const torch::Tensor& cosine, int margin) {
  torch::Tensor before = torch::ones_like(cosine);  // cos((i − 1)θ)
  torch::Tensor multiple = cosine;                  // cos(iθ)
  torch::Tensor k = torch::zeros_like(cosine);
  for (int i = 1; i < margin; ++i) {
    const torch::Tensor next = 2.0 * cosine * multiple - before;
    before = multiple;
    multiple = next;
    k = k + (cosine.detach() <= std::cos(i * std::numbers::pi / margin)).to(cosine.scalar_type());
  }
  const torch::Tensor sign = 1.0 - 2.0 * torch::remainder(k, 2.0);
  return sign * multiple - 2.0 * k;
}

/// Angular softmax (eq. 9; SphereFace, Liu et al. 2017): class scores ‖x‖ · cos θ_j with ‖W_j‖ = 1,
/// b = 0, and for the true class ‖x‖ · (lambda · cos θ + ψ(θ)) / (1 + lambda), so that its angle
/// must be smaller by the margin. lambda falls with the iterations. The margin is for training
/// alone: the network answers with ‖x‖ · cos θ_j.
///
/// A mixed target is the weighted sum of the losses with each class as the true one; smoothing acts
/// within each of them.
class ASoftmaxLoss : public SoftmaxLoss {
 public:
  ASoftmaxLoss(const ASoftmaxLossOptions& options, const LossSizes& sizes)
      : SoftmaxLoss(options, sizes), options_(options) {}

 private:
  double lambda() const {
    const double falling = options_.lambda_start *
                           std::pow(1.0 + options_.lambda_gamma * static_cast<double>(iteration_),
                                    -options_.lambda_power);
    return std::max(options_.lambda_end, falling);
  }

  /// [B, classes (the true one), classes]: the scores if that class were the true one.
  torch::Tensor scores_with_margin(const AngularScores& head) const {
    const torch::Tensor cosine = head.logits / head.norm.clamp_min(kSmallestNorm);
    const double weight = lambda();
    const torch::Tensor own =
        (weight * head.logits + head.norm * psi(cosine, options_.margin)) / (1.0 + weight);
    return head.logits.unsqueeze(1) + torch::diag_embed(own - head.logits);
  }

  torch::Tensor row_costs(const NetworkOutput& output, const torch::Tensor& targets,
                          double smoothing) const override {
    if (output.angular.empty()) {
      throw std::invalid_argument("a_softmax wants a network with angular class scores");
    }
    std::vector<torch::Tensor> heads;
    for (const AngularScores& head : output.angular) heads.push_back(scores_with_margin(head));
    const torch::Tensor log_probabilities =
        torch::log_softmax(join_logits(heads, output.first_head_weight), 2);
    const torch::Tensor own = log_probabilities.diagonal(0, 1, 2);  // [B, classes]
    const torch::Tensor costs = -((1.0 - smoothing) * own + smoothing * log_probabilities.mean(2));
    return (targets * costs).sum(1);
  }

  static constexpr double kSmallestNorm = 1e-12;

  ASoftmaxLossOptions options_;
};

}  // namespace

void add_a_softmax(LossTable& table) { add_loss<ASoftmaxLoss, ASoftmaxLossOptions>(table); }

}  // namespace mer
