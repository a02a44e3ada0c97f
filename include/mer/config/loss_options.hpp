#pragma once

#include <string>

#include "mer/config/network_shape.hpp"
#include "mer/core/error.hpp"
#include "mer/core/options.hpp"
#include "mer/core/text.hpp"

namespace mer {

/// Which loss, and its constants. Free of LibTorch.
struct LossOptions {
  std::string name = "inter_center";
  double tau = 0.1;  ///< weight of the center term
  /// How centers move: `wen` = towards the class means of each batch by alpha (Wen et al. 2016,
  /// eq. 4), outside the gradient; `gradient` = parameters of the optimizer; `auto` = wen for
  /// center, which is Wen's loss, and gradient for inter_center, which pushes them apart.
  enum class CenterUpdate { kAuto, kWen, kGradient } center_update = CenterUpdate::kAuto;
  double alpha = 0.5;
  enum class Reduction { kMean, kSum } reduction = Reduction::kMean;
  double label_smoothing = 0.0;  ///< on the softmax term only

  // a_softmax: margin, and how the plain class score fades out behind it:
  // lambda = max(lambda_end, lambda_start · (1 + lambda_gamma · iteration)^-lambda_power)
  int margin = 4;
  double lambda_start = 1000.0;
  double lambda_gamma = 0.12;
  double lambda_power = 1.0;
  double lambda_end = 5.0;

  bool updates_as_wen() const;
  NetworkShape::ClassScores class_scores() const;

  void visit(OptionsVisitor& v);
  void validate() const;
};

}  // namespace mer
