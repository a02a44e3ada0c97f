#include "ops/right_factor.hpp"

#include <gtest/gtest.h>

#include "small_network.hpp"

namespace mer {
namespace {

template <class Real>
void expect_as_libtorch(torch::ScalarType type, double tolerance) {
  torch::manual_seed(2);
  for (const std::int64_t num_rows : {1, 3, 4, 9}) {
    for (const std::int64_t columns :
         {4, 16, 28, 48, 64, 68}) {  // panels of every width and remainders
      const torch::Tensor matrix = torch::randn({columns, 7}, type).t();
      // Rows within wider ones, so that every stride differs from its width.
      const torch::Tensor rows = torch::randn({num_rows, 9}, type);
      const torch::Tensor start = torch::randn({num_rows, columns + 1}, type);
      const torch::Tensor out = torch::full({num_rows, columns + 2}, 5.0, type);
      RightFactor<Real>(matrix).multiply_add(num_rows, {rows.data_ptr<Real>(), 9},
                                             {start.data_ptr<Real>(), columns + 1},
                                             {out.data_ptr<Real>(), columns + 2});
      EXPECT_TRUE(test::near(out.narrow(1, 0, columns),
                             start.narrow(1, 0, columns) + rows.narrow(1, 0, 7).mm(matrix),
                             tolerance))
          << num_rows << " rows, " << columns << " columns";
      EXPECT_TRUE((out.narrow(1, columns, 2) == 5.0).all().item<bool>()) << "beyond the columns";
    }
  }
}

TEST(RightFactor, MultipliesAsLibTorchForAnySizes) {
  expect_as_libtorch<float>(torch::kFloat, 1e-5);
  expect_as_libtorch<double>(torch::kDouble, 1e-13);
}

TEST(RightFactor, HoldsSeveralMatricesAndTheirCombinations) {
  torch::manual_seed(4);
  const torch::Tensor matrices = torch::randn({3, 6, 24}, torch::kDouble);
  const torch::Tensor weights = torch::randn({4, 3}, torch::kDouble);
  const torch::Tensor rows = torch::randn({5, 6}, torch::kDouble);
  const RightFactor<double> factors = RightFactor<double>(matrices).combined(weights);
  torch::Tensor out = torch::empty({5, 24}, torch::kDouble);
  for (std::int64_t i = 0; i < 4; ++i) {
    factors.multiply(5, {rows.data_ptr<double>(), 6}, {out.data_ptr<double>(), 24}, i);
    EXPECT_TRUE(test::near(out, rows.mm(torch::tensordot(weights[i], matrices, {0}, {0})), 1e-13));
  }
}

TEST(RightFactor, GivesARowTheSameBitsAmongAnyOthers) {
  const torch::Tensor matrix = torch::randn({32, 128});
  const torch::Tensor rows = torch::randn({7, 32});
  const torch::Tensor zeros = torch::zeros({7, 128});
  const RightFactor<float> factor(matrix);
  torch::Tensor together = torch::empty({7, 128});
  torch::Tensor alone = torch::empty({7, 128});
  factor.multiply_add(7, {rows.data_ptr<float>(), 32}, {zeros.data_ptr<float>(), 128},
                      {together.data_ptr<float>(), 128});
  for (std::int64_t row = 0; row < 7; ++row) {
    factor.multiply_add(1, {rows[row].data_ptr<float>(), 32}, {zeros.data_ptr<float>(), 128},
                        {alone[row].data_ptr<float>(), 128});
  }
  EXPECT_TRUE(torch::equal(together, alone));
}

}  // namespace
}  // namespace mer
