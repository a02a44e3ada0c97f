#include "mer/features/sparse_rows.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "kernels.hpp"

namespace mer {

SparseRows::SparseRows(const Eigen::MatrixXd& dense, double threshold)
    : num_rows_(static_cast<int>(dense.rows())), num_bins_(static_cast<int>(dense.cols())) {
  for (int row = 0; row < num_rows_; ++row) {
    int bin = 0;
    while (bin < num_bins_) {
      if (std::abs(dense(row, bin)) <= threshold) {
        ++bin;
        continue;
      }
      Run run{row, bin, 0, static_cast<int>(weights_.size())};
      for (; bin < num_bins_ && std::abs(dense(row, bin)) > threshold; ++bin) {
        weights_.push_back(static_cast<float>(dense(row, bin)));
        ++run.length;
      }
      runs_.push_back(run);
    }
  }
}

void SparseRows::multiply(std::span<const float> in, std::span<float> out) const {
  if (static_cast<int>(in.size()) != num_bins_ || static_cast<int>(out.size()) != num_rows_) {
    throw std::invalid_argument("the filter bank has another number of bins or rows");
  }
  std::fill(out.begin(), out.end(), 0.0F);
  for (const Run& run : runs_) {
    out[static_cast<std::size_t>(run.row)] +=
        kernels::dot(weights_.data() + run.first_weight, in.data() + run.first_bin, run.length);
  }
}

}  // namespace mer
