#include "losses/center.hpp"

#include <numeric>
#include <random>

#include "losses/builtin.hpp"
#include "mer/core/random.hpp"

namespace mer {
namespace {

// Standard deviation of the centers' first values: small beside an embedding, but different for
// each class, so that no two centers start with the same gradient.
constexpr double kCenterDeviation = 0.1;

torch::Tensor first_centers(const LossSizes& sizes) {
  std::mt19937_64 rng(mix_seed({sizes.seed, seed_of("loss.centers")}));
  torch::Tensor centers = torch::empty({sizes.num_classes, sizes.embedding_size});
  auto* values = centers.data_ptr<float>();
  for (std::int64_t i = 0; i < centers.numel(); ++i) {
    values[i] = static_cast<float>(kCenterDeviation * normal_real(rng));
  }
  return centers;
}

}  // namespace

CenterLoss::CenterLoss(const CenterLossOptions& options, const LossSizes& sizes)
    : SoftmaxLoss(options, sizes), options_(options) {
  const torch::Tensor first = first_centers(sizes);
  centers_ =
      updates_as_wen() ? register_buffer("centers", first) : register_parameter("centers", first);
}

LossValue CenterLoss::forward(const NetworkOutput& output, const torch::Tensor& targets) {
  LossValue value = SoftmaxLoss::forward(output, targets);
  const torch::Tensor distances = squared_distances(output.embedding);
  const torch::Tensor center =
      reduce(options_.tau / 2.0 * center_sum(distances, targets), targets.size(0));
  value.total = value.total + center;
  value.center = center.item<double>();
  const torch::Tensor own = (targets * distances.detach()).sum(0).to(torch::kDouble).contiguous();
  value.printed.own_distances.assign(own.data_ptr<double>(), own.data_ptr<double>() + own.numel());
  return value;
}

double CenterLoss::as_printed(const PrintedTerms& batch) const {
  return batch.softmax + options_.tau / 2.0 * printed_center(batch.own_distances);
}

void CenterLoss::update_centers(const torch::Tensor& embedding, const torch::Tensor& targets) {
  if (!updates_as_wen()) return;
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

torch::Tensor CenterLoss::squared_distances(const torch::Tensor& embedding) const {
  return (embedding.unsqueeze(1) - centers_.unsqueeze(0)).square().sum(2);
}

torch::Tensor CenterLoss::center_sum(const torch::Tensor& distances,
                                     const torch::Tensor& targets) const {
  return (targets * distances).sum();
}

double CenterLoss::printed_center(const std::vector<double>& own_distances) const {
  return std::accumulate(own_distances.begin(), own_distances.end(), 0.0);
}

void add_center(LossTable& table) { add_loss<CenterLoss, CenterLossOptions>(table); }

}  // namespace mer
