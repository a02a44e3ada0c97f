#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../support/two_note_midi.hpp"
#include "run_mer.hpp"

namespace mer::test {
namespace {

using testing::HasSubstr;

/// A table of three clips of which the third is no MIDI file, and a script in fluidsynth's place.
class ImportVerb : public testing::Test {
 protected:
  ImportVerb() {
    folder_.write("corpus/clips.csv",
                  "midi,label,group,split,id\na.mid,happy,s1,train,a\nb.mid,sad,s2,val,b\n"
                  "c.mid,sad,s2,val,c\n");
    folder_.write("corpus/midis/a.mid", two_note_midi());
    folder_.write("corpus/midis/b.mid", two_note_midi());
    folder_.write("corpus/midis/c.mid", "text");
    folder_.write("font.sf2", "a soundfont");
    folder_.write("tone.wav", wav(tone(440, 0.2, 44100), 44100));
    const auto program =
        folder_.write("bin/fluidsynth", "#!/bin/sh\nfor word; do [ \"$before\" = -F ] && cp '" +
                                            (folder_ / "tone.wav").string() +
                                            "' \"$word\"; before=$word; done\nexit 0\n");
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    place_.folder = folder_.path();
    place_.environment["PATH"] = (folder_ / "bin").string() + ":" + ::getenv("PATH");
  }
  Outcome import(Words more = {}) {
    Words words = {"import", "emopia", "corpus", "-o", "m.csv", "--soundfont", "font.sf2"};
    words.insert(words.end(), more.begin(), more.end());
    return run_mer(words, place_);
  }
  TemporaryFolder folder_;
  Place place_;
};

TEST_F(ImportVerb, RendersWhatItCanAndSaysWhatFailed) {
  const Outcome outcome = import();
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("error: c: this is not a MIDI file\n  hint: "));
  EXPECT_THAT(outcome.err, HasSubstr("2 songs, classes happy, sad, 2 groups: m.csv"));
  EXPECT_EQ(read(folder_ / "m.csv"),
            "path,label,group,split,id\nm-audio/a.flac,happy,s1,train,a\n"
            "m-audio/b.flac,sad,s2,validation,b\n");
}

TEST_F(ImportVerb, PutsAudioWhereItIsToldTo) {
  EXPECT_EQ(import({"--audio", "flac", "-j", "2", "-q"}).exit_code, 3);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "flac/a.flac"));
  EXPECT_THAT(read(folder_ / "m.csv"), HasSubstr("\nflac/a.flac,happy,"));
}

TEST_F(ImportVerb, WithoutFluidsynthFailsAndNamesThePackages) {
  place_.environment["PATH"] = "/nowhere";
  const Outcome outcome = import();
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("is not installed\n  hint: apt-get install fluidsynth "
                                     "fluid-soundfont-gm"));
}

TEST_F(ImportVerb, AnOptionOfAnotherCorpusIsAnError) {
  const Outcome neutral = import({"--neutral", "0.2"});
  EXPECT_EQ(neutral.exit_code, 2);
  EXPECT_THAT(neutral.err, HasSubstr("--neutral means nothing for 'emopia'\n  hint: leave it out: "
                                     "it is for deam and pmemo"));
  const Outcome jobs = run_mer({"import", "deam", "corpus", "-o", "m.csv", "-j", "2"}, place_);
  EXPECT_EQ(jobs.exit_code, 2);
  EXPECT_THAT(jobs.err, HasSubstr("--jobs means nothing for 'deam'"));
}

TEST(ImportHelp, SaysWhichEmotionsAreInducedAndWhereEachCorpusIsFrom) {
  const std::string help = run_mer({"import", "--help"}).out;
  for (const char* word : {"emotify  INDUCED", "pmemo    INDUCED", "deam     perceived",
                           "emopia   perceived", "CC BY-NC-SA 4.0", "https://zenodo.org",
                           "emotifydata", "cvml.unige.ch", "HuiZhangDB/PMEmo"}) {
    EXPECT_THAT(help, HasSubstr(word));
  }
}

}  // namespace
}  // namespace mer::test
