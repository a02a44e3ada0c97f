#include "mer/corpus/manifest.hpp"

#include <gtest/gtest.h>

#include "../store/test_data.hpp"

namespace mer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// A manifest beside the files a.wav, b.wav, c.wav and sub/a.wav.
class ManifestTest : public testing::Test {
 protected:
  ManifestTest() {
    for (const char* name : {"a.wav", "b.wav", "c.wav", "sub/a.wav"}) folder_.write(name, "x");
  }
  Manifest load(const std::string& text) { return Manifest::load(folder_.write("m.csv", text)); }
  /// The error's text without the folder in front.
  std::string complaint(const std::string& text) {
    const std::string message = message_of<UsageError>([&] { load(text); });
    EXPECT_THAT(message, StartsWith(folder_.path().string() + "/"));
    return message.substr(folder_.path().string().size() + 1);
  }
  TemporaryFolder folder_;
};

TEST_F(ManifestTest, WithAllColumnsIsReadAsWritten) {
  const Manifest manifest = load(
      "label,path,id,group,split,valence,arousal\n"
      "sad,a.wav,one,\"Crosby, Stills\",train,-0.5,-1\n"
      "happy,./sub/a.wav,two,Nash,test,,1\n");
  ASSERT_EQ(manifest.songs.size(), 2U);
  const Song& first = manifest.songs[0];
  EXPECT_EQ(first.id, "one");
  EXPECT_EQ(first.path, folder_ / "a.wav");
  EXPECT_EQ(first.listed_path, "a.wav");
  EXPECT_EQ(first.label, "sad");
  EXPECT_EQ(first.group, "Crosby, Stills");
  EXPECT_EQ(first.split, "train");
  EXPECT_EQ(first.valence, -0.5);
  EXPECT_EQ(first.arousal, -1.0);
  EXPECT_EQ(first.line, 2);
  EXPECT_EQ(manifest.songs[1].path, folder_ / "sub/a.wav");
  EXPECT_TRUE(std::isnan(manifest.songs[1].valence));
  EXPECT_THAT(manifest.classes, ElementsAre("happy", "sad"));
  EXPECT_TRUE(manifest.has_groups);
  EXPECT_TRUE(manifest.has_splits);
  EXPECT_EQ(manifest.class_index("sad"), 1);
  EXPECT_THROW(manifest.class_index("angry"), std::invalid_argument);
}

TEST_F(ManifestTest, WithoutIdsAndGroupsTakesIdsFromPathsAndEachSongAsItsOwnGroup) {
  const Manifest manifest = load("path,label\r\na.wav,sad\r\nsub/a.wav,happy\r\n");
  EXPECT_EQ(manifest.songs[0].id, "a");
  EXPECT_EQ(manifest.songs[1].id, "sub/a");
  EXPECT_EQ(manifest.songs[1].group, "sub/a");
  EXPECT_FALSE(manifest.has_groups);
  EXPECT_FALSE(manifest.has_splits);
}

TEST_F(ManifestTest, PathsThatDifferOnlyInTheExtensionGetDifferentIdsInAnyOrder) {
  folder_.write("a.mp3", "x");
  const Manifest one = load("path,label\na.wav,sad\na.mp3,happy\n");
  const Manifest other = load("path,label\na.mp3,happy\na.wav,sad\n");
  EXPECT_NE(one.songs[0].id, one.songs[1].id);
  EXPECT_EQ(one.songs[0].id, other.songs[1].id);
  EXPECT_EQ(one.songs[1].id, other.songs[0].id);
}

TEST_F(ManifestTest, OfAnotherFolderIsReadRelativeToItself) {
  const Manifest manifest =
      Manifest::load(folder_.write("lists/m.csv", "path,label\n../a.wav,sad\n../b.wav,happy\n"));
  EXPECT_EQ(manifest.songs[0].path, folder_ / "a.wav");
  EXPECT_EQ(manifest.songs[0].id, "a");
}

TEST_F(ManifestTest, ThatDoesNotExistIsAnErrorWithAdvice) {
  EXPECT_THAT(message_of<UsageError>([] { Manifest::load("nowhere/m.csv"); }),
              StartsWith("nowhere/m.csv: no such manifest | check the path"));
}

TEST_F(ManifestTest, ErrorsNameTheLineAndTheValue) {
  const struct {
    const char* text;
    const char* message;
  } cases[] = {
      {"path,label,grup\na.wav,sad,x\n",
       "m.csv:1: unknown column 'grup', known are path, label, group, split, id, valence, arousal "
       "| did you mean 'group'?"},
      {"path,label,label\na.wav,sad,sad\n", "m.csv:1: column 'label' stands there twice"},
      {"path,group\na.wav,x\n", "m.csv:1: column 'label' is missing"},
      {"label\nsad\n", "m.csv:1: column 'path' is missing"},
      {"path,label\na.wav,sad\nb.wav,\n", "m.csv:3: the label is empty"},
      {"path,label\n,sad\n", "m.csv:2: the path is empty"},
      {"path,label\na.wav,sad \n", "m.csv:2: label 'sad ' begins or ends with a space"},
      {"path,label\na.wav,sad\nb.wav,happy\n./a.wav,sad\n",
       "m.csv:4: path './a.wav' is already in line 2"},
      {"path,label,id\na.wav,sad,1\nb.wav,happy,1\n", "m.csv:3: id '1' is already in line 2"},
      {"path,label,split\na.wav,sad,val\n",
       "m.csv:2: unknown split 'val' | splits are called train, validation, test"},
      {"path,label,group,split\na.wav,sad,x,train\nb.wav,happy,y,train\nc.wav,sad,x,test\n",
       "m.csv:4: group 'x' is in 'test' here and in 'train' in line 2"},
      {"path,label,valence\na.wav,sad,1.01\n", "m.csv:2: valence '1.01' is not a number in -1…1"},
      {"path,label,arousal\na.wav,sad,nan\n", "m.csv:2: arousal 'nan' is not a number in -1…1"},
      {"path,label,arousal\na.wav,sad,0.5x\n", "m.csv:2: arousal '0.5x' is not a number"},
      {"path,label\na.wav,sad\n\nd.wav,sad\n", "m.csv:4: no such file: 'd.wav'"},
      {"path,label\nsub,sad\n", "m.csv:2: 'sub' is a folder, not a file"},
      {"path,label\na.wav,sad\nb.wav,sad\n", "m.csv: all songs have the label 'sad'"},
      {"path,label\n", "m.csv: the manifest lists no songs"},
      {"", "m.csv: the file is empty"},
      {"path,label\na.wav,sad,extra\n", "m.csv:2: "},
  };
  for (const auto& one : cases) EXPECT_THAT(complaint(one.text), StartsWith(one.message));
}

TEST(CanonicalOrder, PutsTheQuadrantsFirstAndSortsTheRest) {
  EXPECT_THAT(in_canonical_order({"zen", "relaxed", "angst", "sad", "happy", "anger", "sad"}),
              ElementsAre("happy", "anger", "sad", "relaxed", "angst", "zen"));
}

}  // namespace
}  // namespace mer
