#include "mer/nn/loss.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "mer/core/random.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

// Standard deviation of the centers' first values: small beside an embedding, but different for
// each class, so that no two centers start with the same gradient.
constexpr double kCenterDeviation = 0.1;

void expect_targets(const torch::Tensor& targets, std::int64_t rows, std::int64_t classes) {
  if (targets.dim() == 2 && targets.size(0) == rows && targets.size(1) == classes) return;
  std::ostringstream message;
  message << "the targets have shape " << targets.sizes() << ", they must be [" << rows << ", "
          << classes << "]";
  throw std::invalid_argument(message.str());
}

/// Softmax cross-entropy with label smoothing (eq. 6–8).
class SoftmaxLoss : public Loss {
 public:
  explicit SoftmaxLoss(const LossOptions& options) : options_(options) {}

  LossValue forward(const NetworkOutput& output, const torch::Tensor& targets) override {
    expect_targets(targets, output.logits.size(0), output.logits.size(1));
    const torch::Tensor costs = row_costs(output, targets, options_.label_smoothing);
    LossValue value;
    value.total = reduce(costs);
    value.softmax = value.total.item<double>();
    const torch::NoGradGuard no_grad;
    value.as_printed = options_.label_smoothing == 0.0
                           ? costs.sum().item<double>()
                           : row_costs(output, targets, 0.0).sum().item<double>();
    return value;
  }

 protected:
  /// The cross-entropy of each row against its smoothed targets, [B].
  virtual torch::Tensor row_costs(const NetworkOutput& output, const torch::Tensor& targets,
                                  double smoothing) const {
    const auto classes = static_cast<double>(targets.size(1));
    const torch::Tensor smoothed = targets * (1.0 - smoothing) + smoothing / classes;
    return -(smoothed * torch::log_softmax(output.logits, 1)).sum(1);
  }

  torch::Tensor reduce(const torch::Tensor& per_row) const {
    if (options_.reduction == LossOptions::Reduction::kSum) return per_row.sum();
    return batch_rows_ == 0 ? per_row.mean() : per_row.sum() / static_cast<double>(batch_rows_);
  }

  LossOptions options_;
};

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
  using SoftmaxLoss::SoftmaxLoss;

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
};

/// What the center losses share: softmax plus tau/2 · a term of each row, and how centers move.
class LossWithCenters : public SoftmaxLoss {
 public:
  LossWithCenters(const LossOptions& options, int num_classes, int embedding_size,
                  std::uint64_t seed)
      : SoftmaxLoss(options) {
    const torch::Tensor first = first_centers(num_classes, embedding_size, seed);
    centers_ = options.updates_as_wen() ? register_buffer("centers", first)
                                        : register_parameter("centers", first);
  }

  LossValue forward(const NetworkOutput& output, const torch::Tensor& targets) override {
    LossValue value = SoftmaxLoss::forward(output, targets);
    const torch::Tensor per_row = options_.tau / 2.0 * center_terms(output.embedding, targets);
    const torch::Tensor center = reduce(per_row);
    value.total = value.total + center;
    value.center = center.item<double>();
    value.as_printed += per_row.detach().sum().item<double>();
    return value;
  }

  void update_centers(const torch::Tensor& embedding, const torch::Tensor& targets) override {
    if (!options_.updates_as_wen()) return;
    expect_targets(targets, embedding.size(0), centers_.size(0));
    const torch::NoGradGuard no_grad;
    const torch::Tensor weights = targets.to(centers_.options());  // [B, classes]
    torch::Tensor counts = weights.sum(0).unsqueeze(1);            // [classes, 1]
    torch::Tensor sums = weights.t().matmul(embedding.to(centers_.options()));
    if (all_reduce_) {
      const torch::Tensor both = torch::cat({counts, sums}, 1);  // [classes, 1 + embedding_size]
      all_reduce_(both);
      counts = both.narrow(1, 0, 1);
      sums = both.narrow(1, 1, sums.size(1));
    }
    const torch::Tensor delta = (counts * centers_ - sums) / (1.0 + counts);
    centers_.sub_(options_.alpha * delta);
  }

 protected:
  /// ‖x_i − Q_j‖², [B, classes].
  torch::Tensor squared_distances(const torch::Tensor& embedding) const {
    return (embedding.unsqueeze(1) - centers_.unsqueeze(0)).square().sum(2);
  }

  /// The center term of each row before tau/2, [B].
  virtual torch::Tensor center_terms(const torch::Tensor& embedding,
                                     const torch::Tensor& targets) = 0;

 private:
  static torch::Tensor first_centers(int num_classes, int embedding_size, std::uint64_t seed) {
    std::mt19937_64 rng(mix_seed({seed, seed_of("loss.centers")}));
    torch::Tensor centers = torch::empty({num_classes, embedding_size});
    auto* values = centers.data_ptr<float>();
    for (std::int64_t i = 0; i < centers.numel(); ++i) {
      values[i] = static_cast<float>(kCenterDeviation * normal_real(rng));
    }
    return centers;
  }

  torch::Tensor centers_;
};

/// Center loss (eq. 10; Wen et al. 2016): near the own center.
class CenterLoss : public LossWithCenters {
 public:
  using LossWithCenters::LossWithCenters;

 private:
  torch::Tensor center_terms(const torch::Tensor& embedding,
                             const torch::Tensor& targets) override {
    return (targets * squared_distances(embedding)).sum(1);
  }
};

/// The improved loss (eq. 11–12): near the own center, far from all others.
class InterCenterLoss : public LossWithCenters {
 public:
  using LossWithCenters::LossWithCenters;

 private:
  torch::Tensor center_terms(const torch::Tensor& embedding,
                             const torch::Tensor& targets) override {
    const torch::Tensor own = squared_distances(embedding);
    const torch::Tensor not_own = 1.0 - torch::eye(own.size(1), own.options());
    const torch::Tensor others = own.matmul(not_own);  // Σ_{k≠j} ‖x_i − Q_k‖²
    return (targets * own / (others + 1.0)).sum(1);
  }
};

}  // namespace

void Loss::update_centers(const torch::Tensor& /*embedding*/, const torch::Tensor& /*targets*/) {}

std::shared_ptr<Loss> make_loss(const LossOptions& options, int num_classes, int embedding_size,
                                std::uint64_t seed) {
  if (options.name == "softmax") return std::make_shared<SoftmaxLoss>(options);
  if (options.name == "a_softmax") return std::make_shared<ASoftmaxLoss>(options);
  if (options.name == "center") {
    return std::make_shared<CenterLoss>(options, num_classes, embedding_size, seed);
  }
  if (options.name == "inter_center") {
    return std::make_shared<InterCenterLoss>(options, num_classes, embedding_size, seed);
  }
  const std::vector<std::string> known = {"softmax", "a_softmax", "center", "inter_center"};
  const auto nearest = nearest_word(options.name, known);
  throw UsageError("unknown loss 'loss.name: " + options.name + "', known: " + join(known, ", "),
                   nearest ? "did you mean '" + *nearest + "'?" : "");
}

}  // namespace mer
