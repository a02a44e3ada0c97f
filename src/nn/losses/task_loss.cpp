#include "mer/nn/task_loss.hpp"

#include "mer/core/error.hpp"

namespace mer {
namespace {

/// Places of the rows that are known.
torch::Tensor known_rows(const torch::Tensor& targets) {
  return torch::isnan(targets.select(1, 0)).logical_not().nonzero().squeeze(1);
}

/// Those rows; the tensor itself when it is all of them.
torch::Tensor only(const torch::Tensor& tensor, const torch::Tensor& rows) {
  if (!tensor.defined() || rows.size(0) == tensor.size(0)) return tensor;
  return tensor.index_select(0, rows);
}

NetworkOutput only(const NetworkOutput& output, const torch::Tensor& rows) {
  NetworkOutput taken;
  taken.logits = only(output.logits, rows);
  taken.embedding = only(output.embedding, rows);
  for (const AngularScores& head : output.angular) {
    taken.angular.push_back({only(head.logits, rows), only(head.norm, rows)});
  }
  taken.first_head_weight = output.first_head_weight;
  return taken;
}

/// Σ of n, x, y, x², y², xy over rows, [6, 2].
torch::Tensor moments(const torch::Tensor& x, const torch::Tensor& y) {
  return torch::stack({torch::ones_like(x).sum(0), x.sum(0), y.sum(0), x.square().sum(0),
                       y.square().sum(0), (x * y).sum(0)});
}

/// 1 − concordance of moments, mean over the axes. An axis on which neither prediction nor truth
/// varies and both agree has 0 / 0, which counts as concordance 0.
torch::Tensor one_minus_concordance(const torch::Tensor& sums) {
  constexpr double kTiny = 1e-8;
  const torch::Tensor n = sums[0];
  const torch::Tensor mean_x = sums[1] / n;
  const torch::Tensor mean_y = sums[2] / n;
  const torch::Tensor variances = (sums[3] + sums[4]) / n - mean_x.square() - mean_y.square();
  const torch::Tensor covariance = sums[5] / n - mean_x * mean_y;
  const torch::Tensor concordance =
      2.0 * covariance / (variances + (mean_x - mean_y).square() + kTiny);
  return (1.0 - concordance).mean();
}

}  // namespace

TaskTargets TaskTargets::rows(std::int64_t first, std::int64_t count) const {
  const auto narrow = [&](const torch::Tensor& tensor) {
    return tensor.defined() ? tensor.narrow(0, first, count) : tensor;
  };
  return {narrow(classes), narrow(values), narrow(tags)};
}

TaskLoss::TaskLoss(const TargetOptions& options, std::shared_ptr<Loss> classes)
    : options_(options), classes_(std::move(classes)) {
  module_ = classes_ ? std::static_pointer_cast<torch::nn::Module>(classes_)
                     : std::make_shared<torch::nn::Module>();
}

void TaskLoss::start_step(std::int64_t iteration) {
  if (classes_) classes_->start_step(iteration);
}

double TaskLoss::as_printed(const PrintedTerms& batch) const {
  return classes_ ? classes_->as_printed(batch) : 0.0;
}

void TaskLoss::share_batch(AllReduce all_reduce, bool in_turn) {
  if (in_turn && classes_ && !classes_->takes_parts_in_turn()) {
    throw UsageError(
        "'loss.denominator: as_printed' adds up over a whole batch, which "
        "'train.gradient_accumulation_steps' divides",
        "set train.gradient_accumulation_steps=1; train.replicas may be more");
  }
  const bool concordance = options_.has(kValenceArousalTask) &&
                           options_.regression_loss == TargetOptions::RegressionLoss::kConcordance;
  if (in_turn && concordance) {
    throw UsageError(
        "'targets.regression_loss: concordance' is of a whole batch, which "
        "'train.gradient_accumulation_steps' divides",
        "set train.gradient_accumulation_steps=1; train.replicas may be more");
  }
  all_reduce_ = std::move(all_reduce);
  is_shared_ = true;
}

TaskLossValue TaskLoss::forward(const NetworkOutput& output, const TaskTargets& targets,
                                const KnownRows& known) {
  TaskLossValue value;
  value.total = output.embedding.new_zeros({});
  // A head that learns nothing from this batch has gradients of 0 on all workers.
  const auto leave = [&](const torch::Tensor& head) {
    if (head.defined()) value.total = value.total + 0.0 * head.sum();
  };
  if (known.classes == 0) leave(output.logits);
  if (known.values == 0) leave(output.values);
  if (known.tags == 0) leave(output.tag_logits);
  // All parts of a batch decide alike, so that none waits for another's sums.
  if (classes_ && known.classes > 0) {
    if (is_shared_) classes_->share_batch(all_reduce_, known.classes);
    const torch::Tensor rows = known_rows(targets.classes);
    value.classes = classes_->forward(only(output, rows), only(targets.classes, rows));
    value.total = value.total + value.classes.total;
  }
  if (targets.values.defined() && known.values > 0) {
    const torch::Tensor rows = known_rows(targets.values);
    const torch::Tensor loss =
        values_loss(only(output.values, rows), only(targets.values, rows), known.values);
    value.values = loss.item<double>();
    value.total = value.total + options_.valence_arousal_weight * loss;
  }
  if (targets.tags.defined() && known.tags > 0) {
    const torch::Tensor rows = known_rows(targets.tags);
    const torch::Tensor costs = torch::binary_cross_entropy_with_logits(
        only(output.tag_logits, rows), only(targets.tags, rows), {}, {}, at::Reduction::Sum);
    const torch::Tensor loss = costs / static_cast<double>(known.tags * targets.tags.size(1));
    value.tags = loss.item<double>();
    value.total = value.total + options_.tags_weight * loss;
  }
  return value;
}

torch::Tensor TaskLoss::values_loss(const torch::Tensor& predicted, const torch::Tensor& truth,
                                    std::int64_t rows) const {
  if (options_.regression_loss == TargetOptions::RegressionLoss::kConcordance) {
    return concordance_loss(predicted, truth, rows);
  }
  return (predicted - truth).square().sum() / static_cast<double>(rows * truth.size(1));
}

torch::Tensor TaskLoss::concordance_loss(const torch::Tensor& predicted, const torch::Tensor& truth,
                                         std::int64_t rows) const {
  const torch::Tensor own = moments(predicted.to(torch::kDouble), truth.to(torch::kDouble));
  if (!is_shared_) return one_minus_concordance(own);
  torch::Tensor whole = own.detach().clone();
  if (all_reduce_) all_reduce_(whole);
  whole.set_requires_grad(true);
  torch::Tensor of_whole;
  torch::Tensor slope;
  {
    const torch::AutoGradMode with_gradients(true);
    of_whole = one_minus_concordance(whole);
    slope = torch::autograd::grad({of_whole}, {whole}).front();
  }
  const torch::Tensor linear = (slope.detach() * own).sum();
  const double share = static_cast<double>(truth.size(0)) / static_cast<double>(rows);
  return linear + (of_whole.detach() * share - linear).detach();
}

void TaskLoss::update_centers(const torch::Tensor& embedding, const TaskTargets& targets,
                              const KnownRows& known) {
  if (!classes_ || known.classes == 0) return;
  const torch::Tensor rows = known_rows(targets.classes);
  classes_->update_centers(only(embedding, rows), only(targets.classes, rows));
}

}  // namespace mer
