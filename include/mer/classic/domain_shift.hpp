#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <vector>

#include "mer/classic/table_classifier.hpp"

namespace mer {

/// What sets a library's rows against themselves: z ← (z − offset) / divisor, column by column.
struct Adaptation {
  Eigen::RowVectorXf offset;
  Eigen::RowVectorXf divisor;
  double strength = 0.0;  ///< 0 = nothing changes, 1 = the library's own mean and deviation
};

/// How far the songs of a library lie from those that a classical system learned from, and what is
/// done about it: other instruments, another loudness or codec move all songs alike and would be
/// taken for an emotion.
///
/// A library may also differ because it is of one mood. That moves its mean *within* the plane of
/// the classes' means, another kind of music moves it outside, too. So only what lies outside
/// decides. Of n songs with standardized rows z, their mean m, variance v [D] and P the projection
/// on that plane:
///
///   shift    = |m − P m|² / D  −  mean(v) / (n − 1)      the second is what n songs differ by
///   anyway strength = clamp((shift − limit) / (2 · limit), 0, 1) z'       = (z − strength · m) /
///   √(1 − w + w · v),    w = strength · n / (n + 5)
///
/// `limit` is the largest shift of one class' songs that were left out of five groups-apart folds
/// of the training songs: a library of one mood is left alone. Source: standardizing by the
/// target's own statistics, as in "frustratingly easy" adaptation (Sun et al. 2016, CORAL) with a
/// diagonal covariance; the test and the limit are this project's.
class DomainShift {
 public:
  static constexpr int kFewestSongs = 10;
  static constexpr double kShrinkSongs = 5.0;

  /// @param parts  of each row: 0 = a song as it is answered, above = a part of it (cut_lengths_s);
  ///               a library is compared with songs of one kind
  /// @return none where it can't be known: no classes, fewer than two folds' groups, classes of
  ///         fewer than kFewestSongs songs a fold, or hardly more columns than classes
  static std::optional<DomainShift> fit(const TrainingTable& table, const std::vector<int>& parts,
                                        int num_folds, std::uint64_t seed);
  /// Reads back what add_to() wrote; none in models of earlier versions.
  static std::optional<DomainShift> from(const StoredTensors& tensors, int num_columns);
  void add_to(OwnedTensors& tensors) const;

  double limit() const { return limit_; }
  /// @param rows      [rows, columns], standardized
  /// @param weights   of each row, positive; a song's add up to 1
  /// @throws std::invalid_argument for fewer than kFewestSongs songs or rows of another width
  Adaptation adapt(const RowMatrixXf& rows, const std::vector<double>& weights) const;

 private:
  DomainShift(Eigen::MatrixXd plane, double limit) : plane_(std::move(plane)), limit_(limit) {}

  Eigen::MatrixXd plane_;  ///< [columns, classes − 1 at most], orthonormal
  double limit_;
};

}  // namespace mer
