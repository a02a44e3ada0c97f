// MERGE, MTG-Jamendo, emoMusic, Grekow's set and VGMIDI on made-up trees of their published
// layouts, and DEAM's ratings over time.
#include <gtest/gtest.h>
#include <stdlib.h>

#include "../store/test_data.hpp"
#include "../support/two_note_midi.hpp"
#include "import_with.hpp"

namespace mer {
namespace {

using test::import_with;
using test::two_note_midi;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Corpus : public testing::Test {
 protected:
  explicit Corpus(std::string name) : name_(std::move(name)) {}
  ImportReport import(const std::string& options = "{}") {
    return import_with(name_, {folder_ / "c", folder_ / "m.csv"}, options);
  }
  std::string complaint(const std::string& options = "{}") {
    return message_of<UsageError>([&] { import(options); });
  }
  std::string manifest() const { return content_of(folder_ / "m.csv"); }
  std::filesystem::path write(const std::string& file, const std::string& text) {
    return folder_.write("c/" + file, text);
  }
  void audio(const std::vector<std::string>& files) {
    for (const std::string& file : files) write(file, "x");
  }
  TemporaryFolder folder_;

 private:
  std::string name_;
};

class ImportMerge : public Corpus {
 protected:
  ImportMerge() : Corpus("merge") {
    const std::string root = "MERGE_Audio_Complete/";
    audio({root + "Q1/MT0000004637.mp3", root + "Q2/A001.mp3", root + "Q3/A002.mp3",
           root + "Q4/A003.mp3"});
    write(root + "merge_audio_complete_metadata.csv",
          "Song,Quadrant,AllMusic Id,Artist,Title,Relevance\n"
          "MT0000004637,Q1,,C\xC3\x83\xC2\xA9line,\"One, Two\",1\nA001,Q2,MT1,Band,x,2\n"
          "A002,Q3,MT2,Band,x,3\nA003,Q4,MT3,,x,4\nA004,Q4,MT4,Gone,x,5\n");
    write(root + "merge_audio_complete_av_values.csv",
          "Song,Arousal,Valence\nA001,1,0\nA002,0.25,0.1\nMT0000004637,0.9,0.75\n");
    split("70_15_15", "train", "Song,Quadrant\nMT0000004637,Q1\nA001,Q2\n");
    split("70_15_15", "validate", "Song,Quadrant\nA003,Q4\n");
    split("70_15_15", "test", "Song,Quadrant\nA002,Q3\n");
    split("40_30_30", "train", "Song,Quadrant\nMT0000004637,Q1\n");
    split("40_30_30", "validate", "Song,Quadrant\nA001,Q2\nA002,Q3\n");
    split("40_30_30", "test", "Song,Quadrant\n");
  }
  void split(const std::string& scheme, const std::string& part, const std::string& text) {
    write("MERGE_Audio_Complete/tvt_dataframes/tvt_" + scheme + "/tvt_" + scheme + "_" + part +
              "_audio_complete.csv",
          text);
  }
};

TEST_F(ImportMerge, TakesTheOfficialSplitAndSeparatesArtistsThatItTearsApart) {
  const ImportReport report = import();
  // 2 · value − 1
  EXPECT_EQ(manifest(),
            "path,label,group,split,id,valence,arousal\n"
            "c/MERGE_Audio_Complete/Q1/MT0000004637.mp3,happy,Céline,train,MT0000004637,0.5,0.8\n"
            "c/MERGE_Audio_Complete/Q2/A001.mp3,anger,Band (train),train,A001,-1,1\n"
            "c/MERGE_Audio_Complete/Q3/A002.mp3,sad,Band (test),test,A002,-0.8,-0.5\n"
            "c/MERGE_Audio_Complete/Q4/A003.mp3,relaxed,song A003,validation,A003,,\n");
  EXPECT_THAT(report.warnings,
              ElementsAre("1 clips are not there and are left out: A004",
                          "1 clips have no artist; each is a group of its own: A003",
                          "1 artists are in more than one part of the official split, which "
                          "flatters the scores: Band"));
  EXPECT_EQ(Manifest::load(folder_ / "m.csv").songs.size(), 4U);
}

TEST_F(ImportMerge, TakesTheOtherSplitOrNone) {
  EXPECT_THAT(import("split: 40_30_30").warnings,
              testing::Contains("1 clips are in no part of the official split and are left out: "
                                "A003"));
  EXPECT_THAT(manifest(), HasSubstr("sad,Band,validation,A002"));
  import("split: none");
  EXPECT_THAT(manifest(), HasSubstr("path,label,group,id,valence,arousal\n"));
  EXPECT_EQ(Manifest::load(folder_ / "m.csv").songs.size(), 4U);
}

TEST_F(ImportMerge, ErrorsSayWhatIsMissing) {
  EXPECT_THAT(complaint("variant: balanced"),
              HasSubstr("merge_audio_balanced_metadata.csv: no such file or folder | unpack "
                        "MERGE_Audio_Balanced.zip from https://zenodo.org/records/13939205"));
  split("70_15_15", "test", "Song,Quadrant\nA001,Q2\n");
  EXPECT_THAT(complaint(),
              HasSubstr("_test_audio_complete.csv:2: song 'A001' is already in 'train'"));
  write("MERGE_Audio_Complete/merge_audio_complete_av_values.csv",
        "Song,Arousal,Valence\nA001,1.5,0\n");
  EXPECT_THAT(complaint("split: none"),
              HasSubstr("av_values.csv:2: Arousal 1.5 is outside the scale 0…1"));
}

class ImportJamendo : public Corpus {
 protected:
  ImportJamendo() : Corpus("mtg_jamendo") {
    audio({"audio/34/34.mp3", "audio/81/81.low.mp3", "audio/96/96.mp3"});
    part("train",
         "track_0000034\tartist_1\talbum_1\t34/34.mp3\t460.8\tmood/theme---deep\n"
         "track_0000081\tartist_1\talbum_2\t81/81.mp3\t189.3\tmood/theme---sad\t"
         "mood/theme---emotional\n");
    part("validation", "track_0000096\tartist_2\talbum_3\t96/96.mp3\t1\tmood/theme---love\n");
    part("test", "track_0000097\tartist_3\talbum_4\t97/97.mp3\t1\tmood/theme---love\n");
  }
  void part(const std::string& name, const std::string& rows) {
    write("data/splits/split-0/autotagging_moodtheme-" + name + ".tsv",
          "TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS\n" + rows);
  }
};

TEST_F(ImportJamendo, HasSeveralMoodsASongAndTheOfficialSplitOfArtists) {
  const ImportReport report = import();
  EXPECT_EQ(manifest(),
            "path,labels,group,split,id\n"
            "c/audio/34/34.mp3,deep,artist_1,train,track_0000034\n"
            "c/audio/81/81.low.mp3,sad;emotional,artist_1,train,track_0000081\n"
            "c/audio/96/96.mp3,love,artist_2,validation,track_0000096\n");
  EXPECT_EQ(report.tags, 4U);
  EXPECT_THAT(report.classes, IsEmpty());
  EXPECT_THAT(report.warnings, ElementsAre("1 songs are not there and are left out: 97/97.mp3"));
  const Manifest manifest = Manifest::load(folder_ / "m.csv");
  EXPECT_THAT(manifest.tags, ElementsAre("deep", "emotional", "love", "sad"));
  EXPECT_THAT(manifest.songs[1].labels, ElementsAre("emotional", "sad"));
}

TEST_F(ImportJamendo, ErrorsNameTheLine) {
  EXPECT_THAT(complaint("split: 1"), HasSubstr("split-1/autotagging_moodtheme-train.tsv: no such"));
  part("test", "track_0000097,artist_3\n");
  EXPECT_THAT(complaint(), HasSubstr("autotagging_moodtheme-test.tsv:2: not TRACK_ID, ARTIST_ID"));
  part("test", "track_0000034\tartist_3\talbum_4\t34/34.mp3\t1\tmood/theme---love\n");
  EXPECT_THAT(complaint(), HasSubstr("test.tsv:2: clip 'track_0000034' stands there twice"));
  part("test", "track_0000035\tartist_3\talbum_4\t34/34.mp3\t1\tgenre---rock\n");
  EXPECT_THAT(complaint(), HasSubstr("test.tsv:2: no mood/theme---… among the tags"));
}

class ImportEmoMusic : public Corpus {
 protected:
  ImportEmoMusic() : Corpus("emomusic") {
    audio({"clips_45seconds/2.mp3", "clips_45seconds/3.mp3", "clips_45seconds/5.mp3"});
    write("annotations/songs_info.csv",
          "song_id,file_name,Artist,Song title,start of the segment (min.sec),Genre,"
          "Mediaeval 2013 set\n2,2.mp3,\tThe One\t,x,0.15,Rock,development\n"
          "3,3.mp3,Two,x,0.1,Pop,evaluation\n5,5.mp3,The One,x,0.1,Pop,development\n");
    write("annotations/static_annotations.csv",
          "song_id,mean_arousal,std_arousal,mean_valence,std_valence\n"
          "2,3,1,3,1\n3,9,1,5.2,1\n5,6,1,7,1\n");
    write("annotations/valence_cont_average.csv",
          "song_id,sample_15000ms,sample_15500ms\n2,-0.5,-0.25\n3,0.1,0.2\n");
    write("annotations/arousal_cont_average.csv",
          "song_id,sample_15000ms,sample_15500ms\n2,0.125,\n");
  }
};

TEST_F(ImportEmoMusic, KeepsAllSongsWithTheirCurvesInTheOfficialSplit) {
  const ImportReport report = import();
  // (rating − 5) / 4; 5.2 lies in the neutral zone
  EXPECT_EQ(manifest(),
            "path,label,group,split,id,valence,arousal,dynamic\n"
            "c/clips_45seconds/2.mp3,sad,The One,train,2,-0.5,-0.5,m-curves/2.csv\n"
            "c/clips_45seconds/3.mp3,,Two,test,3,0.05,1,\n"
            "c/clips_45seconds/5.mp3,happy,The One,train,5,0.5,0.25,\n");
  EXPECT_EQ(content_of(folder_ / "m-curves/2.csv"), "time_s,valence,arousal\n15,-0.5,0.125\n");
  EXPECT_THAT(report.notes, testing::Contains(HasSubstr("1 songs have ratings over time")));
  EXPECT_THAT(report.notes, testing::Contains(HasSubstr("(4.2…5.8 of 1…9) and have no class")));
  const Manifest manifest = Manifest::load(folder_ / "m.csv");
  EXPECT_THAT(read_emotion_curve(manifest.songs[0].dynamic).time_s, ElementsAre(15.0));
}

TEST_F(ImportEmoMusic, LeavesOutNeutralSongsWhenAsked) {
  EXPECT_EQ(import("neutral-songs: leave_out").songs, 2U);
}

TEST_F(ImportEmoMusic, ErrorsNameTheLine) {
  write("annotations/valence_cont_average.csv", "song_id,sample_15000ms\n2,-1.5\n");
  EXPECT_THAT(complaint(),
              HasSubstr("valence_cont_average.csv:2: sample_15000ms -1.5 is outside the scale"));
  write("annotations/static_annotations.csv", "song_id,mean_arousal,mean_valence\n7,3,3\n");
  EXPECT_THAT(complaint(), HasSubstr(":2: song '7' is not in songs_info.csv"));
  folder_.write("m-curves/2.csv", "mine");
  write("annotations/static_annotations.csv", "song_id,mean_arousal,mean_valence\n2,3,3\n");
  write("annotations/valence_cont_average.csv", "song_id,sample_15000ms\n2,0.5\n");
  EXPECT_THAT(complaint(), HasSubstr("m-curves/2.csv: is there already and is no curve"));
}

TEST(ImportDeamOverTime, TakesTheCurvesWhereTheyAre) {
  TemporaryFolder folder;
  const std::string averages = "DEAM_Annotations/annotations/annotations averaged per song/";
  const std::string header = "song_id, valence_mean, valence_std, arousal_mean, arousal_std\n";
  folder.write(averages + "song_level/static_annotations_averaged_songs_1_2000.csv",
               header + "2,7,1,9,1\n3,3,1,3,1\n");
  folder.write(averages + "song_level/static_annotations_averaged_songs_2000_2058.csv", header);
  folder.write(averages + "dynamic (per second annotations)/valence.csv",
               "song_id, sample_15000ms, sample_15500ms, sample_16000ms\n2,0.5,0.25,0\n");
  folder.write(averages + "dynamic (per second annotations)/arousal.csv",
               "song_id, sample_15000ms, sample_15500ms\n2,-0.5,-0.25\n");
  folder.write("MEMD_audio/2.mp3", "x");
  folder.write("MEMD_audio/3.mp3", "x");
  import_with("deam", {folder.path(), folder / "m.csv"});
  EXPECT_THAT(content_of(folder / "m.csv"),
              HasSubstr("id,valence,arousal,dynamic\n"
                        "MEMD_audio/2.mp3,happy,song 2,2,0.5,1,m-curves/2.csv\n"));
  EXPECT_EQ(content_of(folder / "m-curves/2.csv"),
            "time_s,valence,arousal\n15,0.5,-0.5\n15.5,0.25,-0.25\n");
}

class ImportGrekow : public Corpus {
 protected:
  ImportGrekow() : Corpus("grekow") {}
};

TEST_F(ImportGrekow, PutsCopiesOfAnExcerptIntoItsGroup) {
  write("musemodataset/musemodataset/5Users-All.csv",
        "Id,Name,Arousal,Valence,EmoCat\n115,out_blues.00032.wav,-5,-4,e3\n"
        "116,out_blues.00032 - Kopia.wav,-5.75,-3.5,e3\n117,out_pop.00008.wav,7,4.2,e1\n"
        "118,out_pop.00009.wav,1,8,e1\n");
  audio({"musemodataset/all/out_blues.00032.wav", "musemodataset/all/out_pop.00009.wav",
         "musemodataset/all_music_files/out_blues.00032 - Kopia.wav",
         "musemodataset/all_music_files/out_pop.00008.wav"});
  const ImportReport report = import();
  const std::string all = "c/musemodataset/all/";
  const std::string more = "c/musemodataset/all_music_files/";
  EXPECT_EQ(manifest(),
            "path,label,group,id,valence,arousal\n" + all +
                "out_blues.00032.wav,sad,out_blues.00032,out_blues.00032,-0.4,-0.5\n" + more +
                "out_blues.00032 - Kopia.wav,sad,out_blues.00032,out_blues.00032"
                " - Kopia,-0.35,-0.575\n" +
                more + "out_pop.00008.wav,happy,out_pop.00008,out_pop.00008,0.42,0.7\n");
  EXPECT_THAT(report.notes, testing::Contains(HasSubstr("1 songs have their valence or arousal in "
                                                        "the neutral zone (-2…2 of -10…10)")));
  EXPECT_EQ(import("neutral-songs: keep").songs, 4U);
}

class ImportVgmidi : public Corpus {
 protected:
  ImportVgmidi() : Corpus("vgmidi") {}
  /// What a rater said in two measures.
  static std::string rater(const std::string& id, const std::string& valence,
                           const std::string& arousal) {
    return "\"" + id + R"(": {"age": "x", "valence": [)" + valence + R"(], "arousal": [)" +
           arousal + "]}";
  }
  void write_raw() {
    write(
        "annotations/vgmidi_raw_1.json",
        R"({"pieces": {"piece0": {"name": "A B", "midi": "Final_Fantasy_7_AB.mid", "duration": 8,)"
        R"( "measures": 2, "audio": "audio/A B.wav"}}, "annotations": {)" +
            rater("piece0_1", "0.5, 1", "0.25, -1") + "," + rater("piece0_2", "-0.5, 0", "-1, 0") +
            "," + rater("piece0_3", "1", "1") + "," + rater("piece00_1", "1, 1", "1, 1") + "}}");
    write("annotations/vgmidi_raw_2.json",
          R"({"pieces": {"piece0": {"midi": "Mario_C.mid", "duration": 4, "measures": 2}}, )"
          R"("annotations": {)" +
              rater("piece0_1", "0.5, 0.5", "0.5, 0.5") + "}}");
  }
};

TEST_F(ImportVgmidi, OfTheAuthorsRepositoryMeansOverRatersAndCountsTheirQuadrants) {
  write_raw();
  audio({"audio/Final_Fantasy_7_AB.wav", "audio/Mario_C.wav"});
  import();
  // valence (0.5 − 0.5) / 2 and (1 + 0) / 2, arousal (0.25 − 1) / 2 and (−1 + 0) / 2; the raters'
  // own means are (0.75, −0.375) and (−0.25, −0.5)
  EXPECT_EQ(manifest(),
            "path,label,group,id,valence,arousal,dynamic,share_happy,share_anger,share_sad,"
            "share_relaxed\n"
            "c/audio/Final_Fantasy_7_AB.wav,relaxed,Final_Fantasy_7,Final_Fantasy_7_AB,0.25,"
            "-0.4375,m-curves/Final_Fantasy_7_AB.csv,0,0,0.5,0.5\n"
            "c/audio/Mario_C.wav,happy,Mario,Mario_C,0.5,0.5,m-curves/Mario_C.csv,1,0,0,0\n");
  // two measures in 8 s
  EXPECT_EQ(content_of(folder_ / "m-curves/Final_Fantasy_7_AB.csv"),
            "time_s,valence,arousal,valence_sd,arousal_sd\n2,0,-0.375,0.5,0.625\n"
            "6,0.5,-0.5,0.5,0.5\n");
  const Manifest manifest = Manifest::load(folder_ / "m.csv");
  EXPECT_THAT(manifest.songs[0].shares, ElementsAre(0, 0, 0.5, 0.5));
}

TEST_F(ImportVgmidi, OfTablesTakesThemAsTheyAre) {
  write("pieces.csv",
        "id,midi,group,duration_s,measures,raters,valence,arousal,label,share_happy,share_sad\n"
        "a,a.mid,Zelda,10,1,3,0.25,0.5,happy,0.667,0.333\n"
        "b,b.mid,Mario,10,1,3,-0.5,-0.5,sad,0.333,0.667\n");
  write("over_time.csv",
        "id,measure,time_s,valence,valence_sd,arousal,arousal_sd\na,1,5,0.25,0,0.5,0\n");
  audio({"audio/a.wav"});
  const ImportReport report = import();
  EXPECT_EQ(manifest(),
            "path,label,group,id,valence,arousal,dynamic,share_happy,share_sad\n"
            "c/audio/a.wav,happy,Zelda,a,0.25,0.5,m-curves/a.csv,0.667,0.333\n");
  EXPECT_THAT(report.warnings, ElementsAre("1 pieces have no audio and are left out: b"));
}

TEST_F(ImportVgmidi, StretchesTimesToTheLengthOfTheMidiThatIsRendered) {
  // A script stands for fluidsynth, see emopia_test.cpp; two_note_midi() lasts 2 s.
  write_sine(folder_ / "tone.flac", 0.2, 440);
  const auto program = folder_.write(
      "bin/fluidsynth",
      "#!/bin/sh\nfor word; do [ \"$before\" = -F ] && audio=$word; before=$word; done\n"
      "[ -z \"$audio\" ] || cp '" +
          (folder_ / "tone.flac").string() + "' \"$audio\"\n");
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  const std::string path_before = ::getenv("PATH");
  ::setenv("PATH", ((folder_ / "bin").string() + ":" + path_before).c_str(), 1);
  folder_.write("font.sf2", "a soundfont");
  write_raw();
  write("labelled/midi/Final_Fantasy_7_AB.mid", two_note_midi());
  write("labelled/midi/Mario_C.mid", two_note_midi());
  const ImportReport report = import("{soundfont: " + (folder_ / "font.sf2").string() + "}");
  ::setenv("PATH", path_before.c_str(), 1);
  EXPECT_THAT(report.failures, IsEmpty());
  EXPECT_THAT(manifest(), HasSubstr("m-audio/Mario_C.flac,happy,Mario,Mario_C"));
  // 2 s and 6 s of 8 s
  EXPECT_EQ(content_of(folder_ / "m-curves/Final_Fantasy_7_AB.csv"),
            "time_s,valence,arousal,valence_sd,arousal_sd\n0.5,0,-0.375,0.5,0.625\n"
            "1.5,0.5,-0.5,0.5,0.5\n");
}

TEST_F(ImportVgmidi, ErrorsSayWhereItIs) {
  std::filesystem::create_directories(folder_ / "c");
  EXPECT_THAT(complaint(),
              HasSubstr("annotations/vgmidi_raw_1.json: no such file or folder | give "
                        "the folder of a clone of https://github.com/lucasnfe/vgmidi"));
  write("annotations/vgmidi_raw_1.json", "{\"pieces\": {\"p\": {}}, \"annotations\": {}}");
  EXPECT_THAT(complaint(), HasSubstr("vgmidi_raw_1.json: not as its authors published it"));
}

}  // namespace
}  // namespace mer
