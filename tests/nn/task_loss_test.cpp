#include "mer/nn/task_loss.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "../support/options_of.hpp"
#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"

namespace mer {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
using Regression = TargetOptions::RegressionLoss;

torch::Tensor doubles(std::initializer_list<double> values, std::int64_t rows) {
  return torch::tensor(std::vector<double>(values), torch::kDouble).view({rows, -1});
}

TargetOptions all_tasks(Regression regression = Regression::kMse) {
  TargetOptions options;
  options.answer = {"classes", "valence_arousal", "tags"};
  options.regression_loss = regression;
  options.valence_arousal_weight = 2.0;
  options.tags_weight = 3.0;
  return options;
}

TaskLoss task_loss(const TargetOptions& options) {
  const auto classes = make_loss(test::of_kind<LossOptions>("softmax", "{}"), 2, 3, 1);
  classes->to(torch::kDouble);
  return {options, classes};
}

/// Four rows; the second has no class, the third no valence and arousal, the last no tags.
struct Batch {
  NetworkOutput output;
  TaskTargets targets;
  static constexpr KnownRows kKnown = {3, 3, 3};

  Batch() {
    output.logits = doubles({0, 0, 1, 5, 0, 0, 0, 0}, 4).requires_grad_();
    output.embedding = torch::zeros({4, 3}, torch::kDouble);
    output.values = doubles({0.5, 0, 0, 0, 1, 1, 0, -0.5}, 4).requires_grad_();
    output.tag_logits = doubles({0, 9, 9}, 3).requires_grad_();
    output.tag_logits = torch::cat({output.tag_logits, doubles({7}, 1)});
    targets.classes = doubles({1, 0, kNaN, kNaN, 0, 1, 0.5, 0.5}, 4);
    targets.values = doubles({0, 0, 0.5, 0.5, kNaN, kNaN, 0, 0.5}, 4);
    targets.tags = doubles({1, 1, 1, kNaN}, 4);
  }
};

TEST(TaskLoss, AddsUpTheTasksOverTheRowsThatAreKnown) {
  Batch batch;
  const TaskLossValue value =
      task_loss(all_tasks()).forward(batch.output, batch.targets, Batch::kKnown);
  EXPECT_NEAR(value.classes.softmax, std::log(2.0), 1e-12);
  EXPECT_NEAR(value.values, (0.25 + 0.25 + 0.25 + 1.0) / 6.0, 1e-12);
  EXPECT_NEAR(value.tags, (std::log(2.0) + 2.0 * std::log1p(std::exp(-9.0))) / 3.0, 1e-12);
  EXPECT_NEAR(value.total.item<double>(),
              value.classes.softmax + 2.0 * value.values + 3.0 * value.tags, 1e-12);
  value.total.backward();
  const torch::Tensor gradient = batch.output.values.grad();
  EXPECT_EQ(gradient[2].abs().sum().item<double>(), 0.0);  // not known, not taught
  EXPECT_NEAR(gradient[0][0].item<double>(), 2.0 * 2.0 * 0.5 / 6.0, 1e-12);
  EXPECT_EQ(batch.output.logits.grad()[1].abs().sum().item<double>(), 0.0);
}

TEST(TaskLoss, IsOneMinusConcordance) {
  // x = 0.5, 0, 0 and y = 0, 0.5, 0: means 1/6, variances 1/18, covariance −1/36: concordance −1/2.
  // x = 0, 0, −0.5 and y = 0, 0.5, 0.5: −1/6 and 1/3, 1/18 each, covariance −1/36·…
  Batch batch;
  const TaskLossValue value = task_loss(all_tasks(Regression::kConcordance))
                                  .forward(batch.output, batch.targets, Batch::kKnown);
  const double second_covariance = (0.0 + 0.0 - 0.25) / 3.0 - (-1.0 / 6.0) * (1.0 / 3.0);
  const double second = 2.0 * second_covariance / (2.0 / 18.0 + 0.25);
  EXPECT_NEAR(value.values, ((1.0 + 0.5) + (1.0 - second)) / 2.0, 1e-6);
}

TEST(TaskLoss, OfPartsAddsUpToThatOfTheWholeBatch) {
  for (const Regression regression : {Regression::kMse, Regression::kConcordance}) {
    Batch whole;
    const TaskLossValue alone =
        task_loss(all_tasks(regression)).forward(whole.output, whole.targets, Batch::kKnown);
    alone.total.backward();

    Batch parts;
    TaskLoss shared = task_loss(all_tasks(regression));
    // Stands for the other worker: moments come out as those of the whole batch.
    const torch::Tensor sums = [&] {
      const torch::Tensor x =
          parts.output.values.detach().index_select(0, torch::tensor({0, 1, 3}));
      const torch::Tensor y = parts.targets.values.index_select(0, torch::tensor({0, 1, 3}));
      return torch::stack({torch::ones_like(x).sum(0), x.sum(0), y.sum(0), x.square().sum(0),
                           y.square().sum(0), (x * y).sum(0)});
    }();
    shared.share_batch([&](torch::Tensor tensor) { tensor.copy_(sums); }, false);
    double total = 0.0;
    for (const std::int64_t first : {0, 2}) {
      NetworkOutput half = parts.output;
      for (torch::Tensor* tensor :
           {&half.logits, &half.embedding, &half.values, &half.tag_logits}) {
        *tensor = tensor->narrow(0, first, 2);
      }
      const TaskLossValue value = shared.forward(half, parts.targets.rows(first, 2), Batch::kKnown);
      value.total.backward({}, /*retain_graph=*/true);
      total += value.total.item<double>();
    }
    EXPECT_NEAR(total, alone.total.item<double>(), 1e-9);
    EXPECT_TRUE(torch::allclose(parts.output.values.grad(), whole.output.values.grad()));
    EXPECT_TRUE(torch::allclose(parts.output.logits.grad(), whole.output.logits.grad()));
  }
}

TEST(TaskLoss, RefusesConcordanceOfPartsThatFollowEachOther) {
  TaskLoss loss = task_loss(all_tasks(Regression::kConcordance));
  EXPECT_THROW(loss.share_batch({}, true), UsageError);
  EXPECT_NO_THROW(task_loss(all_tasks()).share_batch({}, true));
}

TEST(TaskLoss, OfABatchWithoutATargetTeachesThatHeadNothing) {
  Batch batch;
  batch.targets.values.fill_(kNaN);
  const TaskLossValue value =
      task_loss(all_tasks()).forward(batch.output, batch.targets, {3, 0, 3});
  value.total.backward();
  EXPECT_EQ(value.values, 0.0);
  EXPECT_TRUE(torch::equal(batch.output.values.grad(), torch::zeros_like(batch.output.values)));
}

}  // namespace
}  // namespace mer
