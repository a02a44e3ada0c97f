#include "mer/runs/split_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Songs "0", "1", … of these labels and groups.
Manifest manifest_of(const std::vector<std::pair<std::string, std::string>>& songs) {
  Manifest manifest;
  for (const auto& [label, group] : songs) {
    Song song;
    song.id = std::to_string(manifest.songs.size());
    song.listed_path = song.id + ".wav";
    song.label = label;
    song.group = group;
    manifest.songs.push_back(song);
  }
  return manifest;
}

TEST(SplitCsv, IsReadBackAsWritten) {
  const test::TemporaryFolder folder;
  Manifest manifest = manifest_of({{"happy", "Crosby, Stills"}, {"sad", "b"}, {"sad", "c"}});
  const Split split = {kTrain, kTest, kValidation};
  write_split_csv(folder / "split.csv", manifest, split);
  EXPECT_EQ(read_text_file(folder / "split.csv"),
            "id,path,label,group,split\n"
            "0,0.wav,happy,\"Crosby, Stills\",train\n"
            "1,1.wav,sad,b,test\n"
            "2,2.wav,sad,c,validation\n");
  EXPECT_EQ(read_split_csv(folder / "split.csv", manifest), split);
  std::reverse(manifest.songs.begin(), manifest.songs.end());
  EXPECT_THAT(read_split_csv(folder / "split.csv", manifest),
              ElementsAre(kValidation, kTest, kTrain));
}

TEST(SplitCsv, ThatListsOtherSongsIsAnError) {
  const test::TemporaryFolder folder;
  const Manifest manifest = manifest_of({{"happy", "a"}, {"sad", "b"}});
  const auto complaint = [&](const std::string& text) {
    const std::filesystem::path file = folder.write("s.csv", text);
    return test::message_of<UsageError>([&] { read_split_csv(file, manifest); });
  };
  const std::string head = "id,path,label,group,split\n0,0.wav,happy,a,train\n";
  EXPECT_THAT(complaint(head), HasSubstr("s.csv: song '1' of the manifest is missing"));
  EXPECT_THAT(complaint(head + "7,7.wav,sad,b,test\n"),
              HasSubstr("s.csv:3: song '7' is not in the manifest"));
  EXPECT_THAT(complaint(head + "1,1.wav,happy,b,test\n"),
              HasSubstr("s.csv:3: song '1' has the label 'happy' here and 'sad' in the manifest"));
  EXPECT_THAT(complaint(head + "1,1.wav,sad,b,dev\n"), HasSubstr("s.csv:3: unknown split 'dev'"));
  EXPECT_THAT(complaint(head + "0,0.wav,happy,a,train\n"), HasSubstr("stands there twice"));
  EXPECT_THAT(complaint("id,split\n0,train\n"), HasSubstr("s.csv:1: the columns must be"));
}

}  // namespace
}  // namespace mer
