#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "mer/config/run_config.hpp"
#include "mer/store/input_builder.hpp"
#include "mer/store/standardization.hpp"
#include "mer/train/augmentation.hpp"
#include "mer/train/sampler.hpp"
#include "run_data.hpp"

namespace mer {

/// What an optimizer step will see, and room for it.
struct PlannedBatch {
  struct Row {
    std::size_t song = 0;  ///< of PreparedData::training
    Segment segment;
  };
  /// This process's rows, then others of the whole batch that these are mixed with.
  std::vector<Row> rows;
  std::vector<std::size_t> partners;  ///< of each of this process's: its place in rows
  TrainingBatch batch;                ///< of these rows; targets and keys are there already
};

/// Makes the batches of optimizer steps; what a step sees follows from the seed and its number.
class BatchMaker {
 public:
  /// @param rows  of every batch, which are made; mixed as in the whole batch
  BatchMaker(const RunConfig& config, const PreparedData& data, const InputBuilder& builder,
             const Standardization& standardization, const RowRange& rows);

  const Sampler& sampler() const { return sampler_; }
  const RowRange& rows() const { return rows_; }

  /// Says what is in a batch and asks the disk for it.
  /// @param iteration  from 1; called from one thread at a time
  PlannedBatch plan(std::int64_t iteration);
  /// Fills some rows of what was planned; safe from several threads for different rows.
  /// @param part  of PlannedBatch::rows
  void fill(PlannedBatch& planned, const RowRange& part) const;
  /// What training sees of a batch whose rows are filled.
  TrainingBatch finish(PlannedBatch planned) const;
  /// The same for some of this process's rows.
  TrainingBatch finish_part(const PlannedBatch& planned, const RowRange& part) const;

 private:
  std::uint64_t key_of(const Draw& draw, std::int64_t iteration) const;
  Segment segment_of(const RunSong& song, const Draw& draw, std::uint64_t key) const;
  /// Appends a row.
  void add_targets(const RunSong& song, const std::array<float, 2>& values,
                   TrainingBatch& batch) const;
  KnownTargets known_of(const std::vector<PlannedBatch::Row>& sources,
                        const std::vector<std::array<float, 2>>& values,
                        const std::vector<std::size_t>& partners) const;

  const PreparedData& data_;
  const InputBuilder& builder_;
  TrainOptions options_;
  Recipe recipe_;
  std::uint64_t seed_;
  RowRange rows_;
  Sampler sampler_;
  Augmentation augmentation_;
};

}  // namespace mer
