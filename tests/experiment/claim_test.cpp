#include "mer/experiment/claim.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"

namespace mer {
namespace {

using test::message_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string error_of(const std::string& text) {
  return message_of<UsageError>([&] { Comparison::parse(text, "t.yaml:3"); });
}

TEST(Comparison, HasALargerAndASmallerTerm) {
  const Comparison comparison = Comparison::parse("recall.sad(sum_w-0.5) > 0.8", "t.yaml:3");
  EXPECT_EQ(comparison.larger.measure, "recall");
  EXPECT_THAT(comparison.larger.arguments, ElementsAre("sad"));
  EXPECT_EQ(comparison.larger.row, "sum_w-0.5");
  EXPECT_EQ(comparison.smaller.row, "");
  EXPECT_EQ(comparison.smaller.number, 0.8);
  EXPECT_EQ(comparison.text(), "recall.sad(sum_w-0.5) > 0.8");
}

TEST(Comparison, WithTheOtherSignIsTurnedRound) {
  EXPECT_EQ(Comparison::parse("loss.1500(a)<loss.1500(b)", "").text(),
            "loss.1500(b) > loss.1500(a)");
  EXPECT_EQ(Comparison::parse("confused.x.y(a) > gap(a)", "").text(), "confused.x.y(a) > gap(a)");
}

TEST(Comparison, SaysWhatIsWrongWithItAndWhere) {
  EXPECT_THAT(error_of("accuracy(a)"), HasSubstr("t.yaml:3: 'accuracy(a)' is not a comparison"));
  EXPECT_THAT(error_of("a > b > c"), HasSubstr("is not a comparison"));
  EXPECT_THAT(error_of("accurcy(a) > 0.5"),
              AllOf(HasSubstr("unknown measure 'accurcy'"), HasSubstr("did you mean 'accuracy'?")));
  EXPECT_THAT(error_of("accuracy > 0.5"), HasSubstr("neither a number nor MEASURE(CELL)"));
  EXPECT_THAT(error_of("recall(a) > 0.5"), HasSubstr("0 words after 'recall'"));
  EXPECT_THAT(error_of("loss.late(a) > 0.5"), HasSubstr("'late' is not an iteration"));
  EXPECT_THAT(error_of("1 > 2"), HasSubstr("compares two numbers"));
  EXPECT_THAT(error_of("loss(a) > accuracy(a)"), HasSubstr("a loss with something else"));
}

}  // namespace
}  // namespace mer
