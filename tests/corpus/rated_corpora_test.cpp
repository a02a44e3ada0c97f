// DEAM and PMEmo on made-up trees of their published layouts.
#include <gtest/gtest.h>

#include "../store/test_data.hpp"
#include "import_with.hpp"

namespace mer {
namespace {

using test::import_with;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kDeamRatings = "annotations/annotations averaged per song/song_level/";
const std::string kFirstRatings = kDeamRatings + "static_annotations_averaged_songs_1_2000.csv";
const std::string kLastRatings = kDeamRatings + "static_annotations_averaged_songs_2000_2058.csv";
constexpr const char* kDeamHeader =
    "song_id, valence_mean, valence_std, arousal_mean, arousal_std\n";

class ImportDeam : public testing::Test {
 protected:
  ImportDeam() {
    folder_.write(kLastRatings, kDeamHeader);
    for (const char* id : {"2", "3", "5", "7", "1001", "2001"}) {
      folder_.write("MEMD_audio/" + std::string(id) + ".mp3", "x");
    }
  }
  void rate(const std::string& lines) { folder_.write(kFirstRatings, kDeamHeader + lines); }
  ImportReport import(const std::string& options = "{}") {
    return import_with("deam", {folder_.path(), folder_ / "m.csv"}, options);
  }
  std::string complaint() {
    return message_of<UsageError>([&] { import(); });
  }
  void add_metadata() {
    folder_.write("metadata/metadata_2013.csv",
                  "song_id,file_name,Artist,Song title,start,end,Genre\n"
                  "2,\t00002.mp3,\tThe One\t,\t\"A, B\"\t,0.15,0.45,Rock\n"
                  "3,3.mp3,\xC2\xA0The One,x,0.15,0.45,Rock\n5,5.mp3,Five,x,0,1,Pop\n"
                  "7,7.mp3,Seven,x,0,1,Pop\n");
    folder_.write("metadata/metadata_2014.csv",
                  "Id,Artist,Album,Track,Genre,segment start,segment end,last.fm labels,,\n"
                  "1001,\"Jane, Doe\",x,x,Pop,0,45,a,b,c,d,e,f\n");
    folder_.write("metadata/metadata_2015.csv",
                  "id,Filename,title,artist,album,genre\n2001,2001.mp3,x,Zed,n/a,Pop,extra\n");
  }
  TemporaryFolder folder_;
};

TEST_F(ImportDeam, RescalesRatingsAndTakesTheQuadrantAsTheClassAndTheArtistAsTheGroup) {
  rate("2,7,1,9,1\n3,2,1,6.6,1\n5,3.1,1,1,1\n7,8,1,3,1\n1001,6,1,7,1\n");
  folder_.write(kLastRatings,
                "song_id, valence_mean, valence_std, valence_max_mean, arousal_mean, arousal_std\n"
                "2001,3,1,1,3,1\n");
  add_metadata();
  const ImportReport report = import();
  // (rating − 5) / 4
  EXPECT_EQ(content_of(folder_ / "m.csv"),
            "path,label,group,id,valence,arousal\n"
            "MEMD_audio/2.mp3,happy,The One,2,0.5,1\n"
            "MEMD_audio/3.mp3,anger,The One,3,-0.75,0.4\n"
            "MEMD_audio/5.mp3,sad,Five,5,-0.475,-1\n"
            "MEMD_audio/7.mp3,relaxed,Seven,7,0.75,-0.5\n"
            "MEMD_audio/1001.mp3,happy,\"Jane, Doe\",1001,0.25,0.5\n"
            "MEMD_audio/2001.mp3,sad,Zed,2001,-0.5,-0.5\n");
  EXPECT_EQ(report.songs, 6U);
  EXPECT_EQ(report.groups, 5U);
  EXPECT_THAT(report.warnings, IsEmpty());
  EXPECT_THAT(report.notes,
              ElementsAre("valence and arousal are rescaled from 1…9 to -1…1",
                          "0 songs have their valence or arousal in the neutral zone (4.2…5.8 of "
                          "1…9) and are left out"));
  EXPECT_EQ(Manifest::load(folder_ / "m.csv").songs.size(), 6U);
}

TEST_F(ImportDeam, LeavesOutWhatIsATenthOfTheScaleOrLessFromItsMiddle) {
  // a tenth of 1…9 is 0.8: 4.2 and 5.8 are in the neutral zone, 4.19 and 5.81 are not
  rate("2,5.8,1,9,1\n3,5.81,1,5.81,1\n5,4.19,1,4.19,1\n7,1,1,4.2,1\n1001,9,1,5,1\n");
  const ImportReport report = import();
  EXPECT_EQ(report.songs, 2U);
  EXPECT_THAT(report.classes, ElementsAre("happy", "sad"));
  EXPECT_THAT(report.notes.at(1), HasSubstr("3 songs have"));
}

TEST_F(ImportDeam, WithoutANeutralZoneLeavesOutOnlyTheMiddleItself) {
  rate("2,5,1,9,1\n3,5.01,1,4.99,1\n5,4.99,1,5.01,1\n7,9,1,5,1\n");
  const ImportReport report = import("neutral: 0");
  EXPECT_EQ(report.songs, 2U);
  EXPECT_THAT(report.classes, ElementsAre("anger", "relaxed"));
}

TEST_F(ImportDeam, CountsWhatIsMissingAndGoesOn) {
  rate("2,7,1,9,1\n3,2,1,2,1\n4,8,1,8,1\n3,9,1,9,1\n");
  folder_.write("metadata/metadata_2013.csv", "song_id,file_name,Artist\n2,x,Two\n");
  const ImportReport report = import();
  EXPECT_EQ(report.songs, 2U);
  EXPECT_THAT(report.warnings,
              ElementsAre(HasSubstr("metadata_2014.csv is not there"),
                          HasSubstr("metadata_2015.csv is not there"),
                          "1 rated songs have no audio and are left out: 4",
                          "1 songs are rated twice; the first line counts: 3",
                          "1 songs have no artist; each is a group of its own: 3"));
}

TEST_F(ImportDeam, ErrorsSayWhatWasExpectedAndWhereToGetIt) {
  EXPECT_THAT(complaint(), HasSubstr("songs_1_2000.csv: no such file or folder | unpack "
                                     "DEAM_Annotations.zip from https://cvml.unige.ch"));
  rate("2,7,1,9.5,1\n");
  EXPECT_THAT(complaint(), HasSubstr("songs_1_2000.csv:2: arousal 9.5 is outside the scale 1…9"));
  rate("2,7,1,n/a,1\n");
  EXPECT_THAT(complaint(), HasSubstr("songs_1_2000.csv:2: arousal_mean 'n/a' is not a number"));
  folder_.write(kFirstRatings, "song_id,valence,arousal\n2,7,9\n");
  EXPECT_THAT(complaint(), HasSubstr("songs_1_2000.csv:1: column 'valence_mean' is missing"));
  rate("2,7,1,9,1\n3,8,1,9,1\n");
  EXPECT_THAT(complaint(), HasSubstr("only one class would be in it, 'happy'"));
  rate("2,5,1,9,1\n");
  EXPECT_THAT(complaint(), HasSubstr("all 1 songs with audio lie in the neutral zone (4.2…5.8"));
  rate("9,7,1,9,1\n10,7,1,9,1\n");
  EXPECT_THAT(complaint(), HasSubstr("none of the 2 rated songs has its audio | unpack "
                                     "DEAM_audio.zip"));
  std::filesystem::remove_all(folder_ / "MEMD_audio");
  EXPECT_THAT(complaint(), HasSubstr("MEMD_audio: no such file or folder"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "m.csv"));
}

class ImportPmemo : public testing::Test {
 protected:
  ImportPmemo() {
    for (const char* id : {"1", "4", "5", "6"}) {
      folder_.write("PMEmo2019/chorus/" + std::string(id) + ".mp3", "x");
    }
    folder_.write(
        "PMEmo2019/metadata.csv",
        "musicId,fileName,title,artist,album,duration,chorus_start_time,chorus_end_time\n"
        "1,1.mp3,\"Good, Grief\",Bastille,x,206.5,00:00,00:30\n4,4.mp3,x,Bastille,x,1,0,1\n"
        "5,5.mp3,x,Sia,x,1,0,1\n6,6.mp3,x,,x,1,0,1\n");
  }
  void rate(const std::string& lines) {
    folder_.write("PMEmo2019/annotations/static_annotations.csv",
                  "musicId,Arousal(mean),Valence(mean)\n" + lines);
  }
  TemporaryFolder folder_;
};

TEST_F(ImportPmemo, RescalesRatingsFromZeroToOne) {
  rate("1,0.75,0.625\n4,0.875,0.25\n5,0.25,0.125\n6,0,1\n");
  const ImportReport report = import_with("pmemo", {folder_.path(), folder_ / "m.csv"});
  EXPECT_EQ(content_of(folder_ / "m.csv"),
            "path,label,group,id,valence,arousal\n"
            "PMEmo2019/chorus/1.mp3,happy,Bastille,1,0.25,0.5\n"
            "PMEmo2019/chorus/4.mp3,anger,Bastille,4,-0.5,0.75\n"
            "PMEmo2019/chorus/5.mp3,sad,Sia,5,-0.75,-0.5\n"
            "PMEmo2019/chorus/6.mp3,relaxed,song 6,6,1,-1\n");
  EXPECT_EQ(report.groups, 3U);
  EXPECT_THAT(report.notes, ElementsAre(HasSubstr("from 0…1 to -1…1"), HasSubstr("0.4…0.6 of 0…1"),
                                        HasSubstr("induced")));
  EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("1 songs have no artist")));
}

TEST_F(ImportPmemo, LeavesOutWhatIsATenthOfTheScaleOrLessFromItsMiddle) {
  rate("1,0.61,0.61\n4,0.39,0.39\n5,0.6,0.9\n6,0.9,0.4\n");
  const ImportReport report = import_with("pmemo", {folder_ / "PMEmo2019", folder_ / "m.csv"});
  EXPECT_EQ(report.songs, 2U);
  EXPECT_THAT(report.classes, ElementsAre("happy", "sad"));
}

TEST_F(ImportPmemo, WithoutItsFilesSaysWhereTheyAre) {
  const auto complaint = [&] {
    return message_of<UsageError>([&] {
      import_with("pmemo", {folder_.path(), folder_ / "m.csv"});
    });
  };
  EXPECT_THAT(complaint(), HasSubstr("annotations/static_annotations.csv: no such file or folder | "
                                     "PMEmo2019.zip, linked from https://github.com/HuiZhangDB"));
  std::filesystem::remove(folder_ / "PMEmo2019/metadata.csv");
  EXPECT_THAT(complaint(), HasSubstr("metadata.csv: no such file or folder"));
}

}  // namespace
}  // namespace mer
