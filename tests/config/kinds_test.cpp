// A network, a loss, a classical system has the options of its own and no others.

#include "mer/config/kinds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../support/options_of.hpp"
#include "../support/temporary_folder.hpp"
#include "mer/config/classic/knn.hpp"
#include "mer/config/losses/center.hpp"
#include "mer/config/networks/cnn.hpp"
#include "mer/config/networks/improved_cnn.hpp"
#include "mer/config/run_config.hpp"

namespace mer {
namespace {

using test::message_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

RunConfig read(const std::string& yaml, const std::vector<std::string>& settings = {}) {
  ConfigDocument document = ConfigDocument::parse(yaml, "c.yaml", {});
  for (const std::string& setting : settings) document.set(setting);
  RunConfig config;
  document.read(config);
  return config;
}

std::string error_of(const std::string& yaml, const std::vector<std::string>& settings = {}) {
  return message_of<UsageError>([&] { read(yaml, settings); });
}

TEST(Kinds, AnOptionOfAnotherNetworkIsAnErrorThatSaysSo) {
  EXPECT_THAT(error_of("model: {name: cnn, c1_channels: 4}"),
              AllOf(HasSubstr("c.yaml:1: cnn has no option 'model.c1_channels'"),
                    HasSubstr("cnn_channels, cnn_blocks")));
  EXPECT_THAT(error_of("", {"model.name=svm", "model.cnn_blocks=4"}),
              HasSubstr("--set model.cnn_blocks=4: svm has no option 'model.cnn_blocks'"));
  EXPECT_THAT(error_of("loss: {name: softmax, tau: 0.1}"),
              HasSubstr("softmax has no option 'loss.tau'"));
  EXPECT_THAT(error_of("model: {name: svm}\nclassic: {knn: {neighbors: [3]}}"),
              HasSubstr("c.yaml:2: svm has no option 'classic.knn'"));
  EXPECT_THAT(error_of("model: {name: svm}\nloss: {name: softmax}"),
              HasSubstr("c.yaml:2: svm has no option 'loss'"));
  EXPECT_THAT(error_of("classic: {inner_folds: 3}"),
              HasSubstr("improved_cnn has no option 'classic'"));
}

TEST(Kinds, ATypingErrorIsOneWhicheverTheKind) {
  EXPECT_THAT(error_of("model: {name: cnn, cnn_block: 4}"),
              HasSubstr("unknown key 'model.cnn_block' | did you mean 'model.cnn_blocks'?"));
  EXPECT_THAT(error_of("model: {c1_chanels: 4}", {"model.name=cnn"}),
              HasSubstr("unknown key 'model.c1_chanels'"));
}

TEST(Kinds, WhatAFileSaysOfAnotherKindGivesWayToAnOverride) {
  const std::string file =
      "model: {name: improved_cnn, c1_channels: 4, conv_dropout: 0.4}\nloss: {tau: 0.2}\n";
  const RunConfig cnn = read(file, {"model.name=cnn", "loss.name=softmax"});
  EXPECT_EQ(cnn.model.as<CnnOptions>().conv_dropout, 0.4);  // which both have
  EXPECT_EQ(cnn.loss.name, "softmax");
  EXPECT_EQ(read(file, {"model.name=svm"}).model.name, "svm");  // which has no loss
  EXPECT_EQ(read(file, {"model={name: svm}"}).model.name, "svm");
  const std::string knn = "model: {name: knn}\nclassic: {inner_folds: 3, knn: {neighbors: [3]}}\n";
  EXPECT_EQ(read(knn, {"model.name=svm"}).classic.inner_folds, 3);
  EXPECT_EQ(read(knn).model.as<KnnOptions>().neighbors, std::vector<double>{3});
}

TEST(Kinds, AConfigPrintsAndStoresTheNamedKindsOptionsAlone) {
  const RunConfig svm = read("", {"model.name=svm"});
  EXPECT_THAT(to_yaml(svm, false), AllOf(HasSubstr("model:\n  name: svm\n"), HasSubstr("  svm:\n"),
                                         Not(HasSubstr("loss:")), Not(HasSubstr("knn:"))));
  const auto model = to_json(test::of_kind<ModelOptions>("musicnn", "head_dropout: 0.5"));
  EXPECT_EQ(model.dump(), R"({"name":"musicnn","head_dropout":0.5})");
  const auto again = options_from_json<ModelOptions>(model, "m");
  EXPECT_EQ(to_json(again), model);
}

TEST(Kinds, CheckTheirOptionsTogether) {
  EXPECT_THAT(error_of("model: {kernel: 4}"), HasSubstr("'kernel' is 4, allowed: odd numbers"));
  EXPECT_THAT(error_of("loss: {name: a_softmax, lambda_start: 1}"),
              HasSubstr("'lambda_end' is 5, allowed: at most 'lambda_start', 1"));
}

TEST(Chosen, AnotherNameBringsItsDefaults) {
  ModelOptions model;
  model.choose<ImprovedCnnOptions>().embedding_size = 7;
  EXPECT_EQ(embedding_size_of(model), 7);
  model.name = "cnn";
  EXPECT_EQ(embedding_size_of(model), CnnOptions{}.embedding_size);
  EXPECT_THROW(model.as<ImprovedCnnOptions>(), std::invalid_argument);
  model.name = "cnnn";
  EXPECT_THAT(message_of<UsageError>([&] { model.kind(); }),
              HasSubstr("unknown model.name 'cnnn'"));
}

TEST(Losses, MoveTheirCentersAsTheirAuthorsSay) {
  using Update = CenterLossOptions::CenterUpdate;
  EXPECT_EQ(test::of_kind<LossOptions>("center").as<CenterLossOptions>().center_update,
            Update::kWen);
  EXPECT_THAT(to_json(LossOptions{}).dump(), HasSubstr(R"("center_update":"gradient")"));
}

TEST(Systems, KnowWhatIsNoNetworkAndWhatIsPretrained) {
  EXPECT_FALSE(test::of_kind<ModelOptions>("svm").is_network());
  EXPECT_TRUE(test::of_kind<ModelOptions>("cnn").is_network());
  EXPECT_THAT(pretrained_networks(), ElementsAre("musicnn", "vgg_tagger"));
}

TEST(NamedTable, IsAValueThatHoldsEachNameOnce) {
  SystemTable table = builtin_systems();
  EXPECT_THROW(table.add<CnnOptions>(), std::invalid_argument);
  SystemTable empty;
  empty.add<CnnOptions>();
  EXPECT_THAT(empty.names(), ElementsAre("cnn"));
  EXPECT_GT(table.names().size(), 1U);
}

}  // namespace
}  // namespace mer
