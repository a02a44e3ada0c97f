#include "mer/report/feature_export.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"
#include "mer/core/json.hpp"
#include "mer/core/text.hpp"
#include "small_song.hpp"

namespace mer {
namespace {

using test::message_of;
using test::SmallSong;
using test::TemporaryFolder;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

std::string csv_of(const FeatureView& view) {
  std::string csv;
  write_features_csv(view, [&csv](std::string_view text) { csv += text; });
  return csv;
}

/// What stands in an archive behind "name.npy": stored, so that it is there as it is.
std::string array_in(const std::string& npz, const std::string& name) {
  const std::size_t entry = npz.find(name + ".npy");
  const std::size_t start = npz.find("\x93NUMPY", entry);
  return entry == std::string::npos || start == std::string::npos ? "" : npz.substr(start);
}

TEST(FeatureCsv, HasNamesThenARowAFrameAndTheRecipeBesideIt) {
  const TemporaryFolder folder;
  SmallSong song(2);
  song.kept()[1] = 0;
  song.column("mfcc_0") << 0.1F, -1e-7F;
  const std::string csv = csv_of(song.view());
  write_features_csv(folder / "a.csv", song.view());
  EXPECT_EQ(read_text_file(folder / "a.csv"), csv);
  EXPECT_EQ(read_json_file(folder / "a.csv.json")["fingerprint"], "0123");
  const auto rows = parse_csv(csv, "csv");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].cells.size(), 3 + 4 + song.view().layout.lld_columns.size());
  const std::vector<std::string> names(rows[0].cells.begin(), rows[0].cells.begin() + 8);
  EXPECT_EQ(names, (std::vector<std::string>{"time_s", "kept", "energy_db", "logmel_0", "logmel_1",
                                             "logmel_2", "logmel_3", "mfcc_0"}));
  const std::vector<std::string> second(rows[2].cells.begin(), rows[2].cells.begin() + 8);
  EXPECT_EQ(second,
            (std::vector<std::string>{"0.512", "0", "-11", "1", "1.01", "1.02", "1.03", "-1e-07"}));
}

TEST(FeatureNpz, HasArraysInNumPysFormat) {
  const TemporaryFolder folder;
  SmallSong song(2);
  write_features_npz(folder / "a.npz", song.view());
  const std::string npz = read_text_file(folder / "a.npz");
  EXPECT_THAT(npz, StartsWith("PK\x03\x04"));
  const std::string time = array_in(npz, "time_s");
  ASSERT_GT(time.size(), 144U);
  EXPECT_THAT(time, StartsWith(std::string("\x93NUMPY\x01\x00\x76\x00", 10)));
  EXPECT_THAT(time.substr(10, 118),
              StartsWith("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }  "));
  EXPECT_EQ(time[127], '\n');
  double seconds[2];
  std::memcpy(seconds, time.data() + 128, sizeof(seconds));
  EXPECT_EQ(seconds[0], 0.256);
  EXPECT_EQ(seconds[1], 0.512);
  EXPECT_THAT(array_in(npz, "kept"), HasSubstr("'|b1'"));
  EXPECT_THAT(array_in(npz, "metadata").substr(0, 128), HasSubstr("'shape': (), }"));
}

TEST(FeatureNpz, OfTheSameFeaturesIsTheSameFile) {
  const TemporaryFolder folder;
  SmallSong song(3);
  write_features_npz(folder / "a.npz", song.view());
  write_features_npz(folder / "b.npz", song.view());
  EXPECT_EQ(read_text_file(folder / "a.npz"), read_text_file(folder / "b.npz"));
}

TEST(FeatureNpz, ThatCannotBeWrittenIsAnError) {
  const TemporaryFolder folder;
  SmallSong song(1);
  const auto file = folder / "no" / "a.npz";
  EXPECT_THAT(message_of<Error>([&] { write_features_npz(file, song.view()); }),
              StartsWith(file.string() + ": cannot be written: "));
}

}  // namespace
}  // namespace mer
