#include "mer/classic/domain_shift.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <stdexcept>

#include "mer/core/random.hpp"
#include "mer/core/tensor_file.hpp"
#include "tables.hpp"

namespace mer {
namespace {

using test::TableMaker;
using test::TemporaryFolder;
using testing::Each;
using testing::FloatNear;

constexpr int kColumns = 20;
constexpr int kSongsAClass = 100;

/// A song of a class: ±1 in the first column says which, the rest is noise of deviation 1.
std::vector<float> song(int class_index, std::mt19937_64& rng) {
  std::vector<float> row;
  for (int c = 0; c < kColumns; ++c) row.push_back(static_cast<float>(normal_real(rng)));
  row[0] = (class_index == 0 ? 1.0F : -1.0F) + 0.1F * row[0];
  return row;
}

/// @param move  what is added to every column but the first
RowMatrixXf library(const std::vector<int>& classes, float move, std::uint64_t seed) {
  std::mt19937_64 rng(seed);
  RowMatrixXf rows(std::ssize(classes), kColumns);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const std::vector<float> row = song(classes[i], rng);
    for (int c = 0; c < kColumns; ++c) {
      rows(static_cast<Eigen::Index>(i), c) = row[static_cast<std::size_t>(c)] + (c > 0 ? move : 0);
    }
  }
  return rows;
}

std::vector<double> ones(std::size_t count) { return std::vector<double>(count, 1.0); }

class DomainShiftTest : public testing::Test {
 protected:
  DomainShiftTest() {
    TableMaker maker({"happy", "sad"});
    std::mt19937_64 rng(3);
    for (int i = 0; i < 2 * kSongsAClass; ++i) maker.add(song(i % 2, rng), i % 2);
    table_ = maker.table();
    shift_ = DomainShift::fit(table_, parts_of(table_), 5, 1);
  }
  static std::vector<int> parts_of(const TrainingTable& table) {
    return std::vector<int>(table.classes.size(), 0);
  }

  TrainingTable table_;
  std::optional<DomainShift> shift_;
};

TEST_F(DomainShiftTest, ALibraryLikeTheTrainingSongsIsLeftAlone) {
  ASSERT_TRUE(shift_);
  std::vector<int> classes(60);
  for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = static_cast<int>(i % 2);
  const Adaptation adaptation = shift_->adapt(library(classes, 0.0F, 11), ones(60));
  EXPECT_EQ(adaptation.strength, 0.0);
  EXPECT_THAT(std::vector<float>(adaptation.offset.begin(), adaptation.offset.end()), Each(0.0F));
  EXPECT_THAT(std::vector<float>(adaptation.divisor.begin(), adaptation.divisor.end()), Each(1.0F));
}

TEST_F(DomainShiftTest, ALibraryOfOneClassIsLeftAlone) {
  ASSERT_TRUE(shift_);
  for (const int one : {0, 1}) {
    EXPECT_EQ(shift_->adapt(library(std::vector<int>(60, one), 0.0F, 12), ones(60)).strength, 0.0);
  }
}

TEST_F(DomainShiftTest, AnotherKindOfMusicIsSetAgainstItself) {
  ASSERT_TRUE(shift_);
  std::vector<int> classes(60);
  for (std::size_t i = 0; i < classes.size(); ++i) classes[i] = static_cast<int>(i % 2);
  const RowMatrixXf rows = library(classes, 2.0F, 13);
  const Adaptation adaptation = shift_->adapt(rows, ones(60));
  EXPECT_EQ(adaptation.strength, 1.0);
  const RowMatrixXf adapted =
      (rows.rowwise() - adaptation.offset).array().rowwise() / adaptation.divisor.array();
  for (int c = 0; c < kColumns; ++c) {
    EXPECT_NEAR(adapted.col(c).mean(), 0.0, 1e-5);
    // w = 60 / 65 of the library's own variance, the rest of 1.
    const double variance = (rows.col(c).array() - rows.col(c).mean()).square().mean();
    EXPECT_NEAR(adaptation.divisor(c), std::sqrt(5.0 / 65.0 + 60.0 / 65.0 * variance), 1e-5);
  }
}

TEST_F(DomainShiftTest, RowsOfASongCountAsOneSong) {
  ASSERT_TRUE(shift_);
  const RowMatrixXf once = library(std::vector<int>(20, 0), 2.0F, 14);
  RowMatrixXf twice(40, kColumns);
  twice << once, once;
  const Adaptation a = shift_->adapt(once, ones(20));
  const Adaptation b = shift_->adapt(twice, std::vector<double>(40, 0.5));
  EXPECT_EQ(a.strength, b.strength);
  EXPECT_TRUE(a.offset.isApprox(b.offset, 1e-5F));
  EXPECT_TRUE(a.divisor.isApprox(b.divisor, 1e-5F));
}

TEST_F(DomainShiftTest, IsTheSameWhenReadBack) {
  ASSERT_TRUE(shift_);
  const TemporaryFolder folder;
  OwnedTensors tensors;
  shift_->add_to(tensors);
  OwnedTensors below;
  below.add_below("classic", std::move(tensors));
  write_tensor_file(folder / "m.safetensors", below.views(), {});
  const TensorFile file = TensorFile::open(folder / "m.safetensors");
  const std::optional<DomainShift> read = DomainShift::from({file, "classic"}, kColumns);
  ASSERT_TRUE(read);
  const RowMatrixXf rows = library(std::vector<int>(20, 0), 0.8F, 15);
  const Adaptation a = shift_->adapt(rows, ones(20));
  const Adaptation b = read->adapt(rows, ones(20));
  EXPECT_GT(a.strength, 0.0);
  EXPECT_EQ(a.strength, b.strength);
  EXPECT_EQ(a.offset, b.offset);
  EXPECT_FALSE(DomainShift::from({file, "other"}, kColumns));
}

TEST_F(DomainShiftTest, IsNotKnownOfFewSongsOrFewColumns) {
  std::vector<Eigen::Index> few(40);  // four a class and fold
  std::iota(few.begin(), few.end(), Eigen::Index{0});
  const TrainingTable part = table_.subset(few);
  EXPECT_FALSE(DomainShift::fit(part, parts_of(part), 5, 1));
  TrainingTable narrow = table_;
  narrow.inputs = RowMatrixXf(table_.inputs.leftCols(3));
  EXPECT_FALSE(DomainShift::fit(narrow, parts_of(narrow), 5, 1));
}

TEST_F(DomainShiftTest, WantsTenSongs) {
  ASSERT_TRUE(shift_);
  const RowMatrixXf rows = library(std::vector<int>(9, 0), 0.0F, 16);
  EXPECT_THROW(shift_->adapt(rows, ones(9)), std::invalid_argument);
}

}  // namespace
}  // namespace mer
