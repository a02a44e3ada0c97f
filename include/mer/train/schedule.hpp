#pragma once

#include <cstdint>

#include "mer/config/train_options.hpp"

namespace mer {

/// Learning rate of a step.
///
///   W = round(warmup_fraction · total) steps of warm-up: lr · step / W
///   constant after it: lr
///   cosine after it:   lr · (m + (1 − m) · (1 + cos(π · t)) / 2),  m = min_lr_fraction,
///                      t = (step − 1 − W) / (total − W), so that step W + 1 has lr and the step
///                      after the last one would have m · lr
///
/// @param step   from 1 to total
double learning_rate(const TrainOptions& options, std::int64_t step, std::int64_t total);

}  // namespace mer
