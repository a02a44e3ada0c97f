#include "mer/features/sparse_rows.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "kernels/kernels.hpp"

namespace mer {
namespace {

constexpr int kVector = 8;  // floats that the kernel takes at a time

}  // namespace

SparseRows::SparseRows(const Eigen::MatrixXd& dense, double threshold)
    : num_rows_(static_cast<int>(dense.rows())), num_bins_(static_cast<int>(dense.cols())) {
  for (int row = 0; row < num_rows_; ++row) {
    int bin = 0;
    while (bin < num_bins_) {
      if (std::abs(dense(row, bin)) <= threshold) {
        ++bin;
        continue;
      }
      const int first = bin;
      while (bin < num_bins_ && std::abs(dense(row, bin)) > threshold) ++bin;
      // Runs are made whole vectors long by zeros, after them or, at the end, before them.
      const int length = bin - first;
      const int padded = (length + kVector - 1) / kVector * kVector;
      const int start = std::max(0, std::min(first, num_bins_ - padded));
      const int end = std::min(start + padded, num_bins_);
      runs_.push_back({row, start, end - start, static_cast<int>(weights_.size())});
      for (int i = start; i < end; ++i) {
        weights_.push_back(i >= first && i < bin ? static_cast<float>(dense(row, i)) : 0.0F);
      }
    }
  }
}

void SparseRows::multiply(std::span<const float> in, std::span<float> out) const {
  if (static_cast<int>(in.size()) != num_bins_ || static_cast<int>(out.size()) != num_rows_) {
    throw std::invalid_argument("the filter bank has another number of bins or rows");
  }
  std::fill(out.begin(), out.end(), 0.0F);
  kernels::sparse_rows(runs_.data(), static_cast<int>(runs_.size()), weights_.data(), in.data(),
                       out.data());
}

}  // namespace mer
