#pragma once

#include <Eigen/Core>

namespace mer {

/// Linear regression with a penalty on the squared weights, not on the intercept:
///
///   minimize |Y − X B − 1 b|² + alpha |B|²,   B = (Xᵀ X + alpha I)⁻¹ Xᵀ Y for centered X, Y
///
/// With alpha 0 it is the least-squares solution of smallest norm, unique also with more columns
/// than rows.
struct Ridge {
  Eigen::MatrixXd weights;       ///< [columns, outputs]
  Eigen::RowVectorXd intercept;  ///< [outputs]

  static Ridge fit(const Eigen::Ref<const Eigen::MatrixXd>& inputs,
                   const Eigen::Ref<const Eigen::MatrixXd>& outputs, double alpha);
  Eigen::RowVectorXd predict(const Eigen::Ref<const Eigen::RowVectorXd>& row) const {
    return row * weights + intercept;
  }
};

}  // namespace mer
