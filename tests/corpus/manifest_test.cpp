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
       "m.csv:1: unknown column 'grup', known are path, label, labels, valence, arousal, dynamic, "
       "share_<class>, group, split, id | did you mean 'group'?"},
      {"path,label,label\na.wav,sad,sad\n", "m.csv:1: column 'label' stands there twice"},
      {"path,group\na.wav,x\n",
       "m.csv:1: no column says what to learn | the first line must "
       "name the columns: path, at least one of label, labels, valence,arousal, dynamic"},
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
      {"path,label\n", "m.csv: the manifest lists no songs"},
      {"", "m.csv: the file is empty"},
      {"path,label\na.wav,sad,extra\n", "m.csv:2: "},
      {"path,label,valence\na.wav,,0\nb.wav,,\n",
       "m.csv:3: the label, the valence are empty: nothing is known of the song"},
      {"path,labels\na.wav,calm; deep\n", "m.csv:2: labels ' deep' begins or ends with a space"},
      {"path,labels\na.wav,calm;deep;calm\n",
       "m.csv:2: labels 'calm;deep;calm': 'calm' stands there twice"},
      {"path,labels\na.wav,calm;\n", "m.csv:2: labels 'calm;': one of them is empty"},
      {"path,share_\na.wav,1\n", "m.csv:1: unknown column 'share_'"},
      {"path,share_ sad\na.wav,1\n", "m.csv:1: class ' sad' begins or ends with a space"},
      {"path,share_sad,share_happy\na.wav,0.5,0.47\n", "m.csv:2: the shares' sum is 0.97, not 1"},
      {"path,share_sad,share_happy\na.wav,1,\n", "m.csv:2: some shares are empty, others are not"},
      {"path,share_sad,share_happy\na.wav,1.2,-0.2\n",
       "m.csv:2: share_happy '-0.2' is not a number in 0…1"},
      {"path,dynamic\na.wav,d.csv\n", "m.csv:2: no such file: 'd.csv'"},
      {"path,dynamic\na.wav,sub\n", "m.csv:2: 'sub' is a folder"},
      {"path,dynamic\na.wav,b.wav\n", "b.wav:1: column 'time_s' is missing"},
  };
  for (const auto& one : cases) EXPECT_THAT(complaint(one.text), StartsWith(one.message));
}

TEST_F(ManifestTest, ASingleClassIsNotEnoughToLearnFrom) {
  for (const char* text : {"path,label\na.wav,sad\nb.wav,sad\n", "path,share_sad\na.wav,1\n"}) {
    const Manifest manifest = load(text);  // to be scored it may be
    EXPECT_THAT(
        test::message_of<UsageError>([&] { manifest.require_no_single_class(); }),
        HasSubstr("m.csv: all songs have the label 'sad', at least two classes are needed"));
  }
  load("path,label\na.wav,sad\nb.wav,happy\n").require_no_single_class();
  load("path,labels\na.wav,calm\n").require_no_single_class();  // no class at all
}

TEST_F(ManifestTest, OfSeveralTargetsKnowsOfEachSongWhatItSays) {
  folder_.write("sub/curve.csv", "time_s,valence,arousal\n0.5,-1,0.25\n");
  const Manifest manifest = load(
      "path,label,labels,valence,arousal,dynamic,share_zen,share_anger\n"
      "a.wav,,dark;calm,,,,,\n"
      "b.wav,sad,calm,0.5,-0.5,sub/curve.csv,0.99,0\n"
      "c.wav,,,,,,0.25,0.75\n");
  EXPECT_THAT(manifest.classes, ElementsAre("anger", "sad", "zen"));
  EXPECT_THAT(manifest.tags, ElementsAre("calm", "dark"));
  const auto& [a, b, c] = std::tie(manifest.songs[0], manifest.songs[1], manifest.songs[2]);
  EXPECT_THAT(a.labels, ElementsAre("calm", "dark"));
  EXPECT_TRUE(a.has_labels);
  EXPECT_EQ(a.label + a.dynamic, "");
  EXPECT_TRUE(a.shares.empty());
  EXPECT_THAT(b.labels, ElementsAre("calm"));
  EXPECT_THAT(b.shares, ElementsAre(0.0, 0.0, 0.99));
  EXPECT_EQ(b.dynamic, folder_ / "sub/curve.csv");
  EXPECT_FALSE(c.has_labels);
  EXPECT_EQ(c.label, "");  // the raters' majority is not made a class
  EXPECT_THAT(c.shares, ElementsAre(0.75, 0.0, 0.25));
  EXPECT_THAT(message_of<UsageError>([&] { manifest.require_classes(); }),
              testing::EndsWith("m.csv:2: the song has no class | fill in its label: this system "
                                "learns one class a song"));
}

TEST_F(ManifestTest, OfTagsOrNumbersAloneHasNoClasses) {
  EXPECT_THAT(load("path,labels\na.wav,calm\nb.wav,calm\n").classes, testing::IsEmpty());
  EXPECT_THAT(load("path,valence,arousal\na.wav,0,1\n").classes, testing::IsEmpty());
  EXPECT_NO_THROW(load("path,label\na.wav,sad\nb.wav,happy\n").require_classes());
}

TEST_F(ManifestTest, ACurveIsReadWithTimesThatAscend) {
  const auto read = [&](const std::string& rows) {
    return read_emotion_curve(folder_.write("c.csv", "time_s,arousal,valence,raters\n" + rows));
  };
  const EmotionCurve curve = read("0,-1,0.5,10\n0.5,1,-0.25,9\n");
  EXPECT_THAT(curve.time_s, ElementsAre(0.0, 0.5));
  EXPECT_THAT(curve.valence, ElementsAre(0.5, -0.25));
  EXPECT_THAT(curve.arousal, ElementsAre(-1.0, 1.0));
  const std::pair<const char*, const char*> cases[] = {
      {"", "c.csv: the curve has no points"},
      {"1,0,0,1\n1,0,0,1\n", "c.csv:3: time_s 1 is not after the row before it"},
      {"-1,0,0,1\n", "c.csv:2: time_s -1 is before the song's start"},
      {"x,0,0,1\n", "c.csv:2: time_s 'x' is not a number"},
      {"1,0,1.5,1\n", "c.csv:2: valence '1.5' is not a number in -1…1"},
      {"1,,0,1\n", "c.csv:2: arousal is empty"},
  };
  for (const auto& [rows, message] : cases) {
    EXPECT_THAT(message_of<UsageError>([&] { read(rows); }), HasSubstr(message));
  }
}

TEST(CanonicalOrder, PutsTheQuadrantsFirstAndSortsTheRest) {
  EXPECT_THAT(in_canonical_order({"zen", "relaxed", "angst", "sad", "happy", "anger", "sad"}),
              ElementsAre("happy", "anger", "sad", "relaxed", "angst", "zen"));
}

}  // namespace
}  // namespace mer
