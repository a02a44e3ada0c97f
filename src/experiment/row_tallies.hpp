#pragma once

#include <Eigen/Core>
#include <functional>
#include <map>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "mer/experiment/cell_results.hpp"
#include "mer/experiment/claim.hpp"

namespace mer {

enum class Level { kSongs, kSegments };

inline const std::vector<ScoredItem>& items_of(const ScoredPart& part, Level level) {
  return level == Level::kSongs ? part.songs : part.segments;
}

/// Confusion counts as numbers, [classes, classes], rows = truth; weighted ones need not be whole.
using Counts = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// What is added up of some songs or segments.
struct Tally {
  Counts counts;
  double placed = 0.0;  ///< songs whose embedding has a place; the next are sums over them
  double own_center = 0.0, other_centers = 0.0, silhouette = 0.0;
};

/// A number that follows from the tallies of the scored and of the training songs; NaN when there
/// is nothing to count.
using Measure = std::function<double(const Tally& scored, const Tally& training)>;

double accuracy_of(const Counts& counts);
double macro_f1_of(const Counts& counts);
/// Means over the songs whose embedding has a place; see EmbeddingScores.
double silhouette_of(const Tally& tally);
double center_ratio_of(const Tally& tally);
Counts counts_of(const std::vector<ScoredItem>& items, std::size_t num_classes);

Tally tally_of(const std::vector<ScoredItem>& items, std::size_t num_classes);

/// @throws UsageError for a class that is not among the classes
Measure measure_of(const ClaimTerm& term, const std::vector<std::string>& classes,
                   const std::string& place);

/// The groups of some cells' songs, numbered.
class GroupNumbers {
 public:
  void add(const CellResults& cell, bool with_training);
  std::size_t size() const { return numbers_.size(); }
  std::size_t of(const std::string& group) const { return numbers_.at(group); }

 private:
  void add(const ScoredPart& part);
  std::map<std::string, std::size_t> numbers_;
};

/// A cell's tallies group by group: what a resample weighs.
class CellTally {
 public:
  CellTally(const CellResults& cell, Level level, const GroupNumbers& groups, bool with_training);

  /// The measure when each group counts so many times.
  double value(const Measure& measure, std::span<const double> times) const;
  /// The measure of the cell as it is.
  double value(const Measure& measure) const;

 private:
  Tally weighted(const Eigen::MatrixXd& by_group, const Eigen::VectorXd& times) const;

  Eigen::Index num_classes_;
  Eigen::MatrixXd scored_;    ///< [classes² + 4, groups]: Tally's numbers in their order
  Eigen::MatrixXd training_;  ///< the same, or empty
};

/// Means over cells of several splits, for resampling: songs are drawn by their groups, splits as a
/// whole, since another split is another experiment.
class SplitDraws {
 public:
  /// @param splits  of each cell; cells of one split (other seeds) come and go together
  explicit SplitDraws(const std::vector<std::int64_t>& splits);

  /// Mean over the cells of as many splits as there are, drawn with replacement; of a single split
  /// the mean over its cells.
  double mean_of_draw(std::span<const double> values);

 private:
  std::vector<std::vector<std::size_t>> cells_;  ///< of each split
  std::mt19937_64 rng_;
};

/// Mean of the values that are numbers; NaN without any.
double mean_of(std::span<const double> values);
/// With n − 1; NaN for fewer than two values.
double deviation_of(std::span<const double> values);

}  // namespace mer
