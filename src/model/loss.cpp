#include "mer/model/loss.hpp"

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

/// -Σ_c target_c · log p_c, [B].
torch::Tensor cross_entropy(const torch::Tensor& log_probabilities, const torch::Tensor& targets) {
  return -(targets * log_probabilities).sum(1);
}

/// Softmax cross-entropy with label smoothing (eq. 6–8).
class SoftmaxLoss : public Loss {
 public:
  explicit SoftmaxLoss(const LossOptions& options) : options_(options) {}

  LossValue forward(const NetworkOutput& output, const torch::Tensor& targets) override {
    const std::int64_t classes = output.logits.size(1);
    expect_targets(targets, output.logits.size(0), classes);
    const torch::Tensor log_probabilities = torch::log_softmax(output.logits, 1);
    const double smoothing = options_.label_smoothing;
    const torch::Tensor smoothed =
        targets * (1.0 - smoothing) + smoothing / static_cast<double>(classes);
    LossValue value;
    value.total = reduce(cross_entropy(log_probabilities, smoothed));
    value.softmax = value.total.item<double>();
    value.as_printed = cross_entropy(log_probabilities.detach(), targets).sum().item<double>();
    return value;
  }

 protected:
  torch::Tensor reduce(const torch::Tensor& per_row) const {
    if (options_.reduction == LossOptions::Reduction::kSum) return per_row.sum();
    return batch_rows_ == 0 ? per_row.mean() : per_row.sum() / static_cast<double>(batch_rows_);
  }

  LossOptions options_;
};

/// What the center losses share: softmax plus tau/2 · a term of each row, and how centers move.
class CenterLoss : public SoftmaxLoss {
 public:
  CenterLoss(const LossOptions& options, int num_classes, int embedding_size, std::uint64_t seed)
      : SoftmaxLoss(options) {
    const torch::Tensor first = first_centers(num_classes, embedding_size, seed);
    centers_ = options.center_update == LossOptions::CenterUpdate::kGradient
                   ? register_parameter("centers", first)
                   : register_buffer("centers", first);
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
    if (options_.center_update != LossOptions::CenterUpdate::kWen) return;
    expect_targets(targets, embedding.size(0), centers_.size(0));
    const torch::NoGradGuard no_grad;
    const torch::Tensor weights = targets.to(centers_.options());  // [B, classes]
    torch::Tensor counts = weights.sum(0).unsqueeze(1);            // [classes, 1]
    torch::Tensor sums = weights.t().matmul(embedding.to(centers_.options()));
    if (collective_ != nullptr) {
      const torch::Tensor both = torch::cat({counts, sums}, 1);  // [classes, 1 + embedding_size]
      collective_->sum(both);
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

/// The improved loss (eq. 11–12): near the own center, far from all others.
class InterCenterLoss : public CenterLoss {
 public:
  using CenterLoss::CenterLoss;

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
  if (options.name == "inter_center") {
    return std::make_shared<InterCenterLoss>(options, num_classes, embedding_size, seed);
  }
  const std::vector<std::string> known = {"softmax", "inter_center"};
  const auto nearest = nearest_word(options.name, known);
  throw UsageError("unknown loss 'loss.name: " + options.name + "', known: " + join(known, ", "),
                   nearest ? "did you mean '" + *nearest + "'?" : "");
}

}  // namespace mer
