#include "mer/core/tensor_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <numeric>
#include <optional>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

using test::message_of;
using test::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;

std::string with_header(const std::string& json, const std::string& data = "") {
  std::string file(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) file[i] = static_cast<char>((json.size() >> (8 * i)) & 0xFF);
  return file + json + data;
}

TEST(TensorFile, WhatIsWrittenIsReadBack) {
  const TemporaryFolder folder;
  const std::vector<float> matrix = {1, 2, 3, 4, 5, 6};
  const std::vector<std::uint8_t> mask = {1, 0, 1};
  const std::vector<double> times = {0.25, -1e300};
  write_tensor_file(folder / "x.safetensors",
                    {{"mask", view_of(std::span(mask), {3})},
                     {"matrix", view_of(std::span(matrix), {2, 3})},
                     {"times", view_of(std::span(times), {2})}},
                    {{"recipe", "{\"a\": \"ü\"}"}});
  const TensorFile file = TensorFile::open(folder / "x.safetensors");
  EXPECT_THAT(file.names(), ElementsAre("mask", "matrix", "times"));
  EXPECT_THAT(file.at("matrix", {-1, 3}).as<float>(), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(file.at("mask").as<std::uint8_t>(), ElementsAre(1, 0, 1));
  EXPECT_THAT(file.at("times").as<double>(), ElementsAre(0.25, -1e300));
  EXPECT_EQ(file.metadata().at("recipe"), "{\"a\": \"ü\"}");
}

TEST(TensorFile, TheBytesAreThePublicFormat) {
  const TemporaryFolder folder;
  const std::vector<float> one = {1.0F};
  write_tensor_file(folder / "x", {{"a", view_of(std::span(one), {1})}}, {});
  const std::string json = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  const std::string padded = json + std::string((8 - json.size() % 8) % 8, ' ');
  EXPECT_EQ(read_text_file(folder / "x"), with_header(padded, std::string("\0\0\x80\x3f", 4)));
}

TEST(TensorFile, AStreamedFileEqualsOneWrittenAtOnce) {
  const TemporaryFolder folder;
  std::vector<float> matrix(3000);
  std::iota(matrix.begin(), matrix.end(), 0.0F);
  const std::vector<std::int64_t> whole = {7};
  write_tensor_file(folder / "once",
                    {{"m", view_of(std::span<const float>(matrix), {1000, 3})},
                     {"n", view_of(std::span<const float>(matrix), {3000})},
                     {"w", view_of(std::span(whole), {1})}},
                    {{"k", "v"}});
  TensorFileStream stream(folder / "streamed");
  for (std::size_t start = 0; start < matrix.size(); start += 300) {
    const auto block = std::span<const float>(matrix).subspan(start, 300);
    stream.append("m", 3, block);
    stream.append("n", 0, block);
  }
  stream.add("w", view_of(std::span(whole), {1}));
  stream.finish({{"k", "v"}});
  EXPECT_EQ(read_text_file(folder / "once"), read_text_file(folder / "streamed"));
}

TEST(TensorFile, AStreamThatIsNotFinishedLeavesNothing) {
  const TemporaryFolder folder;
  {
    TensorFileStream stream(folder / "x");
    const std::vector<float> row = {1, 2};
    stream.append("m", 2, std::span(row));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(TensorFile, APartHasTheTensorsBelowItsPrefixAndOutlivesTheWhole) {
  const TemporaryFolder folder;
  const std::vector<float> one = {1.0F};
  const std::vector<float> two = {2.0F};
  const auto view = [](const std::vector<float>& values) {
    return view_of(std::span<const float>(values), {1});
  };
  write_tensor_file(folder / "w", {{"a.x", view(one)}, {"a.b.x", view(two)}, {"ab.x", view(two)}},
                    {{"of", "the whole"}});
  std::optional<TensorFile> whole = TensorFile::open(folder / "w");
  const TensorFile part = whole->part("a", {{"of", "the part"}});
  const TensorFile nested = part.part("b", {});
  whole.reset();
  EXPECT_THAT(part.names(), ElementsAre("b.x", "x"));
  EXPECT_THAT(nested.names(), ElementsAre("x"));
  EXPECT_EQ(part.metadata().at("of"), "the part");
  EXPECT_EQ(part.path(), folder / "w");
  EXPECT_EQ(part.at("x").as<float>()[0], 1.0F);
  nested.release_pages();
  EXPECT_EQ(nested.at("x").as<float>()[0], 2.0F);
}

TEST(TensorFile, MissingTensorsAndOtherShapesAreNamed) {
  const TemporaryFolder folder;
  const std::vector<float> values = {1, 2};
  write_tensor_file(folder / "x", {{"a", view_of(std::span(values), {1, 2})}}, {});
  const TensorFile file = TensorFile::open(folder / "x");
  EXPECT_THAT(message_of<UsageError>([&] { file.at("b"); }), HasSubstr("has no tensor 'b'"));
  EXPECT_THAT(message_of<UsageError>([&] {
                file.at("a", {-1, 3});
              }),
              HasSubstr("tensor 'a' has shape [1, 2], wanted [?, 3]"));
  EXPECT_THAT(message_of<Error>([&] { (void)file.at("a").as<double>(); }),
              HasSubstr("F32, wanted F64"));
}

TEST(TensorFile, BrokenFilesAreErrorsThatSayWhatIsWrong) {
  const TemporaryFolder folder;
  const auto error_of = [&](const std::string& content) {
    const auto file = folder.write("broken", content);
    return message_of<UsageError>([&] { TensorFile::open(file); });
  };
  EXPECT_THAT(error_of(""), HasSubstr("it has 0 bytes"));
  EXPECT_THAT(error_of(std::string(8, '\xFF')), HasSubstr("its header is said to have"));
  EXPECT_THAT(error_of(with_header("nonsense")), HasSubstr("not a JSON object"));
  EXPECT_THAT(error_of(with_header(R"({"a": 1})")), HasSubstr("lacks dtype"));
  EXPECT_THAT(
      error_of(with_header(R"({"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}})", "ab")),
      HasSubstr("has element type \"F16\""));
  EXPECT_THAT(
      error_of(with_header(R"({"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}})", "ab")),
      HasSubstr("reaches beyond the end"));
  EXPECT_THAT(
      error_of(with_header(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,2]}})", "ab")),
      HasSubstr("another length than its shape"));
  EXPECT_THAT(error_of(with_header(
                  R"({"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}})")),
              HasSubstr("larger than the file"));
  EXPECT_THAT(
      error_of(with_header(R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,2]}})", "ab")),
      HasSubstr("not a whole number"));
  EXPECT_THAT(message_of<UsageError>([&] { TensorFile::open(folder / "none"); }),
              HasSubstr("No such file"));
  EXPECT_THAT(message_of<UsageError>([&] { TensorFile::open(folder.path()); }),
              HasSubstr("not a regular file"));
}

}  // namespace
}  // namespace mer
