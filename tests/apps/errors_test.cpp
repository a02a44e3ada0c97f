#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "run_mer.hpp"

namespace mer::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

/// Asserts exit code, an empty stdout, one line of fact and one of advice.
void expect_refused(const Outcome& outcome, int exit_code, const std::string& fact,
                    const std::string& advice) {
  EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  const auto lines = lines_of(outcome.err);
  ASSERT_THAT(lines, SizeIs(2)) << outcome.err;
  EXPECT_THAT(lines[0], AllOf(StartsWith("error: "), HasSubstr(fact)));
  EXPECT_THAT(lines[1], AllOf(StartsWith("  hint: "), HasSubstr(advice)));
}

struct Broken {
  std::string name;
  std::string text;  ///< of the manifest or the config
  std::string fact;
  std::string advice;
};

void PrintTo(const Broken& broken, std::ostream* stream) { *stream << broken.name; }
std::string name_of(const testing::TestParamInfo<Broken>& info) { return info.param.name; }

class BrokenManifest : public testing::TestWithParam<Broken> {};

TEST_P(BrokenManifest, IsRefusedByTheLineBeforeAnyWork) {
  const TemporaryFolder folder;
  for (const char* song : {"a.wav", "b.wav", "c.wav"}) folder.write(song, wav({0.0F}, 8000));
  folder.write("m.csv", GetParam().text);
  folder.write("c.yaml", "data: {manifest: m.csv}\n");
  const Place place{.folder = folder.path()};
  expect_refused(run_mer({"preprocess", "-c", "c.yaml"}, place), 2, GetParam().fact,
                 GetParam().advice);
  EXPECT_FALSE(std::filesystem::exists(folder / "mer-store"));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, BrokenManifest,
    testing::Values(
        Broken{"DuplicatePath", "path,label\na.wav,sad\nb.wav,happy\n./a.wav,sad\n",
               "m.csv:4: path './a.wav' is already in line 2", "remove one"},
        Broken{"DuplicateId", "path,label,id\na.wav,sad,x\nb.wav,happy,x\n",
               "m.csv:3: id 'x' is already in line 2", "own id"},
        Broken{"UnknownColumn", "path,lable\na.wav,sad\n",
               "m.csv:1: unknown column 'lable', known are path, label, labels, valence, arousal, "
               "dynamic, share_<class>, group, split, id",
               "did you mean 'label'?"},
        Broken{"MissingColumn", "path\na.wav\n", "m.csv:1: no column says what to learn",
               "path, at least one of label, labels"},
        Broken{"EmptyLabel", "path,label\na.wav,sad\nb.wav,\n", "m.csv:3: the label is empty",
               "fill it in"},
        Broken{"MissingCell", "path,label\na.wav,sad\nb.wav\n",
               "m.csv:3: ", "quotes around a cell"},
        Broken{"GroupInTwoSplits",
               "path,label,group,split\na.wav,sad,x,train\nb.wav,happy,y,test\nc.wav,sad,x,test\n",
               "m.csv:4: group 'x' is in 'test' here and in 'train' in line 2", "share a split"},
        Broken{"UnknownSplit", "path,label,split\na.wav,sad,dev\nb.wav,happy,train\n",
               "m.csv:2: unknown split 'dev'", "train, validation, test"},
        Broken{"MissingFile", "path,label\na.wav,sad\nz.wav,happy\n",
               "m.csv:3: no such file: 'z.wav'", "relative to the manifest's folder"},
        Broken{"ValenceOutOfRange", "path,label,valence\na.wav,sad,-3\nb.wav,happy,0.1\n",
               "m.csv:2: valence '-3' is not a number in -1…1", "-1…1"},
        Broken{"NoSongs", "path,label\n", "m.csv", ""}),
    name_of);

TEST(OneClass, IsRefusedBeforeAnyWork) {
  const TemporaryFolder folder;
  for (const char* name : {"a.wav", "b.wav"}) folder.write(name, "");
  folder.write("m.csv", "path,label\na.wav,sad\nb.wav,sad\n");
  folder.write("c.yaml", "data: {manifest: m.csv}\n");
  expect_refused(run_mer({"train", "-c", "c.yaml"}, {.folder = folder.path()}), 2,
                 "m.csv: all songs have the label 'sad', at least two classes are needed",
                 "add songs of another class");
  EXPECT_FALSE(std::filesystem::exists(folder / "mer-store"));
}

class BrokenConfig : public testing::TestWithParam<Broken> {};

TEST_P(BrokenConfig, IsRefusedByFileLineAndKey) {
  const TemporaryFolder folder;
  folder.write("c.yaml", GetParam().text);
  const Place place{.folder = folder.path()};
  expect_refused(run_mer({"train", "-c", "c.yaml", "--print-config"}, place), 2, GetParam().fact,
                 GetParam().advice);
}

INSTANTIATE_TEST_SUITE_P(
    Keys, BrokenConfig,
    testing::Values(
        Broken{"UnknownKey", "device: cpu\ntrain:\n  iteration: 5\n",
               "c.yaml:3: unknown key 'train.iteration'", "did you mean 'train.iterations'?"},
        Broken{"UnknownSection", "features:\n  melody:\n    num_bands: 3\n",
               "c.yaml:2: unknown key 'features.melody'", ""},
        Broken{"DuplicateKey", "device: cpu\ntrain: {lr: 1}\ndevice: cpu\n", "c.yaml:3: ", ""},
        Broken{"WrongType", "train:\n  batch_size: many\n",
               "c.yaml:2: 'train.batch_size' is 'many', allowed: a whole number in 1…4096", ""},
        Broken{"OutOfRange", "data:\n  split:\n    folds: -1\n",
               "c.yaml:3: 'data.split.folds' is '-1'", ""},
        Broken{"WrongWord", "loss: {name: softmx}\n", "c.yaml:1: 'loss.name' is 'softmx'",
               "softmax"},
        Broken{"EvenKernel", "model:\n  kernel: 4\n", "'kernel' is 4, allowed: odd numbers", ""},
        Broken{"NotASection", "train: 5\n", "c.yaml:1: 'train'", ""},
        Broken{"NotYaml", "train: {lr: 1\ndevice: cpu\n", "c.yaml", ""}),
    name_of);

TEST(BrokenStore, WhoseFolderIsAFileFailsWithExitCodeOne) {
  const TemporaryFolder folder;
  folder.write("m.csv", "path,label\na.wav,sad\nb.wav,happy\n");
  folder.write("a.wav", wav(tone(220, 0.5, 8000), 8000));
  folder.write("b.wav", wav(tone(440, 0.5, 8000), 8000));
  folder.write("c.yaml", "data: {manifest: m.csv, store: blocked/store}\n");
  folder.write("blocked", "a file");
  expect_refused(run_mer({"preprocess", "-c", "c.yaml"}, {.folder = folder.path()}), 1,
                 "blocked/store", "--set data.store=DIR");
}

TEST(BrokenStore, WithADamagedFileNamesItAndSaysWhatToDo) {
  const TemporaryFolder folder;
  folder.write("m.csv", "path,label\na.wav,sad\nb.wav,happy\n");
  folder.write("a.wav", wav(tone(220, 0.5, 8000), 8000));
  folder.write("b.wav", wav(tone(440, 0.5, 8000), 8000));
  folder.write("c.yaml", "data: {manifest: m.csv, store: store}\n");
  const Place place{.folder = folder.path()};
  ASSERT_EQ(run_mer({"preprocess", "-c", "c.yaml"}, place).exit_code, 0);
  for (const auto& [name, content] : files_below(folder / "store")) {
    if (name.find("/a-") == std::string::npos) continue;
    std::filesystem::resize_file(folder / "store" / name, content.size() / 2);
  }
  expect_refused(run_mer({"preprocess", "-c", "c.yaml"}, place), 2, "/a-",
                 "remove this file and run `mer preprocess` again");
}

TEST(FullDisk, MakesAVerbThatPrintsFail) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  const TemporaryFolder folder;
  folder.write("c.yaml", "device: cpu\n");
  const Outcome outcome = run_mer({"train", "-c", "c.yaml", "--print-config"},
                                  {.folder = folder.path(), .standard_output = "/dev/full"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("error: stdout: cannot be written"));
}

TEST(Import, WarnsLoudlyWhereThereAreNoGroupsAndWritesAManifestThatLoads) {
  const TemporaryFolder folder;
  for (const char* song : {"happy/a.wav", "happy/b.wav", "sad/c.wav"}) {
    folder.write(std::string("songs/") + song, wav(tone(220, 0.5, 8000), 8000));
  }
  const Place place{.folder = folder.path()};
  const Outcome import = run_mer({"import", "folder", "songs", "-o", "m.csv"}, place);
  EXPECT_EQ(import.exit_code, 0);
  EXPECT_EQ(import.out, "");
  EXPECT_THAT(import.err, HasSubstr("WARNING: "));
  EXPECT_THAT(import.err, HasSubstr("group"));
  EXPECT_THAT(import.err, HasSubstr("3 songs, classes happy, sad"));
  folder.write("c.yaml", "data: {manifest: m.csv}\n");
  EXPECT_EQ(run_mer({"preprocess", "-c", "c.yaml"}, place).exit_code, 0);
}

}  // namespace
}  // namespace mer::test
