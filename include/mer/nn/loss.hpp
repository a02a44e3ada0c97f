#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "mer/config/loss_options.hpp"
#include "mer/nn/network.hpp"

namespace mer {

/// What the paper's form of a loss (eq. 12, sums over the batch) is made of. The terms of parts of
/// a batch add up to those of the whole.
struct PrintedTerms {
  double softmax = 0.0;  ///< cross-entropy without smoothing, summed
  /// Σ ‖x_i − Q_c‖² over the samples of each class c; empty for a loss without centers.
  std::vector<double> own_distances;

  void add(const PrintedTerms& part);
};

/// A batch's loss.
struct LossValue {
  torch::Tensor total;   ///< scalar, differentiable: cross-entropy + tau / 2 · center term
  double softmax = 0.0;  ///< the cross-entropy term, as reduced
  double center = 0.0;   ///< tau / 2 · center term, as reduced; 0 without one
  PrintedTerms printed;
};

/// A loss of the table; its class centers, if any, are its parameters (`gradient`) or buffers
/// (`wen`) under the name `centers` [classes, embedding_size].
class Loss : public torch::nn::Module {
 public:
  /// @param targets  [B, classes] float, rows sum to 1: one-hot, or mixed by mixup
  virtual LossValue forward(const NetworkOutput& output, const torch::Tensor& targets) = 0;
  /// The loss of a whole batch as the paper prints it: for `inter_center` eq. 12 with eq. 11 as
  /// printed, whatever the denominator that is trained with.
  virtual double as_printed(const PrintedTerms& batch) const { return batch.softmax; }
  /// Whether the parts of a batch can follow each other, so that no part knows the others.
  virtual bool takes_parts_in_turn() const { return true; }
  /// Before the first forward() of an optimizer step, for losses that change as training goes on.
  /// @param iteration  from 1, counted over interruptions
  void start_step(std::int64_t iteration) { iteration_ = iteration; }
  /// Moves `wen` centers after the optimizer's step; nothing for other losses.
  virtual void update_centers(const torch::Tensor& embedding, const torch::Tensor& targets);

  /// From here on forward() gets parts of batches of `batch_rows` rows: means are over all of
  /// those, so that the parts' values and gradients add up to the whole batch's. 0 = no longer.
  /// @param all_reduce  over the workers with parts of the same batch: `wen` centers move by all
  ///                    workers' rows. Empty = alone, the parts follow each other
  void share_batch(AllReduce all_reduce, std::int64_t batch_rows) {
    all_reduce_ = std::move(all_reduce);
    batch_rows_ = batch_rows;
  }

 protected:
  AllReduce all_reduce_;
  std::int64_t batch_rows_ = 0;
  std::int64_t iteration_ = 1;
};

/// What a loss is built for, besides its options.
struct LossSizes {
  int num_classes = 0;
  int embedding_size = 0;
  std::uint64_t seed = 0;  ///< of its first values
};

/// What builds losses, by `loss.name`.
using LossTable =
    NamedTable<std::function<std::shared_ptr<Loss>(const LossOptions&, const LossSizes&)>>;
LossTable builtin_losses();

/// Adds a Body, which is built from its Options (LossOptions' half of the same loss) and sizes.
template <class Body, class Options>
void add_loss(LossTable& table) {
  table.add(Options::kName, [](const LossOptions& options, const LossSizes& sizes) {
    return std::make_shared<Body>(options.as<Options>(), sizes);
  });
}

/// The loss that options.name says. `a_softmax` wants a network with angular class scores.
/// @throws UsageError for a name that the table lacks
std::shared_ptr<Loss> make_loss(const LossOptions& options, int num_classes, int embedding_size,
                                std::uint64_t seed, const LossTable& losses = builtin_losses());

}  // namespace mer
