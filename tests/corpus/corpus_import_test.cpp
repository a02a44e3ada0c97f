#include <gtest/gtest.h>

#include "../store/test_data.hpp"
#include "import_with.hpp"
#include "mer/corpus/manifest.hpp"

namespace mer {
namespace {

using test::import_with;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kAnnotations = "panda_dataset_taffc_annotations.csv";
constexpr const char* kMetadata = "panda_dataset_taffc_metadata.csv";

TEST(ImportFolder, TakesEachFoldersNameAsTheLabel) {
  const TemporaryFolder folder;
  for (const char* name :
       {"songs/sad/b.mp3", "songs/sad/deep/a.wav", "songs/sad/cover.jpg", "songs/happy/c.FLAC",
        "songs/stray.wav", "songs/scans/1.png", "songs/.hidden/d.wav"}) {
    folder.write(name, "x");
  }
  const ImportReport report = import_with("folder", {folder / "songs", folder / "lists/m.csv"});
  EXPECT_EQ(content_of(folder / "lists/m.csv"),
            "path,label\n"
            "../songs/happy/c.FLAC,happy\n"
            "../songs/sad/b.mp3,sad\n"
            "../songs/sad/deep/a.wav,sad\n");
  EXPECT_EQ(report.songs, 3U);
  EXPECT_EQ(report.groups, 0U);
  EXPECT_THAT(report.classes, ElementsAre("happy", "sad"));
  EXPECT_THAT(report.warnings,
              ElementsAre(HasSubstr("no groups"), HasSubstr("stray.wav"), HasSubstr("scans")));
  EXPECT_EQ(Manifest::load(folder / "lists/m.csv").songs.size(), 3U);
}

TEST(ImportFolder, WithoutTwoClassesIsAnErrorAndWritesNothing) {
  const TemporaryFolder folder;
  folder.write("songs/sad/b.mp3", "x");
  EXPECT_THAT(message_of<UsageError>([&] {
                import_with("folder", {folder / "songs", folder / "m.csv"});
              }),
              HasSubstr("only the folder 'sad' holds audio, at least two classes are needed"));
  EXPECT_THAT(message_of<UsageError>([&] {
                import_with("folder", {folder / "none", folder / "m.csv"});
              }),
              HasSubstr("none: no such folder"));
  EXPECT_FALSE(std::filesystem::exists(folder / "m.csv"));
}

TEST(Import4qaed, WritesArtistsAsGroupsWithTheirNamesRepaired) {
  const TemporaryFolder folder;
  for (const char* name : {"Q1/A1.mp3", "Q2/A2.mp3", "Q3/A3.mp3", "Q4/A4.mp3", "Q4/A5.mp3"}) {
    folder.write(name, "x");
  }
  folder.write(kAnnotations, "Song,Quadrant\nA1,Q1\nA2,Q2\nA3,Q3\nA4,Q4\nA5,Q4\n");
  folder.write(kMetadata,
               "\"Song\",\"Artist\",\"Title\"\n"
               "\"A5\",\"CÃ©line Dion\",\"x\"\n"  // doubly encoded
               "\"A4\",\"Céline Dion\",\"x\"\n"   // as it should be
               "\"A3\",\"MotÃ¶rhead\",\"x\"\n"
               "\"A2\",\"Guns Nâ€™ Roses\",\"x\"\n"  // characters of Windows-1252 only
               "\"A1\",\"Peter, Paul & Mary\",\"x\"\n");
  const ImportReport report = import_with("4qaed", {folder.path(), folder / "m.csv"});
  EXPECT_EQ(content_of(folder / "m.csv"),
            "path,label,group,id\n"
            "Q1/A1.mp3,happy,\"Peter, Paul & Mary\",A1\n"
            "Q2/A2.mp3,anger,Guns N’ Roses,A2\n"
            "Q3/A3.mp3,sad,Motörhead,A3\n"
            "Q4/A4.mp3,relaxed,Céline Dion,A4\n"
            "Q4/A5.mp3,relaxed,Céline Dion,A5\n");
  EXPECT_EQ(report.songs, 5U);
  EXPECT_EQ(report.groups, 4U);
  EXPECT_THAT(report.classes, ElementsAre("happy", "anger", "sad", "relaxed"));
  EXPECT_THAT(report.warnings, ElementsAre());
}

TEST(Import4qaed, ReportsWhatIsMissingOrUnknown) {
  const TemporaryFolder folder;
  for (const char* name : {"Q1/A1.mp3", "Q2/A2.mp3", "Q3/A3.mp3", "Q4/X.mp3"}) {
    folder.write(name, "x");
  }
  folder.write(kAnnotations, "Song,Quadrant\nA1,Q1\nA2,Q2\nA3,Q3\nA4,Q4\n");
  folder.write(kMetadata, "Song,Artist\nA1,a\nA2,b\n");
  const ImportReport report = import_with("4qaed", {folder.path(), folder / "m.csv"});
  EXPECT_EQ(report.songs, 3U);
  EXPECT_THAT(report.warnings,
              ElementsAre("1 annotated clips are not there and are left out: Q4/A4",
                          "1 clips have no annotation and are left out: Q4/X",
                          "1 clips have no artist; each is a group of its own: A3"));
}

TEST(Import4qaed, WithoutItsTablesOrWithAnUnknownQuadrantIsAnError) {
  const TemporaryFolder folder;
  for (const char* name : {"Q1/A1.mp3", "Q2/A2.mp3", "Q3/A3.mp3", "Q4/A4.mp3"}) {
    folder.write(name, "x");
  }
  const auto complaint = [&] {
    return message_of<UsageError>([&] { import_with("4qaed", {folder.path(), folder / "m.csv"}); });
  };
  EXPECT_THAT(complaint(), HasSubstr(kAnnotations));
  folder.write(kAnnotations, "Song,Quadrant\nA1,Q5\n");
  folder.write(kMetadata, "Song,Performer\nA1,a\n");
  EXPECT_THAT(complaint(), HasSubstr("metadata.csv:1: column 'Artist' is missing"));
  folder.write(kMetadata, "Song,Artist\nA1,a\n");
  EXPECT_THAT(complaint(), HasSubstr("annotations.csv:2: unknown quadrant 'Q5'"));
}

}  // namespace
}  // namespace mer
