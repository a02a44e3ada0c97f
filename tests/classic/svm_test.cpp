#include "mer/config/classic/svm.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "mer/core/error.hpp"
#include "tables.hpp"

namespace mer {
namespace {

using namespace test;
using testing::HasSubstr;
using Kernel = SvmOptions::Kernel;

SvmOptions svm(Kernel kernel, double c = 10.0, double gamma = 2.0) {
  SvmOptions options;
  options.kernel = kernel;
  options.c = {c};
  options.gamma = {gamma};
  return options;
}

TrainedClassifier train(const SvmOptions& options, const TrainingTable& table,
                        std::uint64_t seed = 1) {
  return test::train(options, table, {.seed = seed});
}

TEST(Svm, EveryKernelDividesBlobs) {
  const TrainingTable table = blobs();
  for (const Kernel kernel : {Kernel::kLinear, Kernel::kPolynomial, Kernel::kRbf}) {
    EXPECT_EQ(accuracy(*train(svm(kernel), table).classifier, table), 1.0);
  }
}

TEST(Svm, OnlyCurvedKernelsSolveExclusiveOr) {
  const TrainingTable table = exclusive_or();
  EXPECT_LT(accuracy(*train(svm(Kernel::kLinear), table).classifier, table), 0.8);
  EXPECT_EQ(accuracy(*train(svm(Kernel::kPolynomial), table).classifier, table), 1.0);
  EXPECT_EQ(accuracy(*train(svm(Kernel::kRbf), table).classifier, table), 1.0);
}

TEST(Svm, OnlyCurvedKernelsFindACircle) {
  const TrainingTable table = circles();
  EXPECT_LT(accuracy(*train(svm(Kernel::kLinear), table).classifier, table), 0.8);
  EXPECT_EQ(accuracy(*train(svm(Kernel::kPolynomial), table).classifier, table), 1.0);
  EXPECT_EQ(accuracy(*train(svm(Kernel::kRbf), table).classifier, table), 1.0);
}

TEST(Svm, ProbabilitiesSumToOneAndAreSurerFarFromTheBorder) {
  TableMaker maker({"happy", "sad"});
  std::mt19937_64 rng(5);
  for (int i = 0; i < 60; ++i) {
    maker.add({static_cast<float>((i % 2 == 0 ? -1.0 : 1.0) + normal_real(rng))}, i % 2);
  }
  const auto trained = train(svm(Kernel::kLinear), maker.table());
  const auto at = [&](float x) {
    const auto answer = trained.classifier->answer(Eigen::RowVectorXf::Constant(1, x));
    EXPECT_NEAR(answer.probabilities[0] + answer.probabilities[1], 1.0, 1e-12);
    return answer.probabilities[1];
  };
  EXPECT_LT(at(-2.0F), at(-1.0F));
  EXPECT_LT(at(-1.0F), at(1.0F));
  EXPECT_LT(at(1.0F), at(2.0F));
  EXPECT_NEAR(at(0.0F), 0.5, 0.15);
  // Of a pair of Gaussians one deviation away from 0 each, log odds are 2 x: 0.88 at x = 1.
  EXPECT_NEAR(at(1.0F), 1.0 / (1.0 + std::exp(-2.0)), 0.12);
}

TEST(Svm, InnerFoldsChooseTheGammaThatGeneralizes) {
  const TrainingTable table = exclusive_or();
  SvmOptions options = svm(Kernel::kRbf);
  options.c = {1.0};
  options.gamma = {1e-9, 2.0};  // with the first all points are alike
  const TrainedClassifier trained = train(options, table);
  EXPECT_EQ(trained.chosen["gamma"], 2.0);
  EXPECT_GE(trained.chosen["inner_accuracy"].get<double>(), 0.95);
}

TEST(Svm, InnerFoldsKeepGroupsTogether) {
  // Twins of one group have one class, drawn at random: only a twin tells it. Nearest neighbors
  // (a large gamma) would look perfect if twins were divided, and are worth nothing.
  TableMaker maker({"happy", "sad"});
  std::mt19937_64 rng(11);
  for (int i = 0; i < 40; ++i) {
    const auto x = static_cast<float>(normal_real(rng));
    for (int twin = 0; twin < 2; ++twin) maker.add({x}, i % 2);
  }
  TrainingTable table = maker.table();
  for (std::size_t row = 0; row < table.groups.size(); ++row) {
    table.groups[row] = "pair" + std::to_string(row / 2);
  }
  const TrainedClassifier trained = train(svm(Kernel::kRbf, 100.0, 1e6), table);
  EXPECT_LT(trained.chosen["inner_accuracy"].get<double>(), 0.7);
}

TEST(Svm, ALoadedMachineAnswersTheSame) {
  const TemporaryFolder folder;
  const TrainingTable table = blobs();
  for (const Kernel kernel : {Kernel::kLinear, Kernel::kPolynomial, Kernel::kRbf}) {
    const SvmOptions options = svm(kernel);
    const auto trained = train(options, table);
    const auto loaded = load(system_of(options), store(*trained.classifier, folder / "m"), table);
    EXPECT_EQ(answers(*loaded, table), answers(*trained.classifier, table));
  }
}

TEST(Svm, SaysNothingOnStdout) {
  testing::internal::CaptureStdout();
  train(SvmOptions{}, blobs());
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

TEST(Svm, RefusesClassesOfOneGroup) {
  TrainingTable table = blobs();
  for (std::size_t row = 0; row < table.groups.size(); ++row) {
    if (table.classes[row] == 1) table.groups[row] = "one";
  }
  EXPECT_THAT(message_of<UsageError>([&] { train(SvmOptions{}, table); }),
              HasSubstr("can't be divided into two inner folds by group"));
}

TEST(Svm, RefusesDamagedTensors) {
  const TemporaryFolder folder;
  const TrainingTable table = blobs();
  const SvmOptions options = svm(Kernel::kRbf);
  OwnedTensors own;
  train(options, table).classifier->add_to(own);
  const auto damaged = [&](const std::string& name, const auto& damage) {
    OwnedTensors whole = own;
    OwnedTensors tensors;
    tensors.add_below("c", std::move(whole));
    NamedTensors views = tensors.views();
    std::vector<std::byte> bytes;
    for (auto& [tensor, view] : views) {
      if (tensor != "c." + name) continue;
      bytes.assign(view.bytes.begin(), view.bytes.end());
      damage(view, bytes);
      view.bytes = bytes;
    }
    write_tensor_file(folder / "damaged", views, {});
    return message_of<UsageError>([&] { load(system_of(options), folder / "damaged", table); });
  };
  const auto put = [](auto value) {
    return [value](TensorView&, std::vector<std::byte>& bytes) {
      std::memcpy(bytes.data(), &value, sizeof(value));
    };
  };
  EXPECT_THAT(damaged("counts", put(std::int64_t{-1})), HasSubstr("holds -1, allowed: 0"));
  EXPECT_THAT(damaged("counts", put(std::int64_t{0})), HasSubstr("don't add up"));
  EXPECT_THAT(damaged("rho", put(std::nan(""))), HasSubstr("not finite"));
  EXPECT_THAT(damaged("coefficients",
                      [](TensorView& view, std::vector<std::byte>&) {
                        std::swap(view.shape[0], view.shape[1]);
                      }),
              HasSubstr("c.coefficients"));
  EXPECT_THAT(damaged("support_vectors",
                      [](TensorView& view, std::vector<std::byte>&) {
                        view.shape = {view.num_elements(), 1};
                      }),
              HasSubstr("c.support_vectors"));
}

}  // namespace
}  // namespace mer
