#pragma once

#include <torch/torch.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "checkpoint.hpp"
#include "mer/data/network_input.hpp"
#include "mer/metrics/scores.hpp"
#include "mer/train/optimiser.hpp"
#include "mer/train/trainer.hpp"
#include "run_data.hpp"
#include "run_folder.hpp"

namespace mer {

/// One run from its (first or restored) state to its end.
class TrainingRun {
 public:
  /// Builds network, loss and optimiser; touches no file.
  /// @param state  where to go on from; none = from the beginning
  TrainingRun(RunConfig config, PreparedData data, const RunCallbacks& callbacks,
              const std::optional<TensorFile>& state);
  TrainingRun(const TrainingRun&) = delete;
  TrainingRun& operator=(const TrainingRun&) = delete;

  std::int64_t iterations_done() const { return progression_.iteration; }
  /// What run.json says about a run before it starts.
  nlohmann::ordered_json description() const;

  /// Trains to the end; the folder's status says how it went whatever happens.
  RunResult run(RunFolder& folder);

 private:
  using Clock = std::chrono::steady_clock;

  /// Where the time goes, in seconds since the last row.
  struct Timing {
    double data = 0.0, forward = 0.0, backward = 0.0, optimiser = 0.0;
  };

  RunResult train(RunFolder& folder);
  void step(const TrainingBatch& batch, const RunFolder& folder);
  bool evaluation_due() const;
  /// Scores the validation songs, writes a row and the checkpoints.
  void evaluate(RunFolder& folder);
  ModelCard::Validation validate();
  void save_state(const RunFolder& folder) const;
  void save_last(RunFolder& folder, const ModelCard::Validation& validation);
  bool out_of_patience() const;
  RunResult result(RunResult::Status status) const;
  ModelCard card(const RunFolder& folder, const ModelCard::Validation& validation) const;
  [[noreturn]] void diverged(const RunFolder& folder, std::int64_t iteration,
                             const std::string& what, double value) const;
  void log(RunFolder& folder, int level, const std::string& message) const;
  double seconds() const;
  double segments_per_second() const;

  RunConfig config_;
  PreparedData data_;
  const RunCallbacks& callbacks_;
  torch::Device device_;
  Standardisation standardisation_;
  InputBuilder builder_;
  NetworkShape shape_;
  BatchMaker batches_;
  ValidationBatches validation_;
  std::int64_t iterations_;
  std::shared_ptr<Network> network_;
  std::shared_ptr<Loss> loss_;
  std::unique_ptr<AdamW> optimiser_;

  Progression progression_;
  Timing timing_;
  Clock::time_point started_;
  double seconds_before_ = 0.0;  ///< of training before this process
  std::int64_t last_saved_ = 0;  ///< the iteration of last.safetensors
  double lr_ = 0.0;
};

}  // namespace mer
