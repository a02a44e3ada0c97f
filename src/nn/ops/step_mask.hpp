#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace mer {

/// Which steps of a batch are music. Padding may stand anywhere; each row has at least one valid
/// step. `all_valid` lets every operation take the short way where nothing is padded.
struct StepMask {
  torch::Tensor valid;     ///< [B, steps], 1 = music, 0 = padding
  bool all_valid = false;  ///< nothing is padded

  /// @throws std::invalid_argument when the shape isn't [B, steps] or a row has no valid step
  static StepMask of(const torch::Tensor& valid, std::int64_t batch, std::int64_t steps);
  /// The mask after pooling over `factor` steps, the last window may be short: a pooled step is
  /// valid when any of its steps is. [B, ceil(steps / factor)]
  StepMask pooled(int factor) const;
  /// valid with shape [B, 1, 1, steps] in the type of such maps, [B, channels, bands, steps].
  torch::Tensor for_maps(const torch::Tensor& maps) const;
};

}  // namespace mer
