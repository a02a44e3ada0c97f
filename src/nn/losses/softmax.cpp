#include "losses/softmax.hpp"

#include <sstream>
#include <stdexcept>

#include "losses/builtin.hpp"

namespace mer {

void expect_targets(const torch::Tensor& targets, std::int64_t rows, std::int64_t classes) {
  if (targets.dim() == 2 && targets.size(0) == rows && targets.size(1) == classes) return;
  std::ostringstream message;
  message << "the targets have shape " << targets.sizes() << ", they must be [" << rows << ", "
          << classes << "]";
  throw std::invalid_argument(message.str());
}

LossValue SoftmaxLoss::forward(const NetworkOutput& output, const torch::Tensor& targets) {
  expect_targets(targets, output.logits.size(0), output.logits.size(1));
  const torch::Tensor costs = row_costs(output, targets, options_.label_smoothing);
  LossValue value;
  value.total = reduce(costs.sum(), costs.size(0));
  value.softmax = value.total.item<double>();
  const torch::NoGradGuard no_grad;
  value.printed.softmax = options_.label_smoothing == 0.0
                              ? costs.sum().item<double>()
                              : row_costs(output, targets, 0.0).sum().item<double>();
  return value;
}

torch::Tensor SoftmaxLoss::row_costs(const NetworkOutput& output, const torch::Tensor& targets,
                                     double smoothing) const {
  const auto classes = static_cast<double>(targets.size(1));
  const torch::Tensor smoothed = targets * (1.0 - smoothing) + smoothing / classes;
  return -(smoothed * torch::log_softmax(output.logits, 1)).sum(1);
}

torch::Tensor SoftmaxLoss::reduce(const torch::Tensor& sum, std::int64_t rows) const {
  if (options_.reduction == SoftmaxLossOptions::Reduction::kSum) return sum;
  return sum / static_cast<double>(batch_rows_ == 0 ? rows : batch_rows_);
}

void add_softmax(LossTable& table) { add_loss<SoftmaxLoss, SoftmaxLossOptions>(table); }

}  // namespace mer
