#pragma once

#include <torch/torch.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "batch_maker.hpp"
#include "checkpoint.hpp"
#include "gradient_all_reduce.hpp"
#include "mer/distributed/collective.hpp"
#include "mer/metrics/scores.hpp"
#include "mer/nn/initial_weights.hpp"
#include "mer/nn/task_loss.hpp"
#include "mer/store/input_builder.hpp"
#include "mer/train/optimizer.hpp"
#include "mer/train/trainer.hpp"
#include "run_card.hpp"
#include "run_data.hpp"

namespace mer {

/// What the replicas of one process share and don't change.
struct RunInputs {
  /// @param state  of the run that goes on; none = a new one
  /// @param rows   of every batch that this process has
  RunInputs(const RunConfig& run_config, PreparedData run_data,
            const std::optional<TensorFile>& state, const RowRange& rows, torch::Device run_device);
  RunInputs(const RunInputs&) = delete;
  RunInputs& operator=(const RunInputs&) = delete;

  RunConfig config;
  PreparedData data;
  torch::Device device;
  Standardization standardization;
  InputBuilder builder;
  NetworkShape shape;
  BatchMaker batches;
  ValidationBatches validation;
  std::int64_t iterations;  ///< planned
};

/// One worker of a run from its (first or restored) state to its end: all of the run when it is
/// alone, else one of several that stay equal.
class TrainingRun {
 public:
  using NextBatch = std::function<TrainingBatch(std::int64_t iteration)>;

  /// Builds network, loss and optimizer; touches no file.
  /// @param inputs      must outlive the run
  /// @param state       where to go on from; none = from the beginning
  /// @param collective  all workers of the run; null = alone. Must outlive the run
  TrainingRun(RunInputs& inputs, const RunCallbacks& callbacks,
              const std::optional<TensorFile>& state, Collective* collective);
  TrainingRun(const TrainingRun&) = delete;
  TrainingRun& operator=(const TrainingRun&) = delete;

  std::int64_t iterations_done() const { return progression_.iteration; }
  /// What run.json says about a run before it starts.
  void describe(RunStatus& status) const;

  /// Trains to the end, in the calling thread; the folder's status says how it went whatever
  /// happens.
  /// @param next_batch  this worker's rows of an iteration's batch
  /// @param folder      null for all workers but one, which write and say nothing
  RunResult run(const NextBatch& next_batch, RunWriter* folder);

 private:
  using Clock = std::chrono::steady_clock;

  /// Where the time goes, in seconds since the last row.
  struct Timing {
    double data = 0.0, forward = 0.0, backward = 0.0, gradients = 0.0, optimizer = 0.0;
  };
  /// A batch's loss in plain numbers.
  struct StepLoss {
    double total = 0.0, softmax = 0.0, center = 0.0, values = 0.0, tags = 0.0;
    double right = 0.0, rows = 0.0;  ///< as Progression::Sums
    PrintedTerms printed;
    void add(const StepLoss& part);
  };

  RunResult train_and_tell(const NextBatch& next_batch, RunWriter& folder);
  RunResult train(const NextBatch& next_batch, RunWriter* folder);
  void expect_same_run_everywhere() const;
  void step(const TrainingBatch& batch, const RunWriter* folder);
  /// The whole batch's from this worker's share.
  StepLoss whole_loss(StepLoss share) const;
  bool should_stop() const;
  bool evaluation_due() const;
  /// Scores the validation songs; with a folder, writes a row and the checkpoints.
  void evaluate(RunWriter* folder);
  void write_evaluation(RunWriter& folder, const Validated& validated, bool better,
                        double validation_seconds);
  Validated validate();
  void save_state(const RunWriter& folder) const;
  void save_last(RunWriter& folder, const Validated& validated);
  bool out_of_patience() const;
  RunResult result(RunResult::Status status) const;
  ModelCard card(const RunWriter& folder, const Validated& validated) const;
  [[noreturn]] void diverged(const RunWriter* folder, std::int64_t iteration,
                             const std::string& what, double value) const;
  /// Nothing without a folder.
  void log(RunWriter* folder, int level, const std::string& message) const;
  double seconds() const;
  double segments_per_second() const;

  RunInputs& inputs_;
  const RunConfig& config_;   ///< inputs_.config
  const PreparedData& data_;  ///< inputs_.data
  std::int64_t iterations_;   ///< inputs_.iterations
  const RunCallbacks& callbacks_;
  Collective* collective_;
  std::shared_ptr<Network> network_;
  FrozenWeights frozen_;
  TaskLoss loss_;
  std::unique_ptr<AdamW> optimizer_;
  std::unique_ptr<GradientAllReduce> gradients_;  ///< null when alone

  Progression progression_;
  Timing timing_;
  Clock::time_point started_;
  double seconds_before_ = 0.0;  ///< of training before this process
  std::int64_t last_saved_ = 0;  ///< the iteration of last.safetensors
  double lr_ = 0.0;
};

}  // namespace mer
