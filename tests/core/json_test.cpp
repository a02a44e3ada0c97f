#include "mer/core/json.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace mer {
namespace {

using Json = nlohmann::ordered_json;

TEST(FindDifference, NamesTheFirstValueInTheExpectedOrder) {
  const Json expected = Json::parse(R"({"a": 1, "b": {"c": [2], "d": "x"}, "e": 3})");
  EXPECT_FALSE(find_difference(expected, Json::parse(expected.dump())));
  Json found = expected;
  found["b"]["d"] = "y";
  found["e"] = 4;
  const auto difference = find_difference(expected, found);
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->key, "b.d");
  EXPECT_EQ(difference->expected, "\"x\"");
  EXPECT_EQ(difference->found, "\"y\"");
}

TEST(FindDifference, TellsWhatOnlyOneOfThemHas) {
  const Json expected = Json::parse(R"({"a": 1, "b": 2})");
  EXPECT_EQ(find_difference(expected, Json::parse(R"({"a": 1})"))->found, "absent");
  const auto difference = find_difference(expected, Json::parse(R"({"a": 1, "b": 2, "c": 3})"));
  EXPECT_EQ(difference->key, "c");
  EXPECT_EQ(difference->expected, "absent");
}

TEST(JsonNumbers, AreNullWhereJsonHasNone) {
  EXPECT_TRUE(number_or_null(std::nan("")).is_null());
  EXPECT_EQ(number_or_null(0.5), 0.5);
  const Json object = Json::parse(R"({"a": 0.5, "b": null, "c": "d"})");
  EXPECT_EQ(number_or_nan(object, "a"), 0.5);
  for (const char* key : {"b", "c", "e"}) EXPECT_TRUE(std::isnan(number_or_nan(object, key)));
  EXPECT_EQ(json_text(Json("caf\xE9")), "\"caf\uFFFD\"");
}

}  // namespace
}  // namespace mer
