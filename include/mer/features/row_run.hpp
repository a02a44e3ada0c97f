#pragma once

namespace mer {

/// A run of non-zero weights in a row of a sparse matrix: `length` weights from `first_weight` on
/// belong to the inputs from `first_bin` on.
struct RowRun {
  int row;
  int first_bin;
  int length;
  int first_weight;
};

}  // namespace mer
