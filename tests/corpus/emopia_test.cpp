// EMOPIA on made-up trees of its published layout and of a table of clips. A script stands for
// fluidsynth, but in the last test.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <zip.h>

#include <algorithm>
#include <complex>
#include <numbers>

#include "../store/test_data.hpp"
#include "../support/two_note_midi.hpp"
#include "import_with.hpp"
#include "mer/core/child_process.hpp"

namespace mer {
namespace {

using test::import_with;
using test::two_note_midi;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kMidi = two_note_midi();

class ImportEmopia : public testing::Test {
 protected:
  ImportEmopia() : path_before_(::getenv("PATH")) {
    write_sine(folder_ / "tone.flac", 0.2, 440);
    folder_.write("font.sf2", "a soundfont");
    // The last argument is the MIDI file, the one behind -F the audio. Where there is
    // nothing to play the audio is left empty, and yet the exit code is 0, as with the real
    // program.
    install(
        "for word; do [ \"$before\" = -F ] && audio=$word; before=$word; midi=$word; done\n"
        "[ -z \"$audio\" ] && exit 0\n"
        "echo \"$*\" >> '" +
        (folder_ / "calls").string() +
        "'\n"
        "if grep -aq silence \"$midi\"; then\n"
        "  : > \"$audio\"; echo 'fluidsynth: error: No MIDI events' >&2; exit 0\n"
        "fi\n"
        "cp '" +
        (folder_ / "tone.flac").string() + "' \"$audio\"\n");
  }
  ~ImportEmopia() override { ::setenv("PATH", path_before_.c_str(), 1); }

  void install(const std::string& script) {
    const auto program = folder_.write("bin/fluidsynth", "#!/bin/sh\n" + script);
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    ::setenv("PATH", ((folder_ / "bin").string() + ":" + path_before_).c_str(), 1);
  }
  ImportReport import(const std::string& more = "", const std::string& soundfont = "font.sf2",
                      const std::function<bool()>& stop = {}) {
    return import_with("emopia",
                       {.folder = folder_ / "emopia", .manifest = folder_ / "m.csv", .stop = stop},
                       "{soundfont: " + (folder_ / soundfont).string() + more + "}");
  }
  std::size_t calls() const {
    const std::string text = content_of(folder_ / "calls");
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }
  void write_table(const std::string& lines) {
    folder_.write("emopia/clips.csv", "midi,label,group,split,id\n" + lines);
  }
  void write_release() {
    folder_.write("emopia/label.csv",
                  "ID,4Q,annotator\nQ1_0vLPYiPN7qY_0,1,A\nQ2__BK2o77sTc0_12,2,B\n"
                  "Q3_0vLPYiPN7qY_3,3,A\nQ4_d_49EtXDMFE_2,4,C\n");
    for (const char* id :
         {"Q1_0vLPYiPN7qY_0", "Q2__BK2o77sTc0_12", "Q3_0vLPYiPN7qY_3", "Q4_d_49EtXDMFE_2"}) {
      folder_.write("emopia/midis/" + std::string(id) + ".mid", kMidi);
    }
  }
  TemporaryFolder folder_;
  std::string path_before_;
};

TEST_F(ImportEmopia, OfTheReleaseTakesTheSongAsGroupAndTheOfficialSplit) {
  write_release();
  folder_.write("emopia/split/train.csv",
                "fname,label\nQ1_0vLPYiPN7qY_0,Q1\nQ3_0vLPYiPN7qY_3,Q3\n");
  folder_.write("emopia/split/val.csv", "fname,label\nQ2__BK2o77sTc0_12,Q2\n");
  folder_.write("emopia/split/test.csv", "fname,label\nQ4_d_49EtXDMFE_2,Q4\n");
  const ImportReport report = import();
  EXPECT_EQ(content_of(folder_ / "m.csv"),
            "path,label,group,split,id\n"
            "m-audio/Q1_0vLPYiPN7qY_0.flac,happy,0vLPYiPN7qY,train,Q1_0vLPYiPN7qY_0\n"
            "m-audio/Q2__BK2o77sTc0_12.flac,anger,_BK2o77sTc0,validation,Q2__BK2o77sTc0_12\n"
            "m-audio/Q3_0vLPYiPN7qY_3.flac,sad,0vLPYiPN7qY,train,Q3_0vLPYiPN7qY_3\n"
            "m-audio/Q4_d_49EtXDMFE_2.flac,relaxed,d_49EtXDMFE,test,Q4_d_49EtXDMFE_2\n");
  EXPECT_THAT(report.warnings, IsEmpty());
  EXPECT_THAT(report.failures, IsEmpty());
  EXPECT_EQ(report.groups, 3U);
  EXPECT_EQ(Manifest::load(folder_ / "m.csv").songs.size(), 4U);
  EXPECT_THAT(content_of(folder_ / "calls"), HasSubstr("-r 44100 -g 0.6 -T flac -F "));
}

TEST_F(ImportEmopia, ReadsTheSplitsOfTheReleasesNotebookAndLeavesOutWhatIsInNone) {
  write_release();
  folder_.write("emopia/split/train_clip.csv",
                ",clip_name\n0,Q1_0vLPYiPN7qY_0.mid\n1,Q3_0vLPYiPN7qY_3.mid\n");
  folder_.write("emopia/split/val_clip.csv", ",clip_name\n0,Q2__BK2o77sTc0_12.mid\n");
  const ImportReport report = import();
  EXPECT_THAT(report.warnings, ElementsAre("1 clips are in no part of the official split and are "
                                           "left out: Q4_d_49EtXDMFE_2"));
  const Manifest manifest = Manifest::load(folder_ / "m.csv");
  ASSERT_EQ(manifest.songs.size(), 3U);
  EXPECT_EQ(manifest.songs[1].split, "validation");
  EXPECT_EQ(calls(), 3U);
}

TEST_F(ImportEmopia, WithoutSplitFilesHasNoSplitAndSaysWhereTheyAre) {
  write_release();
  const ImportReport report = import();
  EXPECT_THAT(report.warnings,
              ElementsAre(HasSubstr("https://github.com/SeungHeonDoh/EMOPIA_cls")));
  EXPECT_FALSE(Manifest::load(folder_ / "m.csv").has_splits);
}

TEST_F(ImportEmopia, TakesRecordingsWhereThereAreAnyAndThenRendersNothing) {
  write_release();
  for (const char* name : {"Q1_0vLPYiPN7qY_0.mp3", "Q4_d_49EtXDMFE_2.wav", "unknown.mp3"}) {
    folder_.write("emopia/audios/seg/" + std::string(name), "x");
  }
  const ImportReport report = import();
  EXPECT_EQ(content_of(folder_ / "m.csv"),
            "path,label,group,id\n"
            "emopia/audios/seg/Q1_0vLPYiPN7qY_0.mp3,happy,0vLPYiPN7qY,Q1_0vLPYiPN7qY_0\n"
            "emopia/audios/seg/Q4_d_49EtXDMFE_2.wav,relaxed,d_49EtXDMFE,Q4_d_49EtXDMFE_2\n");
  EXPECT_THAT(report.warnings, Contains(HasSubstr("2 clips have no audio and are left out")));
  EXPECT_EQ(calls(), 0U);
}

TEST_F(ImportEmopia, OfATableAndAnArchiveRendersOnceAndNeverAgain) {
  write_table("a.mid,happy,s1,train,a\nb.mid,sad,s2,val,b\n");
  int failure = 0;
  zip_t* archive = zip_open((folder_ / "emopia/midis.zip").c_str(), ZIP_CREATE, &failure);
  for (const char* name : {"midis/a.mid", "midis/b.mid"}) {
    zip_file_add(archive, name, zip_source_buffer(archive, kMidi.data(), kMidi.size(), 0), 0);
  }
  ASSERT_EQ(zip_close(archive), 0);
  const ImportReport first = import();
  EXPECT_THAT(first.notes, ElementsAre(HasSubstr("2 clips rendered, 0 were there already")));
  EXPECT_EQ(content_of(folder_ / "m.csv"),
            "path,label,group,split,id\n"
            "m-audio/a.flac,happy,s1,train,a\n"
            "m-audio/b.flac,sad,s2,validation,b\n");
  EXPECT_THAT(files_below(folder_ / "m-audio"), ElementsAre("a.flac", "b.flac", "rendering.json"));

  install("exit 1\n");
  const ImportReport second = import();
  EXPECT_THAT(second.notes, ElementsAre(HasSubstr("0 clips rendered, 2 were there already")));
  EXPECT_EQ(second.songs, 2U);
}

TEST_F(ImportEmopia, ReportsTheMidiThatFailsAndGoesOn) {
  write_table(
      "a.mid,happy,s1,train,a\nb.mid,sad,s2,val,b\nc.mid,anger,s3,val,c\n"
      "d.mid,relaxed,s4,val,d\ne.mid,relaxed,s4,val,e\n");
  folder_.write("emopia/midis/a.mid", kMidi);
  folder_.write("emopia/midis/b.mid", kMidi + "silence");
  folder_.write("emopia/midis/c.mid", "RIFF");
  folder_.write("emopia/midis/d.mid", kMidi);
  folder_.write("emopia/midis/e.mid", kMidi.substr(0, kMidi.size() - 1));
  const ImportReport report = import();
  EXPECT_EQ(report.songs, 2U);
  ASSERT_EQ(report.failures.size(), 3U);
  EXPECT_EQ(report.failures[0].message,
            "b: fluidsynth does not render it: fluidsynth: error: No MIDI events");
  EXPECT_EQ(report.failures[1].message, "c: this is not a MIDI file");
  EXPECT_EQ(report.failures[2].message, "e: the MIDI file breaks off");
  EXPECT_THAT(report.warnings, ElementsAre(HasSubstr("3 clips have no audio and are left out: b")));
  EXPECT_THAT(files_below(folder_ / "m-audio"), ElementsAre("a.flac", "d.flac", "rendering.json"));
}

TEST_F(ImportEmopia, WhenEveryMidiFailsWritesNoManifest) {
  write_table("a.mid,happy,s1,train,a\nb.mid,sad,s2,val,b\n");
  folder_.write("emopia/midis/a.mid", "RIFF");
  folder_.write("emopia/midis/b.mid", "RIFF");
  const ImportReport report = import();
  EXPECT_EQ(report.songs, 0U);
  EXPECT_EQ(report.failures.size(), 2U);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "m.csv"));
}

TEST_F(ImportEmopia, AudioOfAnotherSoundfontIsRefused) {
  write_table("a.mid,happy,s1,train,a\nb.mid,sad,s2,val,b\n");
  folder_.write("emopia/midis/a.mid", kMidi);
  folder_.write("emopia/midis/b.mid", kMidi);
  import();
  folder_.write("font.sf2", "another soundfont");
  EXPECT_THAT(message_of<UsageError>([&] { import(); }),
              HasSubstr("m-audio: its audio was not rendered with"));
  EXPECT_EQ(import(", audio: " + (folder_ / "elsewhere").string()).songs, 2U);
}

TEST_F(ImportEmopia, WithoutFluidsynthOrSoundfontNamesThePackages) {
  write_table("a.mid,happy,s1,train,a\nb.mid,sad,s2,val,b\n");
  folder_.write("emopia/midis/a.mid", kMidi);
  EXPECT_THAT(message_of<UsageError>([&] { import("", "none.sf2"); }),
              HasSubstr("apt-get install fluid-soundfont-gm"));
  ::setenv("PATH", folder_.path().c_str(), 1);
  EXPECT_THAT(message_of<Error>([&] { import(); }),
              HasSubstr("fluidsynth, which renders the MIDI files, is not installed | apt-get "
                        "install fluidsynth fluid-soundfont-gm"));
}

TEST_F(ImportEmopia, StopsBetweenClipsWhenAskedTo) {
  write_table("a.mid,happy,s1,train,a\nb.mid,sad,s2,val,b\n");
  folder_.write("emopia/midis/a.mid", kMidi);
  folder_.write("emopia/midis/b.mid", kMidi);
  const auto stop = [this] { return std::filesystem::exists(folder_ / "m-audio/a.flac"); };
  EXPECT_THAT(message_of<Interrupted>([&] { import(", jobs: 1", "font.sf2", stop); }),
              HasSubstr("interrupted: the 1 clips rendered so far stay"));
  EXPECT_EQ(calls(), 1U);
}

TEST_F(ImportEmopia, ErrorsNameFileAndLine) {
  const auto complaint = [&] { return message_of<UsageError>([&] { import(); }); };
  std::filesystem::create_directories(folder_ / "emopia");
  EXPECT_THAT(complaint(), HasSubstr("emopia/label.csv: no such file or folder | EMOPIA_2.2.zip "
                                     "from https://zenodo.org"));
  folder_.write("emopia/label.csv", "ID,4Q,annotator\nQ1_0,1,A\n");
  EXPECT_THAT(complaint(), HasSubstr("label.csv:2: 'Q1_0' is not Q<quadrant>_<YouTube id>_<clip>"));
  folder_.write("emopia/label.csv", "ID,4Q,annotator\nQ1_0vLPYiPN7qY_0,5,A\n");
  EXPECT_THAT(complaint(), HasSubstr("label.csv:2: unknown quadrant '5'"));
  write_table("a.mid,happy,s1,train,a\nb.mid,joy,s2,val,b\n");
  EXPECT_THAT(complaint(), HasSubstr("clips.csv:3: unknown quadrant 'joy'"));
  write_table("a.mid,happy,s1,train,a\nb.mid,sad,s2,dev,b\n");
  EXPECT_THAT(complaint(), HasSubstr("clips.csv:3: unknown split 'dev'"));
  write_table("a.mid,happy,s1,train,a\nb.mid,sad,s2,val,a\n");
  EXPECT_THAT(complaint(), HasSubstr("clips.csv:3: clip 'a' stands there twice"));
  write_table("a.mid,happy,s1,train,../a\n");
  EXPECT_THAT(complaint(), HasSubstr("clips.csv:2: '../a' can't be the name of a clip"));
  write_table("a.mid,happy,s1,train,a\nb.mid,sad,s2,val,b\n");
  EXPECT_THAT(complaint(), HasSubstr("emopia/midis: no such file or folder"));
  folder_.write("emopia/midis.zip", "no zip");
  EXPECT_THAT(complaint(), HasSubstr("midis.zip: not a zip archive"));
}

/// Magnitude of a sine of this frequency in the samples.
double strength(std::span<const float> samples, double frequency_hz, int rate_hz) {
  std::complex<double> sum = 0.0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    sum +=
        static_cast<double>(samples[i]) *
        std::polar(1.0, -2.0 * std::numbers::pi * frequency_hz * static_cast<double>(i) / rate_hz);
  }
  return std::abs(sum) / static_cast<double>(samples.size());
}

TEST(RealFluidsynth, PlaysTheNotesOfAMidiFile) {
  const std::filesystem::path soundfont = "/usr/share/sounds/sf2/FluidR3_GM.sf2";
  if (!run_program({"fluidsynth", "--version"}).installed || !std::filesystem::exists(soundfont)) {
    GTEST_SKIP() << "needs the packages fluidsynth and fluid-soundfont-gm";
  }
  const TemporaryFolder folder;
  folder.write("emopia/clips.csv",
               "midi,label,group,split,id\na.mid,happy,s1,train,a\nb.mid,sad,s2,val,b\n");
  folder.write("emopia/midis/a.mid", two_note_midi());
  folder.write("emopia/midis/b.mid", two_note_midi());
  const ImportReport report = import_with("emopia", {folder / "emopia", folder / "m.csv"});
  EXPECT_EQ(report.songs, 2U);
  AudioOptions whole;
  whole.duration_s = 0.0;
  const std::vector<float> samples = read_audio(folder / "m-audio/a.flac", whole);
  ASSERT_GE(samples.size(), 2U * 44100U);
  const std::span<const float> first = std::span(samples).subspan(4410, 35280);
  const std::span<const float> second = std::span(samples).subspan(44100 + 4410, 35280);
  EXPECT_GT(strength(first, 440, 44100), 10 * strength(first, 466, 44100));
  EXPECT_GT(strength(first, 440, 44100), strength(first, 880, 44100));
  EXPECT_GT(strength(second, 880, 44100), strength(second, 440, 44100));
}

}  // namespace
}  // namespace mer
