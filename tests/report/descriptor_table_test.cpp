#include "mer/report/descriptor_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../support/temporary_folder.hpp"
#include "mer/core/json.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

using test::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;

DescriptorTable made_table() {
  DescriptorTable table;
  table.columns = {{"tempo_bpm", "tempo", "1/min"}, {"key_mode", "tonality", "1"}};
  table.paths = {"a, b.wav", "c.wav"};
  table.values.resize(2, 2);
  table.values << 97.0F, 0.1F, 120.5F, -1e-7F;
  table.metadata = {{"fingerprint", "0123"}, {"recipe", "{\"a\": 1}"}};
  return table;
}

TEST(DescriptorTable, AsCsvHasNamesThenARowASongAndTheRestBesideIt) {
  const TemporaryFolder folder;
  write_descriptors(made_table(), folder / "t.csv", "csv");
  const auto description = read_json_file(folder / "t.csv.json");
  EXPECT_EQ(description["fingerprint"], "0123");
  EXPECT_EQ(description["recipe"]["a"], 1);
  EXPECT_EQ(description["columns"][1]["family"], "tonality");
  const auto rows = read_csv(folder / "t.csv");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_THAT(rows[0].cells, ElementsAre("path", "tempo_bpm", "key_mode"));
  EXPECT_THAT(rows[1].cells, ElementsAre("a, b.wav", "97", "0.1"));
  EXPECT_THAT(rows[2].cells, ElementsAre("c.wav", "120.5", "-1e-07"));
}

TEST(DescriptorTable, OfPartsOfSongsSaysWhichAndHoldsEmbeddings) {
  const TemporaryFolder folder;
  DescriptorTable table = made_table();
  table.parts = {{0.0, 2.5, true}, {2.5, 3.25, false}};
  write_descriptors(table, folder / "t.csv", "csv");
  const auto rows = read_csv(folder / "t.csv");
  EXPECT_THAT(rows[0].cells,
              ElementsAre("path", "start_s", "end_s", "valid", "tempo_bpm", "key_mode"));
  EXPECT_THAT(rows[2].cells, ElementsAre("c.wav", "2.5", "3.25", "0", "120.5", "-1e-07"));
  write_descriptors(table, folder / "t.safetensors", "safetensors");
  const TensorFile file = TensorFile::open(folder / "t.safetensors");
  EXPECT_EQ(file.at("embeddings", {2, 2}).as<float>()[2], 120.5F);
  EXPECT_THAT(file.at("end_s", {2}).as<double>(), ElementsAre(2.5, 3.25));
  EXPECT_THAT(file.at("valid", {2}).as<std::uint8_t>(), ElementsAre(1, 0));
}

TEST(DescriptorTable, AsATensorFileHasItsNamesInTheMetadata) {
  const TemporaryFolder folder;
  write_descriptors_tensor(folder / "t.safetensors", made_table());
  const TensorFile file = TensorFile::open(folder / "t.safetensors");
  EXPECT_THAT(file.at("descriptors", {2, 2}).as<float>(), ElementsAre(97.0F, 0.1F, 120.5F, -1e-7F));
  EXPECT_EQ(file.metadata().at("names"), R"(["tempo_bpm","key_mode"])");
  EXPECT_EQ(file.metadata().at("families"), R"(["tempo","tonality"])");
  EXPECT_EQ(file.metadata().at("paths"), R"(["a, b.wav","c.wav"])");
  EXPECT_EQ(file.metadata().at("fingerprint"), "0123");
}

TEST(DescriptorTable, AsNpzHasAnArrayOfEach) {
  const TemporaryFolder folder;
  write_descriptors_npz(folder / "t.npz", made_table());
  const std::string npz = read_text_file(folder / "t.npz");
  for (const char* name : {"path", "descriptors", "names", "families", "units", "metadata"}) {
    EXPECT_THAT(npz, HasSubstr(std::string(name) + ".npy")) << name;
  }
  EXPECT_THAT(npz, HasSubstr("'shape': (2,2,)"));
}

}  // namespace
}  // namespace mer
