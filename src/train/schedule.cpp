#include "mer/train/schedule.hpp"

#include <cmath>
#include <numbers>

namespace mer {

double learning_rate(const TrainOptions& options, std::int64_t step, std::int64_t total) {
  const std::int64_t warmup = std::llround(options.warmup_fraction * static_cast<double>(total));
  if (step <= warmup) {
    return options.lr * static_cast<double>(step) / static_cast<double>(warmup);
  }
  if (options.schedule == TrainOptions::Schedule::kConstant) return options.lr;
  const double t = static_cast<double>(step - 1 - warmup) / static_cast<double>(total - warmup);
  const double cosine = 0.5 * (1.0 + std::cos(std::numbers::pi * t));
  return options.lr * (options.min_lr_fraction + (1.0 - options.min_lr_fraction) * cosine);
}

}  // namespace mer
