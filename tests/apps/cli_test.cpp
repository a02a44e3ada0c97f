#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mer/core/version.hpp"
#include "run_mer.hpp"

namespace mer::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

const Words kVerbs = {"map",   "similar", "predict", "tag",        "playlist", "train",
                      "eval",  "sweep",   "report",  "preprocess", "features", "import",
                      "synth", "info",    "doctor",  "completion"};

TEST(Help, OfEveryVerbIsShorterThanAScreenAndNamesTheExitCodes) {
  for (const std::string& verb : kVerbs) {
    const Outcome help = run_mer({verb, "--help"});
    EXPECT_EQ(help.exit_code, 0) << verb;
    EXPECT_THAT(help.err, "") << verb;
    EXPECT_LT(lines_of(help.out).size(), 40U) << verb;
    EXPECT_THAT(help.out, HasSubstr("Usage: mer " + verb));
    EXPECT_THAT(help.out, HasSubstr("Example:\n  "));
    EXPECT_THAT(help.out, HasSubstr("Exit codes: 0 "));
    EXPECT_THAT(help.out, EndsWith("\n")) << verb;
    EXPECT_EQ(run_mer({verb, "-h"}).out, help.out);
  }
}

TEST(Help, AloneListsEveryVerbAndWhereToStart) {
  const Outcome alone = run_mer({});
  EXPECT_EQ(alone.exit_code, 0);
  for (const std::string& verb : kVerbs) EXPECT_THAT(alone.out, HasSubstr("\n  " + verb + " "));
  EXPECT_THAT(alone.out, HasSubstr("mer predict song.wav"));
  EXPECT_THAT(alone.out, EndsWith("\n"));
  EXPECT_EQ(run_mer({"--help"}).out, alone.out);
}

TEST(Help, NamesEveryFlagOfTheContract) {
  const std::vector<std::pair<std::string, Words>> flags = {
      {"import", {"-o"}},
      {"synth", {"-o", "--songs", "--seconds", "--seed"}},
      {"preprocess", {"-c", "--set", "-j", "--shard"}},
      {"features", {"-o", "--format", "-j", "--plot", "--list", "--print-config", "-c", "--set"}},
      {"train", {"-c", "--set", "--name", "--runs", "--print-config", "--resume"}},
      {"sweep", {"-c", "--set", "-j,--jobs", "--list", "--cell", "--runs", "--name"}},
      {"eval",
       {"--manifest", "--split", "-c", "--weights", "--format", "-o", "--fit", "--fit-on",
        "--save"}},
      {"predict",
       {"-m", "--format", "-o", "-j", "--timeline", "--max-seconds", "--min-confidence",
        "--resume"}},
      {"tag", {"--write", "--remove", "-m", "-j", "--min-confidence"}},
      {"playlist", {"-o"}},
      {"report", {"-o"}},
  };
  for (const auto& [verb, names] : flags) {
    const std::string help = run_mer({verb, "--help"}).out;
    for (const std::string& name : names) EXPECT_THAT(help, HasSubstr("  " + name)) << verb;
  }
}

TEST(Version, IsOneLineOnStdout) {
  const Outcome version = run_mer({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_EQ(version.out, std::string("mer ") + kVersion + "\n");
  EXPECT_EQ(version.err, "");
}

TEST(Doctor, FindsThisInstallationWell) {
  const Outcome doctor = run_mer({"doctor"});
  EXPECT_EQ(doctor.exit_code, 0) << doctor.out << doctor.err;
  for (const char* word :
       {"LibTorch", "BLAS", "OMP_WAIT_POLICY=PASSIVE", "MP3", "FLAC", "gnuplot "}) {
    EXPECT_THAT(doctor.out, HasSubstr(word));
  }
  EXPECT_THAT(doctor.out, EndsWith("all is well\n"));
}

TEST(Doctor, WorksWithoutHelpersAndSaysWhatIsThenWanting) {
  Place place;
  place.environment["PATH"] = "/nowhere";
  const Outcome doctor = run_mer({"doctor"}, place);
  EXPECT_EQ(doctor.exit_code, 0) << doctor.out << doctor.err;
  EXPECT_THAT(doctor.out, HasSubstr("needs ffmpeg, which is not installed"));
  for (const char* word :
       {"needed only for mer import emopia: apt-get install fluidsynth fluid-soundfont-gm\n",
        "needed for the pictures of mer report and mer features --plot: apt-get install gnuplot",
        "needed for reading M4A, WMA and damaged files: apt-get install ffmpeg\n"}) {
    EXPECT_THAT(doctor.out, HasSubstr(word));
  }
  EXPECT_THAT(doctor.out, EndsWith("things are wanting, see above\n"));
}

TEST(Completion, ListsEveryVerbAndBashAcceptsIt) {
  const TemporaryFolder folder;
  const Outcome script = run_mer({"completion", "bash"});
  ASSERT_EQ(script.exit_code, 0);
  const std::string file = folder.write("mer", script.out).string();
  EXPECT_EQ(run({"bash", "-n", file}).exit_code, 0);
  // What bash offers after `mer ` and after `mer predict --fo`.
  const Outcome offered =
      run({"bash", "-c",
           "source \"$1\"; COMP_WORDS=(mer ''); COMP_CWORD=1; _mer; echo "
           "${COMPREPLY[@]}; COMP_WORDS=(mer predict --fo); COMP_CWORD=2; _mer; "
           "echo ${COMPREPLY[@]}",
           "bash", file});
  const auto lines = lines_of(offered.out);
  ASSERT_THAT(lines, SizeIs(2)) << offered.err;
  for (const std::string& verb : kVerbs) EXPECT_THAT(" " + lines[0], HasSubstr(" " + verb + " "));
  EXPECT_EQ(lines[1], "--format");
}

struct Mistake {
  Words arguments;
  std::string fact;    ///< part of the first line
  std::string advice;  ///< part of the second line
};

void PrintTo(const Mistake& mistake, std::ostream* stream) {
  *stream << text_of(mistake.arguments);
}

class TypingError : public testing::TestWithParam<Mistake> {};

TEST_P(TypingError, GivesOneLineOfFactAndOneOfAdviceAndExitCodeTwo) {
  const TemporaryFolder folder;
  folder.write("good.yaml", "device: cpu\n");
  folder.write("folder/readme.txt", "no audio");
  folder.write("text.safetensors", "this is not a model, whatever its name says");
  const Outcome outcome = run_mer(GetParam().arguments, {.folder = folder.path()});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.out, "");
  const auto lines = lines_of(outcome.err);
  ASSERT_THAT(lines, SizeIs(2)) << outcome.err;
  EXPECT_THAT(lines[0], StartsWith("error: "));
  EXPECT_THAT(lines[0], HasSubstr(GetParam().fact));
  EXPECT_THAT(lines[1], StartsWith("  hint: "));
  EXPECT_THAT(lines[1], HasSubstr(GetParam().advice));
}

INSTANTIATE_TEST_SUITE_P(
    Verb, TypingError,
    testing::Values(
        Mistake{{"predcit"}, "unknown command 'predcit', did you mean 'predict'?", "mer --help"},
        Mistake{{"xyzzy"}, "unknown command 'xyzzy'", "mer --help"},
        Mistake{{"--hlep"}, "unknown option '--hlep'", "did you mean '--help'?"}));

INSTANTIATE_TEST_SUITE_P(
    Option, TypingError,
    testing::Values(
        Mistake{{"predict", "--formt", "json", "a.wav"}, "unknown option '--formt'", "'--format'"},
        Mistake{{"train", "--confg=good.yaml"}, "unknown option '--confg=good.yaml'", "'--config'"},
        Mistake{{"predict"}, "input is required", "mer predict --help"},
        Mistake{{"preprocess"}, "--config is required", "mer preprocess --help"},
        Mistake{{"eval"}, "model is required", "mer eval --help"},
        Mistake{{"import", "folder", "folder"}, "--output is required", "mer import --help"},
        Mistake{{"train"}, "train needs a config or a run to resume", "mer train -c"},
        Mistake{{"train", "--resume", "r", "-c", "good.yaml"}, "excludes", "mer train --help"},
        Mistake{{"predict", "a.wav", "-q", "-v"}, "excludes", "mer predict --help"},
        Mistake{{"predict", "a.wav", "--resume"}, "--resume", "--format jsonl -o FILE --resume"},
        Mistake{{"predict", "a.wav", "--timeline", "--format", "csv"}, "--timeline", "--format"},
        Mistake{{"tag"}, "input is required", "mer tag --help"},
        Mistake{{"tag", "a", "--write", "--remove"}, "excludes", "mer tag --help"},
        Mistake{{"playlist", "a.jsonl"}, "--output is required", "mer playlist --help"},
        Mistake{{"report"}, "folder is required", "mer report --help"},
        Mistake{{"doctor", "now"}, "unexpected argument 'now'", "mer doctor --help"}));

INSTANTIATE_TEST_SUITE_P(
    Value, TypingError,
    testing::Values(
        Mistake{{"predict", "--format", "jso", "a.wav"},
                "'jso' is not one of table, json, jsonl",
                "mer predict --help"},
        Mistake{{"predict", "a.wav", "-j", "-1"}, "'-1' is not a number at least 0", "--help"},
        Mistake{{"predict", "a.wav", "-j", "two"}, "'two' is not a number at least 0", "--help"},
        Mistake{{"predict", "a.wav", "--min-confidence", "70"},
                "'70' is not a number in 0…1",
                "--help"},
        Mistake{{"predict", "a.wav", "--max-seconds", "nan"}, "'nan' is not a number", "--help"},
        Mistake{{"synth", "-o", "x", "--songs", "3"}, "'3' is not a number in 8…", "--help"},
        Mistake{
            {"import", "foldr", "folder", "-o", "x.csv"},
            "'foldr' is not one of folder, 4qaed, emopia, emotify, deam, pmemo, emomusic, grekow, "
            "merge, mtg_jamendo, vgmidi, did you mean 'folder'?",
            "mer import --help"},
        Mistake{{"completion", "fish"}, "'fish' is not one of bash", "mer completion --help"},
        Mistake{{"preprocess", "-c", "good.yaml", "--shard", "3/2"}, "shard '3/2'", "1/4"},
        Mistake{{"preprocess", "-c", "good.yaml", "--shard", "0/2"}, "shard '0/2'", "1/4"}));

INSTANTIATE_TEST_SUITE_P(
    Config, TypingError,
    testing::Values(
        Mistake{{"train", "-c", "god.yaml"}, "god.yaml: no such file", "mer train --help"},
        Mistake{{"features", "a.wav", "-o", "a.csv", "--set", "embed.networks=[musicnn]"},
                "--set embed.networks=[musicnn]: has no effect here",
                "audio, vad, features, descriptors"},
        Mistake{{"preprocess", "-c", "good.yaml", "--set", "train.lr=0.1"},
                "--set train.lr=0.1: has no effect here",
                "data, audio, vad, features, embed"},
        Mistake{{"train", "-c", "4qead"},
                "neither a file nor an installed config, did you mean '4qaed'?",
                "mer train --help"},
        Mistake{{"train", "-c", "good.yaml", "--set", "train.lrr=1"},
                "unknown key 'train.lrr'",
                "'train.lr'"},
        Mistake{{"train", "-c", "good.yaml", "--set", "train.lr=fast"},
                "'train.lr' is 'fast', allowed: a number above 0",
                "mer train --help"},
        Mistake{{"train", "-c", "good.yaml", "--set", "train.lr"},
                "is not KEY=VALUE",
                "train.lr=0.001"},
        Mistake{{"preprocess", "-c", "good.yaml"},
                "'data.manifest' is not given",
                "--set data.manifest=songs.csv"},
        Mistake{{"preprocess", "-c", "good.yaml", "--set", "data.manifest=nope.csv"},
                "nope.csv: no such manifest",
                "mer import"},
        Mistake{{"train", "-c", "good.yaml", "--set", "data.manifest=nope.csv"},
                "nope.csv: no such manifest",
                "mer import"}));

INSTANTIATE_TEST_SUITE_P(
    Model, TypingError,
    testing::Values(
        Mistake{{"predict", "a.wav", "-m", "nope"},
                "model 'nope' is neither a path nor a bundled model",
                "model"},
        Mistake{{"eval", "runs/nope"}, "model 'runs/nope' is neither a path", "model"},
        Mistake{{"predict", "a.wav", "-m", "folder"},
                "folder: is a folder without a run in it",
                "config.yaml"},
        Mistake{{"predict", "a.wav", "-m", "text.safetensors"},
                "text.safetensors: not a valid safetensors file",
                "mer predict --help"},
        Mistake{{"info", "nope"}, "model 'nope' is neither a path", "model"},
        Mistake{{"info", "folder"}, "folder: is a folder without a run in it", "mer info --help"},
        Mistake{{"train", "--resume", "runs/nope"}, "runs/nope: is not a run folder", "runs/"},
        Mistake{{"predict", "folder"}, "folder: no audio files in this folder", "mer predict"},
        Mistake{{"tag", "folder"}, "folder: no audio files in this folder", "mer tag --help"},
        Mistake{{"tag", "nope"}, "nope: no such folder or file", "mer predict --format jsonl"},
        Mistake{{"tag", "good.yaml"}, "good.yaml:1: is no line of mer predict", "--format jsonl"},
        Mistake{{"tag", "good.yaml", "-m", "default"}, "--model is for", "leave it out"},
        Mistake{{"playlist", "nope", "-o", "x"}, "nope: cannot be read", "--format jsonl"},
        Mistake{{"report", "nope"}, "nope: no such folder", "mer report"},
        Mistake{{"report", "folder"}, "folder: is neither a run nor a sweep", "run.json"},
        Mistake{{"import", "folder", "nope", "-o", "x.csv"}, "nope: no such folder", "path"}));

}  // namespace
}  // namespace mer::test
