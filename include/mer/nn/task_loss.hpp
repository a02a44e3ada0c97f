#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>

#include "mer/config/target_options.hpp"
#include "mer/nn/loss.hpp"

namespace mer {

/// What a batch's rows should be answered with, a tensor a task; undefined = no such task. A row
/// that is NaN is not known and teaches the task nothing.
struct TaskTargets {
  torch::Tensor classes;  ///< [B, classes], rows sum to 1
  torch::Tensor values;   ///< [B, 2], valence and arousal
  torch::Tensor tags;     ///< [B, tags], 0 or 1, between them when mixed

  TaskTargets rows(std::int64_t first, std::int64_t count) const;
};

/// How many rows of a whole batch are known, over all of its parts.
struct KnownRows {
  std::int64_t classes = 0;
  std::int64_t values = 0;
  std::int64_t tags = 0;
};

/// A batch's loss: that of classes, and weight · loss of each other task.
struct TaskLossValue {
  LossValue classes;    ///< its total is undefined when the batch has no class
  torch::Tensor total;  ///< scalar, differentiable
  double values = 0.0;  ///< mean squared error, or 1 − concordance, mean over both axes
  double tags = 0.0;    ///< binary cross-entropy, mean over tags and rows
};

/// The losses of all tasks of a network (`targets.answer`). Means are over the known rows of the
/// whole batch, so that the parts of a batch add up to it (share_batch()).
///
///   valence_arousal  mse:         Σ (y − x)² / (2 · rows)
///                    concordance: 1 − 2 cov(x, y) / (s_x² + s_y² + (mean x − mean y)²), mean over
///                                 both axes; Lin (1989). Of a batch in parts: every part has the
///                                 gradient of the whole batch's value by its own rows
///   tags             Σ −(y ln p + (1 − y) ln(1 − p)) / (tags · rows)
///
/// Its parameters are the class loss's, under that one's names.
class TaskLoss {
 public:
  /// @param classes  null without that task
  TaskLoss(const TargetOptions& options, std::shared_ptr<Loss> classes);

  /// @param known  of the whole batch
  TaskLossValue forward(const NetworkOutput& output, const TaskTargets& targets,
                        const KnownRows& known);
  void start_step(std::int64_t iteration);
  /// Moves class centers after the optimizer's step, by the rows whose class is known.
  void update_centers(const torch::Tensor& embedding, const TaskTargets& targets,
                      const KnownRows& known);
  /// As Loss::share_batch(). @param in_turn  the parts of a batch follow each other
  void share_batch(AllReduce all_reduce, bool in_turn);
  double as_printed(const PrintedTerms& batch) const;
  /// The class loss, or an empty module.
  torch::nn::Module& module() { return *module_; }
  const torch::nn::Module& module() const { return *module_; }

 private:
  torch::Tensor values_loss(const torch::Tensor& predicted, const torch::Tensor& truth,
                            std::int64_t rows) const;
  torch::Tensor concordance_loss(const torch::Tensor& predicted, const torch::Tensor& truth,
                                 std::int64_t rows) const;

  TargetOptions options_;
  std::shared_ptr<Loss> classes_;
  std::shared_ptr<torch::nn::Module> module_;
  AllReduce all_reduce_;
  bool is_shared_ = false;
};

}  // namespace mer
