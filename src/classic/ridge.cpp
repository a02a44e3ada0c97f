#include "ridge.hpp"

#include <Eigen/Cholesky>
#include <Eigen/QR>

namespace mer {

Ridge Ridge::fit(const Eigen::Ref<const Eigen::MatrixXd>& inputs,
                 const Eigen::Ref<const Eigen::MatrixXd>& outputs, double alpha) {
  const Eigen::RowVectorXd input_mean = inputs.colwise().mean();
  const Eigen::RowVectorXd output_mean = outputs.colwise().mean();
  const Eigen::MatrixXd x = inputs.rowwise() - input_mean;
  const Eigen::MatrixXd y = outputs.rowwise() - output_mean;
  Ridge ridge;
  if (alpha == 0.0) {
    ridge.weights = x.completeOrthogonalDecomposition().solve(y);
  } else if (x.rows() < x.cols()) {  // the smaller of two systems with the same solution
    Eigen::MatrixXd gram = x * x.transpose();
    gram.diagonal().array() += alpha;
    ridge.weights = x.transpose() * gram.ldlt().solve(y);
  } else {
    Eigen::MatrixXd gram = x.transpose() * x;
    gram.diagonal().array() += alpha;
    ridge.weights = gram.ldlt().solve(x.transpose() * y);
  }
  ridge.intercept = output_mean - input_mean * ridge.weights;
  return ridge;
}

}  // namespace mer
