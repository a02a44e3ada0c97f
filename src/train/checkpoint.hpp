#pragma once

#include <filesystem>

#include "mer/nn/loss.hpp"
#include "mer/nn/network.hpp"
#include "mer/runs/model_card.hpp"
#include "mer/store/standardization.hpp"
#include "mer/train/optimizer.hpp"

namespace mer {

/// Where a run stands, beside its weights.
struct Progression {
  std::int64_t iteration = 0;  ///< steps done
  double seconds = 0.0;        ///< of training so far
  double best_score = std::numeric_limits<double>::quiet_NaN();
  std::int64_t best_iteration = 0;
  std::int64_t evaluations_without_progress = 0;

  /// Sums over the steps since the last row of metrics.csv.
  struct Sums {
    std::int64_t steps = 0;
    double loss = 0.0, softmax = 0.0, center = 0.0, as_printed = 0.0;
    double values = 0.0, tags = 0.0;
    double right = 0.0, rows = 0.0;  ///< segments whose class was found, and those that have one
    double seconds = 0.0;
  } since_row;
};

/// Writes best.safetensors, last.safetensors: all that prediction needs.
void write_model_file(const std::filesystem::path& file, const Network& network,
                      const torch::nn::Module& loss, const Standardization& standardization,
                      const ModelCard& card);

/// Writes state.safetensors: all that going on needs.
void write_state_file(const std::filesystem::path& file, const Network& network,
                      const torch::nn::Module& loss, const Standardization& standardization,
                      const AdamW& optimizer, const Progression& progression);

/// Reads the weights, centers and moments back in and returns where the run stood.
/// @throws UsageError naming the file when it doesn't fit the network
Progression read_state_file(const TensorFile& file, Network& network, torch::nn::Module& loss,
                            AdamW& optimizer);

}  // namespace mer
