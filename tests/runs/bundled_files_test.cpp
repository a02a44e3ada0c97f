#include "mer/runs/bundled_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"

namespace mer {
namespace {

using test::message_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class BundledFilesTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  const std::filesystem::path near_ = folder_.write("near/models/a.safetensors", "near");
  const std::filesystem::path far_ = folder_.write("far/models/a.safetensors", "far");
  const std::filesystem::path other_ = folder_.write("far/models/b.safetensors", "");
  const std::filesystem::path weights_ = folder_.write("far/pretrained/net.safetensors", "");
  const BundledFiles bundled_{{folder_ / "near", folder_ / "nowhere", folder_ / "far"}};
};

TEST_F(BundledFilesTest, AreTheNearestOfEachName) {
  EXPECT_THAT(bundled_.models(), ElementsAre(near_, other_));
  EXPECT_EQ(bundled_.pretrained_weights().at("net"), weights_);
  EXPECT_EQ(bundled_.find_model("b").file, other_);
}

TEST_F(BundledFilesTest, ConfigsAreFoundByName) {
  const auto config = folder_.write("far/configs/paper/table2.yaml", "");
  const auto beside = folder_.write("near/configs/4qaed.yaml", "");
  EXPECT_EQ(bundled_.find_config("paper/table2"), config);
  EXPECT_EQ(bundled_.find_config("paper/table2.yaml"), config);
  EXPECT_EQ(bundled_.find_config("4qaed"), beside);
  EXPECT_EQ(bundled_.find_config("nothing"), "nothing");
  const auto file = folder_.write("mine.yaml", "");
  EXPECT_EQ(bundled_.find_config(file), file);
}

TEST_F(BundledFilesTest, ComeAfterWhatExists) {
  const auto file = folder_.write("mine.safetensors", "");
  EXPECT_EQ(bundled_.find_model(file.string()).file, file);
  EXPECT_EQ(bundled_.find_initial_weights(file), file);
  EXPECT_EQ(bundled_.find_initial_weights(folder_ / "net"), weights_);
  EXPECT_EQ(bundled_.find_initial_weights("a"), near_);
}

TEST_F(BundledFilesTest, AreNamedWhereAModelIsNotFound) {
  EXPECT_THAT(
      message_of<UsageError>([&] { bundled_.find_model("zebra"); }),
      StartsWith("model 'zebra' is neither a path nor a bundled model | bundled models: a, b"));
  EXPECT_THAT(message_of<UsageError>([&] { bundled_.find_initial_weights("nett"); }),
              HasSubstr("neither a file, a run nor bundled: net, a, b | did you mean 'net'?"));
}

TEST_F(BundledFilesTest, AFolderIsARunAndItsFoldsAreNoModel) {
  const auto run = folder_.write("run/config.yaml", "train: {checkpoint: last}\n").parent_path();
  EXPECT_THAT(message_of<UsageError>([&] { bundled_.find_model(run.string()); }),
              HasSubstr("last.safetensors: no such file; the run has not been evaluated yet"));
  const auto best = folder_.write("run/best.safetensors", "");
  const FoundModel found = bundled_.find_model(run.string(), "best");
  EXPECT_EQ(found.file, best);
  EXPECT_EQ(found.run, run);
  folder_.write("run/fold-1/config.yaml", "");
  EXPECT_THAT(message_of<UsageError>([&] { bundled_.find_model(run.string()); }),
              HasSubstr("is a cross-validation of 1 folds, not one model"));
}

}  // namespace
}  // namespace mer
