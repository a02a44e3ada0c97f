#pragma once

#include <torch/torch.h>

#include "ops/step_mask.hpp"

namespace mer {

struct BiLstmOutput {
  torch::Tensor steps;  ///< [B, steps, 2 · units]; undefined values at padded steps
  torch::Tensor last;   ///< [B, 2 · units]: the last layer's states at the end of each direction
};

/// Runs a bidirectional, batch-first LSTM over the valid steps of each row. Where there is no own
/// kernel padding must stand at the rows' ends.
BiLstmOutput run_bi_lstm(torch::nn::LSTM& lstm, const torch::Tensor& x, const StepMask& mask);

}  // namespace mer
