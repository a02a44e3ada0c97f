#include "mer/runs/annotation_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../support/json_schema.hpp"
#include "../support/temporary_folder.hpp"
#include "mer/audio/audio_reader.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {
namespace {

namespace fs = std::filesystem;
using AnyJson = nlohmann::json;
using test::message_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

const std::vector<std::string> kTwoClasses = {"happy", "rock & \"roll\""};

/// Two segments of a song of 4 s: happy, then the other class and a place in the plane.
FileResult song_of_classes(const fs::path& file) {
  SongPrediction song;
  song.probabilities = {0.75, 0.25};
  song.segments = {{0.0, 2.5, {0.875, 0.125}}, {1.5, 4.0, {0.375, 0.625}, 0.5, -0.25}};
  song.duration_s = 4.0;
  return {file.string(), song, "", "", false, {}};
}

/// Tags, a place and a curve.
FileResult song_of_places(const fs::path& file) {
  SongPrediction song;
  song.segments = {{0.0, 4.0, {}}};
  song.duration_s = 4.0;
  song.valence = 0.25;
  song.arousal = -1.0;
  song.tags = {{"calm", 0.75}};
  song.over_time = EmotionCurve{{0.5, 1.0}, {0.25, 0.75}, {-0.5, 0.0}};
  return {file.string(), song, "", "", false, {}};
}

class Annotations : public testing::Test {
 protected:
  Annotations() : file_(folder_ / "a.wav") {
    write_audio(file_, std::vector<float>(8000, 0.1F), 8000);
  }
  std::string text(const std::string& format, const FileResult& result,
                   const std::vector<std::string>& classes = {}) {
    const AnnotationFolder out(formats_.at(format, format), folder_ / "out",
                               std::vector<fs::path>{result.path});
    out.add({result, classes, "default"});
    return read_text_file(out.file_of(result.path));
  }
  /// Where the files of these songs would go.
  std::vector<std::string> names(const std::vector<fs::path>& songs) {
    const AnnotationFolder out(formats_.at("jams", ""), folder_ / "out", songs);
    std::vector<std::string> names;
    for (const fs::path& song : songs) names.push_back(out.file_of(song.string()).filename());
    return names;
  }
  test::TemporaryFolder folder_;
  fs::path file_;
  AnnotationFormats formats_ = builtin_annotation_formats();
};

TEST_F(Annotations, AsJamsHaveTheSongItsTagsItsSegmentsAndItsPlace) {
  const AnyJson of_classes = AnyJson::parse(text("jams", song_of_classes(file_), kTwoClasses));
  ASSERT_EQ(of_classes["annotations"].size(), 3U);
  EXPECT_EQ(of_classes["file_metadata"]["duration"], 4.0);
  EXPECT_EQ(of_classes["file_metadata"]["title"], "a");
  const AnyJson& whole = of_classes["annotations"][0];
  EXPECT_EQ(whole["namespace"], "tag_open");
  EXPECT_EQ(whole["data"], AnyJson::parse(R"([{"time": 0.0, "duration": 4.0, "value": "happy",
                                            "confidence": 0.75}])"));
  EXPECT_EQ(whole["annotation_metadata"]["annotator"]["model"], "default");
  EXPECT_EQ(of_classes["annotations"][1]["data"][1],
            AnyJson::parse(R"({"time": 1.5, "duration": 2.5, "value": "rock & \"roll\"",
                            "confidence": 0.625})"));
  const AnyJson& places = of_classes["annotations"][2];
  EXPECT_EQ(places["namespace"], "mood_thayer");
  EXPECT_EQ(places["data"], AnyJson::parse(R"([{"time": 1.5, "duration": 2.5, "value": [0.5, -0.25],
                                             "confidence": null}])"));
  const AnyJson of_places = AnyJson::parse(text("jams", song_of_places(file_)));
  ASSERT_EQ(of_places["annotations"].size(), 3U);
  EXPECT_EQ(of_places["annotations"][0]["data"][0]["value"], "calm");
  EXPECT_EQ(of_places["annotations"][1]["data"][0]["value"], AnyJson::parse("[0.25, -1.0]"));
  EXPECT_EQ(of_places["annotations"][2]["data"][1],
            AnyJson::parse(R"({"time": 1.0, "duration": 0.0, "value": [0.75, 0.0],
                            "confidence": null})"));
}

TEST_F(Annotations, OfAnUncertainSongHaveNoEmotionOfTheWhole) {
  FileResult song = song_of_classes(file_);
  song.uncertain = true;
  EXPECT_EQ(AnyJson::parse(text("jams", song, kTwoClasses))["annotations"].size(), 2U);
}

TEST_F(Annotations, FitTheFormatsSchema) {
  if (!test::has_json_schema()) GTEST_SKIP() << "python3-jsonschema is not installed";
  const std::string schema = "../jams/jams.schema.json";
  EXPECT_TRUE(test::fits_schema(text("jams", song_of_classes(file_), kTwoClasses), schema));
  EXPECT_TRUE(test::fits_schema(text("jams", song_of_places(file_)), schema));
  EXPECT_FALSE(test::fits_schema(R"({"annotations": [{"namespace": "mood_thayer", "data": [{"time":
      0, "duration": 1, "value": "happy", "confidence": null}], "annotation_metadata": {}}],
      "file_metadata": {"duration": 1, "jams_version": "0.3.4"}, "sandbox": {}})",
                                 schema));
}

TEST_F(Annotations, AsALabelTrackAreStartEndAndLabel) {
  EXPECT_EQ(text("audacity", song_of_classes(file_), kTwoClasses),
            "0.000000\t2.500000\thappy\n"
            "1.500000\t4.000000\trock & \"roll\"\n"
            "1.500000\t4.000000\tvalence 0.50, arousal -0.25\n");
  EXPECT_EQ(text("audacity", song_of_places(file_)),
            "0.500000\t0.500000\tvalence 0.25, arousal -0.50\n"
            "1.000000\t1.000000\tvalence 0.75, arousal 0.00\n");
}

TEST_F(Annotations, AsLayersCountFramesOfTheAudioFile) {
  const std::string classes = text("sonic_visualiser", song_of_classes(file_), kTwoClasses);
  EXPECT_THAT(classes, StartsWith("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                                  "<!DOCTYPE sonic-visualiser>\n<sv>\n<data>\n<model id=\"2\" "
                                  "name=\"emotion\" sampleRate=\"8000\" start=\"0\" end=\"32000\" "
                                  "type=\"sparse\" dimensions=\"3\""));
  EXPECT_THAT(classes, HasSubstr("<point frame=\"12000\" value=\"0.625\" duration=\"20000\" "
                                 "label=\"rock &amp; &quot;roll&quot;\"/>"));
  EXPECT_THAT(classes,
              HasSubstr("<layer id=\"3\" type=\"regions\" name=\"emotion\" model=\"2\"/>"));
  // of a segment the middle, (1.5 s + 4 s) / 2
  EXPECT_THAT(classes, HasSubstr("<point frame=\"22000\" value=\"-0.25\" label=\"\"/>"));
  const std::string places = text("sonic_visualiser", song_of_places(file_));
  EXPECT_THAT(places, HasSubstr("<dataset id=\"1\" dimensions=\"2\">\n"
                                "<point frame=\"4000\" value=\"0.25\" label=\"\"/>\n"
                                "<point frame=\"8000\" value=\"0.75\" label=\"\"/>\n</dataset>"));
  EXPECT_THAT(places,
              HasSubstr("<layer id=\"6\" type=\"timevalues\" name=\"arousal\" model=\"5\"/>"));
}

TEST_F(Annotations, AreNamedAsTheirSongsAndByAHashWhereTwoSongsHaveOneName) {
  EXPECT_THAT(names({"x/a.mp3", "y/b.wav"}), ElementsAre("a.jams", "b.jams"));
  const auto one = names({"x/a.mp3", "x/b.mp3", "y/a.wav"});
  EXPECT_THAT(one, ElementsAre(testing::MatchesRegex("a-[0-9a-f]{8}.jams"), "b.jams",
                               testing::MatchesRegex("a-[0-9a-f]{8}.jams")));
  EXPECT_NE(one[0], one[2]);
  EXPECT_THAT(names({"y/a.wav", "x/a.mp3"}), ElementsAre(one[2], one[0]));
}

TEST_F(Annotations, ReplaceTheirOwnKindOnlyAndNeedAFolder) {
  for (const auto& [name, format] : formats_) {
    const std::string before = text(name, song_of_classes(file_), kTwoClasses);
    EXPECT_EQ(text(name, song_of_classes(file_), kTwoClasses), before);
    folder_.write("out/a" + format.extension, "lyrics of mine\n");
    EXPECT_THAT(message_of<UsageError>([&] { text(name, song_of_classes(file_), kTwoClasses); }),
                HasSubstr("out/a" + format.extension + ": is there already and is not"));
  }
  EXPECT_THAT(message_of<UsageError>([&] {
                AnnotationFolder(formats_.at("jams", ""), file_, std::vector<fs::path>{file_});
              }),
              HasSubstr("a.wav: is a file; this writes a file a song | -o DIR"));
}

TEST_F(Annotations, OfASongThatFailedThereAreNone) {
  const FileResult failed{file_.string(), std::nullopt, "broken", "", false, {}};
  const AnnotationFolder out(formats_.at("jams", ""), folder_ / "out",
                             std::vector<fs::path>{file_});
  out.add({failed, kTwoClasses, "default"});
  EXPECT_TRUE(fs::is_empty(folder_ / "out"));
}

}  // namespace
}  // namespace mer
