#include "mer/runs/output_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"
#include "mer/core/tensor_file.hpp"
#include "mer/runs/prediction_list.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using testing::HasSubstr;

class OutputFile : public testing::Test {
 protected:
  std::string refusal(const std::string& name, OutputKind kind) const {
    return message_of<UsageError>([&] { require_output(folder_ / name, kind); });
  }
  void expect_allowed(const std::string& name, OutputKind kind) const {
    EXPECT_NO_THROW(require_output(folder_ / name, kind)) << name;
  }
  test::TemporaryFolder folder_;
};

TEST_F(OutputFile, IsNoSongByNameOrContent) {
  for (const char* name : {"new.wav", "new.MP3", "new.m4a"}) {
    EXPECT_THAT(refusal(name, OutputKind::kPredictionCsv), HasSubstr("is a song's name")) << name;
  }
  folder_.write("song.txt", std::string("RIFF\x24\0\0\0WAVEfmt ", 16));
  for (const OutputKind kind : {OutputKind::kPredictionTable, OutputKind::kManifest,
                                OutputKind::kFeatureTensors, OutputKind::kPlaylist}) {
    EXPECT_THAT(refusal("song.txt", kind), HasSubstr("song.txt: is there already and is not"));
  }
}

TEST_F(OutputFile, ReplacesItsOwnKindOnly) {
  const std::string csv = predictions_csv_header({{"happy", "sad"}});
  const std::vector<std::pair<OutputKind, std::string>> contents = {
      {OutputKind::kPredictionCsv, csv},
      {OutputKind::kManifest, "path,label\na.wav,sad\n"},
      {OutputKind::kPredictionJson, predictions_json("m", {"happy", "sad"}, {})},
      {OutputKind::kPredictionList, prediction_jsonl({}, {}, {})},
      {OutputKind::kPage, "<!DOCTYPE html>\n<html>"}};
  for (const auto& [kind, content] : contents) {
    folder_.write("file", content);
    for (const auto& [other, ignored] : contents) {
      if (kind == other) {
        expect_allowed("file", other);
      } else {
        EXPECT_THAT(refusal("file", other), HasSubstr("it is not replaced")) << content;
      }
    }
  }
  folder_.write("empty", "");
  expect_allowed("empty", OutputKind::kManifest);
  expect_allowed("new.csv", OutputKind::kManifest);
}

TEST_F(OutputFile, TellsFeaturesFromModels) {
  const std::vector<float> zero = {0.0F};
  const TensorView view = view_of(std::span<const float>(zero), {1});
  write_tensor_file(folder_ / "model", {{"w", view}}, {{"format", "mer-model"}});
  write_tensor_file(folder_ / "features", {{"kept", view}}, {});
  expect_allowed("model", OutputKind::kModel);
  expect_allowed("features", OutputKind::kFeatureTensors);
  EXPECT_THAT(refusal("model", OutputKind::kFeatureTensors), HasSubstr("is not a feature file"));
  EXPECT_THAT(refusal("features", OutputKind::kModel), HasSubstr("is not a model"));
}

TEST_F(OutputFile, IsNoInputWhateverItsSpelling) {
  const fs::path model = folder_ / "model";
  write_tensor_file(model, {}, {{"format", "mer-model"}});
  fs::create_symlink("model", folder_ / "link");
  const std::vector<fs::path> inputs = {folder_ / "gone", model};
  EXPECT_THAT(message_of<UsageError>(
                  [&] { require_output(folder_ / "./link", OutputKind::kModel, inputs); }),
              HasSubstr("is read by this command"));
}

TEST_F(OutputFile, NeedsAFolder) {
  EXPECT_THAT(refusal("no/such/x.csv", OutputKind::kPredictionCsv),
              HasSubstr("x.csv: cannot be written: no such folder"));
  EXPECT_THAT(refusal("", OutputKind::kPredictionCsv), HasSubstr("is a folder"));
  EXPECT_NO_THROW(require_output("/dev/null", OutputKind::kPredictionCsv));
}

}  // namespace
}  // namespace mer
