#include "ops/packed_matrix.hpp"

#include <gtest/gtest.h>

#include "small_network.hpp"

namespace mer {
namespace {

TEST(PackedMatrix, MultipliesAsLibTorchForAnySizes) {
  torch::manual_seed(2);
  for (const std::int64_t num_rows : {1, 3, 4, 9, 25}) {
    for (const std::int64_t columns :
         {4, 16, 24, 28, 48, 64, 68}) {  // panels of every width and remainders
      const torch::Tensor matrix = torch::randn({columns, 7}).t();
      // Rows within wider ones, so that every stride differs from its width.
      const torch::Tensor rows = torch::randn({num_rows, 9});
      const torch::Tensor start = torch::randn({num_rows, columns + 1});
      const torch::Tensor out = torch::full({num_rows, columns + 2}, 5.0);
      PackedMatrix(matrix).multiply(num_rows, {rows.data_ptr<float>(), 9},
                                    {out.data_ptr<float>(), columns + 2},
                                    {start.data_ptr<float>(), columns + 1});
      EXPECT_TRUE(test::near(out.narrow(1, 0, columns),
                             start.narrow(1, 0, columns) + rows.narrow(1, 0, 7).mm(matrix), 1e-5))
          << num_rows << " rows, " << columns << " columns";
      EXPECT_TRUE((out.narrow(1, columns, 2) == 5.0).all().item<bool>()) << "beyond the columns";
    }
  }
}

TEST(PackedMatrix, HoldsSeveralMatrices) {
  torch::manual_seed(4);
  const torch::Tensor matrices = torch::randn({3, 6, 24});
  const torch::Tensor rows = torch::randn({5, 6});
  const PackedMatrix packed(matrices);
  torch::Tensor out = torch::empty({5, 24});
  for (std::int64_t i = 0; i < 3; ++i) {
    packed.multiply(5, {rows.data_ptr<float>(), 6}, {out.data_ptr<float>(), 24}, {nullptr, 0}, i);
    EXPECT_TRUE(test::near(out, rows.mm(matrices[i]), 1e-5));
  }
}

TEST(PackedMatrix, TakesRowsFromWhereTheOffsetsSay) {
  // Row r has the numbers at r, r + 5 and r + 2: a filter of three taps over neighboring places.
  const torch::Tensor numbers = torch::arange(20, torch::kFloat);
  const torch::Tensor matrix = torch::tensor({{1.0F}, {10.0F}, {100.0F}});
  torch::Tensor out = torch::empty({13, 1});
  PackedMatrix(matrix, {0, 5, 2})
      .multiply(13, {numbers.data_ptr<float>(), 1}, {out.data_ptr<float>(), 1});
  for (std::int64_t r = 0; r < 13; ++r) {
    EXPECT_EQ(out[r][0].item<double>(), r + 10 * (r + 5) + 100 * (r + 2));
  }
}

TEST(PackedMatrix, AddsATransposedProduct) {
  torch::manual_seed(6);
  for (const std::int64_t columns : {8, 24, 48}) {
    const torch::Tensor left = torch::randn({11, 5});
    const torch::Tensor right = torch::randn({11, columns});
    torch::Tensor out = torch::randn({5, columns});
    const torch::Tensor expected = out + left.t().mm(right);
    PackedMatrix::add_transposed_product(11, 5, columns, {left.data_ptr<float>(), 5},
                                         {right.data_ptr<float>(), columns},
                                         {out.data_ptr<float>(), columns});
    EXPECT_TRUE(test::near(out, expected, 1e-5)) << columns;
  }
}

TEST(PackedMatrix, GivesARowTheSameBitsAmongAnyOthers) {
  const torch::Tensor matrix = torch::randn({32, 128});
  const torch::Tensor rows = torch::randn({25, 32});
  const PackedMatrix packed(matrix);
  torch::Tensor together = torch::empty({25, 128});
  torch::Tensor alone = torch::empty({25, 128});
  packed.multiply(25, {rows.data_ptr<float>(), 32}, {together.data_ptr<float>(), 128});
  for (std::int64_t row = 0; row < 25; ++row) {
    packed.multiply(1, {rows[row].data_ptr<float>(), 32}, {alone[row].data_ptr<float>(), 128});
  }
  EXPECT_TRUE(torch::equal(together, alone));
}

}  // namespace
}  // namespace mer
