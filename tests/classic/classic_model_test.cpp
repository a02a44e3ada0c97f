#include "mer/classic/classic_model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../store/test_data.hpp"
#include "mer/config/classic/knn.hpp"
#include "tables.hpp"

namespace mer {
namespace {

using testing::HasSubstr;

/// Statistics of one MFCC, one residual phase and one band: means and changes, no percentiles.
class ClassicModelTest : public testing::Test {
 protected:
  ClassicModelTest() : layout_(sources_.layout), inputs_(sources_.inputs) {
    layout_.sample_rate_hz = 44100;
    layout_.window_samples = 2048;
    layout_.hop_samples = 1024;
    layout_.spectrogram.num_columns = 1;
    for (const char* name : {"mfcc", "residual_phase"}) {
      ColumnGroup group;
      group.name = name;
      group.first_column = layout_.lld_width();
      group.num_columns = 1;
      layout_.lld.push_back(group);
      layout_.lld_columns.push_back(name);
    }
    system_.choose<KnnOptions>().neighbors = {1};
    options_.percentiles = {};
  }

  /// Rows of statistics by hand: the first column tells the class, the second never varies.
  ClassicModel train() {
    ClassicInputs inputs(options_, sources_, std::nullopt);
    std::vector<RowMatrixXf> rows;
    ClassicTruth truth;
    truth.class_names = {"happy", "sad"};
    for (int i = 0; i < 8; ++i) {
      RowMatrixXf row = RowMatrixXf::Zero(inputs.num_branches(), inputs.num_columns());
      row.col(0).setConstant(i % 2 == 0 ? -1.0F : 1.0F);
      row.col(1).setConstant(5.0F);
      rows.push_back(row);
      truth.classes.push_back(i % 2);
      truth.groups.push_back("g" + std::to_string(i));
      truth.parts.push_back(0);
    }
    return ClassicModel::train(system_, options_, std::move(inputs), rows, truth,
                               inputs_.mfcc_weight, {.seed = 1});
  }

  SongSources sources_;
  FeatureLayout& layout_;
  InputOptions& inputs_;
  ClassicOptions options_;
  ModelOptions system_;
  TemporaryFolder folder_;
};

TEST_F(ClassicModelTest, AStatisticThatNeverVariedCountsAsZero) {
  const ClassicModel model = train();
  RowMatrixXf row = RowMatrixXf::Zero(1, model.inputs().num_columns());
  row(0, 0) = 1.0F;
  row(0, 1) = 5.0F;
  const TableAnswer usual = model.answer(row);
  EXPECT_EQ(argmax(usual.probabilities), 1);
  row(0, 1) = 1e9F;
  EXPECT_EQ(model.answer(row).probabilities, usual.probabilities);
}

TEST_F(ClassicModelTest, ScoreWeighsTheAnswersOfTheTwoBranches) {
  inputs_.combine = InputOptions::Combine::kLateFusion;
  inputs_.mfcc_weight = 0.75;
  const ClassicModel model = train();
  RowMatrixXf row = RowMatrixXf::Zero(2, model.inputs().num_columns());
  row(0, 0) = -1.0F;  // the MFCC say happy: (1 + 1/2) / 2
  row(1, 0) = 1.0F;   // the residual phase says sad
  EXPECT_DOUBLE_EQ(model.answer(row).probabilities[0], 0.75 * 0.75 + 0.25 * 0.25);
}

TEST_F(ClassicModelTest, ALoadedModelAnswersTheSame) {
  const ClassicModel model = train();
  const OwnedTensors tensors = model.tensors();
  write_tensor_file(folder_ / "m.safetensors", tensors.views(), {});
  const ClassicModel loaded = ClassicModel::load(
      system_, options_, sources_, TensorFile::open(folder_ / "m.safetensors"), {"happy", "sad"});
  const RowMatrixXf row = RowMatrixXf::Constant(1, model.inputs().num_columns(), 0.3F);
  EXPECT_EQ(loaded.answer(row).probabilities, model.answer(row).probabilities);
}

TEST_F(ClassicModelTest, RefusesTensorsOfAnotherWidth) {
  const ClassicModel model = train();
  const OwnedTensors tensors = model.tensors();
  write_tensor_file(folder_ / "m.safetensors", tensors.views(), {});
  inputs_.leave_out = {"mfcc"};
  EXPECT_THAT(message_of<UsageError>([&] {
                ClassicModel::load(system_, options_, sources_,
                                   TensorFile::open(folder_ / "m.safetensors"), {"happy", "sad"});
              }),
              HasSubstr("classic.branch_0.mean"));
}

}  // namespace
}  // namespace mer
