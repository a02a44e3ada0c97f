#include "mer/store/lld_plan.hpp"

#include <gtest/gtest.h>

#include "mer/features/feature_extractor.hpp"
#include "mer/store/input_builder.hpp"
#include "test_data.hpp"

namespace mer {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using Combine = InputOptions::Combine;

FeatureLayout real_layout() { return FeatureExtractor(FeatureOptions{}, 44100).layout(); }

std::vector<std::string> groups_of(const LldPlan::Branch& branch) {
  std::vector<std::string> names;
  for (const LldPlan::Block& block : branch) names.push_back(block.group);
  return names;
}

LldPlan plan_without(const std::vector<std::string>& names, Combine combine = Combine::kConcat) {
  InputOptions options;
  options.combine = combine;
  options.mfcc_weight = 0.25;
  options.leave_out = names;
  return LldPlan::make(real_layout(), options);
}

TEST(LldPlan, GroupsThatAreLeftOutVanishAndTheRestMovesUp) {
  const LldPlan plan = plan_without({"residual_phase", "formants"});
  ASSERT_EQ(plan.branches.size(), 1U);
  EXPECT_THAT(groups_of(plan.branches[0]),
              ElementsAre("mfcc", "f0", "voicing", "contrast", "chroma"));
  EXPECT_EQ(plan.width, 20 + 1 + 1 + 7 + 12);
  const LldPlan::Block* contrast = plan.find("contrast");
  ASSERT_NE(contrast, nullptr);
  EXPECT_EQ(contrast->source, 20 + 20 + 1 + 1 + 6);
  EXPECT_EQ(contrast->target, 20 + 1 + 1);
  EXPECT_EQ(plan.find("formants"), nullptr);
}

TEST(LldPlan, PitchIsTheFamilyOfF0AndVoicing) {
  EXPECT_THAT(groups_of(plan_without({"pitch"}).branches[0]),
              ElementsAre("mfcc", "residual_phase", "formants", "contrast", "chroma"));
}

TEST(LldPlan, WithoutOneOfThePairTheOtherStandsAloneWithWeightOne) {
  for (const Combine combine : {Combine::kConcat, Combine::kSum, Combine::kLateFusion}) {
    for (const auto& [left_out, other] :
         {std::pair<const char*, const char*>{"mfcc", "residual_phase"},
          {"residual_phase", "mfcc"}}) {
      const LldPlan plan = plan_without({left_out}, combine);
      ASSERT_EQ(plan.branches.size(), 1U);
      const LldPlan::Block& first = plan.branches[0].front();
      EXPECT_EQ(first.group, other);
      EXPECT_EQ(first.gain, 1.0F);
      EXPECT_FALSE(first.adds);
      EXPECT_EQ(plan.width, 67 - 20);
    }
  }
}

TEST(LldPlan, ScoreMakesTwoBranchesOfOneWidth) {
  const LldPlan plan = plan_without({"chroma"}, Combine::kLateFusion);
  ASSERT_EQ(plan.branches.size(), 2U);
  EXPECT_EQ(plan.branches[0].front().group, "mfcc");
  EXPECT_EQ(plan.branches[1].front().group, "residual_phase");
  EXPECT_EQ(plan.branches[1].front().source, 20);
  EXPECT_EQ(plan.width, 67 - 20 - 12);
}

TEST(LldPlan, UnknownNamesAreRefusedWithTheKnownOnes) {
  EXPECT_THAT(message_of<UsageError>([] { plan_without({"formant"}); }),
              AllOf(HasSubstr("inputs.leave_out: there are no descriptors 'formant', known: mfcc, "
                              "residual_phase, f0, voicing, formants, contrast, chroma, pitch"),
                    HasSubstr("did you mean 'formants'?")));
}

TEST(LldPlan, NetworksRefuseToLoseAWholeInput) {
  const FeatureLayout layout = real_layout();
  Standardization none;
  none.spectrogram_mean.assign(128, 0.0F);
  none.spectrogram_deviation.assign(128, 1.0F);
  none.lld_mean.assign(67, 0.0F);
  none.lld_deviation.assign(67, 1.0F);
  InputOptions options;
  options.leave_out = {"mfcc", "residual_phase", "pitch", "formants", "contrast", "chroma"};
  EXPECT_THAT(message_of<UsageError>([&] { InputBuilder(layout, 10, options, none); }),
              HasSubstr("leaves out every descriptor"));
  options.leave_out = {"spectrogram"};
  EXPECT_THAT(message_of<UsageError>([&] { InputBuilder(layout, 10, options, none); }),
              HasSubstr("this network looks at the spectrogram"));
  options.leave_out = {"chroma"};
  EXPECT_EQ(InputBuilder(layout, 10, options, none).shape().lld_columns, 67 - 12);
}

}  // namespace
}  // namespace mer
