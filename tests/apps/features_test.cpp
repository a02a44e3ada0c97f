#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "mer/core/text.hpp"
#include "mer/store/song_features.hpp"
#include "run_mer.hpp"

namespace mer::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

/// A Python that has NumPy: the first in PATH may be another than Debian's. Empty for none.
const std::string& python_with_numpy() {
  static const std::string found = [] {
    for (const char* python : {"python3", "/usr/bin/python3"}) {
      if (run({python, "-c", "import numpy"}).exit_code == 0) return std::string(python);
    }
    return std::string();
  }();
  return found;
}

/// A folder with songs of half a second.
class Features : public testing::Test {
 protected:
  Features() {
    folder_.write("a.wav", wav(tone(220.0, 0.5, 44100), 44100));
    folder_.write("songs/b.wav", wav(tone(330.0, 0.6, 44100), 44100));
    folder_.write("songs/deep/c.wav", wav(tone(440.0, 0.7, 44100), 44100));
  }
  Outcome mer(Words words, const std::string& standard_input = "") const {
    words.insert(words.begin(), "features");
    return run_mer(words, {.folder = folder_.path(), .standard_input = standard_input});
  }
  TemporaryFolder folder_;
};

TEST_F(Features, OfOneSongAreAFileThatTheLibraryReads) {
  const Outcome outcome = mer({"a.wav", "-o", "a.safetensors"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out + outcome.err, "");
  const SongFeatures song = SongFeatures::open(folder_ / "a.safetensors");
  // 22050 samples hold (22050 − 2048) / 1024 + 1 = 20 whole frames; the first is centered at 1024.
  EXPECT_EQ(song.num_frames(), 20);
  EXPECT_DOUBLE_EQ(song.time_s().front(), 1024.0 / 44100.0);
  EXPECT_DOUBLE_EQ(song.duration_s(), 0.5);
}

TEST_F(Features, OfALongSongAreThoseOfAllOfItUnlessToldOtherwise) {
  folder_.write("long.wav", wav(tone(220.0, 31.0, 8000), 8000));
  ASSERT_EQ(mer({"long.wav", "-o", "all.safetensors"}).exit_code, 0);
  ASSERT_EQ(mer({"long.wav", "-o", "one.safetensors", "--set", "audio.duration_s=1"}).exit_code, 0);
  EXPECT_NEAR(SongFeatures::open(folder_ / "all.safetensors").time_s().back(), 31.0, 0.05);
  EXPECT_NEAR(SongFeatures::open(folder_ / "one.safetensors").time_s().back(), 1.0, 0.05);
}

TEST_F(Features, KnowTheSongsTuningWhenAskedToEstimateIt) {
  folder_.write("high.wav", wav(tone(440.0 * std::exp2(0.2 / 12.0), 2.0, 44100), 44100));
  folder_.write("low.wav", wav(tone(220.0 * std::exp2(-0.3 / 12.0), 2.0, 44100), 44100));
  const Outcome outcome = mer({"high.wav", "low.wav", "-o", "out", "--estimate-tuning"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("high.wav: tuned 20 cents above A4 = 440 Hz"));
  EXPECT_THAT(outcome.err, HasSubstr("low.wav: tuned 30 cents below A4 = 440 Hz"));
  const SongFeatures high = SongFeatures::open(folder_ / "out/high.safetensors");
  EXPECT_NEAR(high.recipe().features.of<ChromaOptions>().tuning, 0.2, 0.011);
  ASSERT_EQ(mer({"high.wav", "-o", "plain.safetensors"}).exit_code, 0);
  EXPECT_NE(read(folder_ / "out/high.safetensors"), read(folder_ / "plain.safetensors"));
}

TEST_F(Features, AreTheNumbersThatPreprocessMakes) {
  folder_.write("m.csv", "path,label\na.wav,happy\nsongs/b.wav,sad\n");
  ASSERT_EQ(run_mer({"preprocess", "--set", "data.manifest=m.csv", "-c", "c.yaml"},
                    {.folder = folder_.path()})
                .exit_code,
            2);  // no config of that name
  folder_.write("c.yaml", "data: {manifest: m.csv}\naudio: {duration_s: 0}\n");
  ASSERT_EQ(run_mer({"preprocess", "-c", "c.yaml"}, {.folder = folder_.path()}).exit_code, 0);
  ASSERT_EQ(mer({"a.wav", "-c", "c.yaml", "-o", "a.safetensors"}).exit_code, 0);
  for (const auto& [name, content] : files_below(folder_ / "mer-store")) {
    if (name.find("/a-") != std::string::npos) {
      EXPECT_EQ(content, read(folder_ / "a.safetensors"));
      return;
    }
  }
  FAIL() << "no features of a.wav in the store";
}

TEST_F(Features, OfAFolderKeepItsSubfolders) {
  const Outcome outcome = mer({"songs", "a.wav", "-o", "out"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "3 songs, 0 failed: out\n");
  std::vector<std::string> names;
  for (const auto& [name, content] : files_below(folder_ / "out")) names.push_back(name);
  EXPECT_THAT(names, ElementsAre("a.safetensors", "b.safetensors", "deep/c.safetensors"));
}

TEST_F(Features, DoNotDependOnTheNumberOfJobs) {
  ASSERT_EQ(mer({"songs", "a.wav", "-o", "one", "-j", "1", "--format", "npz"}).exit_code, 0);
  ASSERT_EQ(mer({"songs", "a.wav", "-o", "many", "-j", "3", "--format", "npz"}).exit_code, 0);
  const auto one = files_below(folder_ / "one");
  EXPECT_THAT(one, SizeIs(3));
  EXPECT_EQ(files_below(folder_ / "many"), one);
}

TEST_F(Features, OfTwoSongsOfOneNameKeepTheirExtension) {
  folder_.write("a.au", read(folder_ / "a.wav"));
  EXPECT_EQ(mer({"a.wav", "a.au", "-o", "out", "--format", "csv"}).exit_code, 0);
  EXPECT_TRUE(fs::exists(folder_ / "out/a.wav.csv"));
  EXPECT_TRUE(fs::exists(folder_ / "out/a.au.csv"));
  folder_.write("other/a.wav", read(folder_ / "a.wav"));
  const Outcome clash = mer({"a.wav", "other/a.wav", "-o", "out"});
  EXPECT_EQ(clash.exit_code, 2);
  EXPECT_THAT(clash.err, HasSubstr("other/a.wav: its features would have the same name as those "
                                   "of a.wav"));
}

TEST_F(Features, OfABadFileStopNoOther) {
  folder_.write("songs/bad.mp3", "no music at all");
  const Outcome outcome = mer({"songs", "missing.wav", "a.wav", "-o", "out"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("error: songs/bad.mp3: "));
  EXPECT_THAT(outcome.err, HasSubstr("error: missing.wav: "));
  EXPECT_THAT(outcome.err, HasSubstr("5 songs, 2 failed: out\n"));
  EXPECT_THAT(files_below(folder_ / "out"), SizeIs(3));
}

TEST_F(Features, ComeFromAListOnStandardInput) {
  EXPECT_EQ(mer({"-", "-o", "out"}, "a.wav\nsongs/b.wav\n").exit_code, 0);
  EXPECT_TRUE(fs::exists(folder_ / "out/a.safetensors"));
  EXPECT_TRUE(fs::exists(folder_ / "out/b.safetensors"));
}

TEST_F(Features, AsCsvOnStandardOutputAreTheSameAsInAFile) {
  const Outcome outcome = mer({"a.wav", "-o", "-", "-v"});
  EXPECT_EQ(outcome.exit_code, 0);
  ASSERT_EQ(mer({"a.wav", "-o", "a.csv"}).exit_code, 0);
  EXPECT_EQ(outcome.out, read(folder_ / "a.csv"));
  const auto lines = lines_of(outcome.out);
  ASSERT_THAT(lines, SizeIs(21));  // names, 20 frames
  EXPECT_EQ(nlohmann::json::parse(read(folder_ / "a.csv.json"))["recipe"]["audio"]["duration_s"],
            0.0);
  EXPECT_THAT(lines[0], StartsWith("time_s,kept,energy_db,logmel_0,logmel_1,"));
  EXPECT_THAT(lines[0], HasSubstr(",f0_semitones,voicing,formant_1_hz,bandwidth_1_hz,"));
}

TEST_F(Features, LeaveNothingElseBehind) {
  ASSERT_EQ(mer({"a.wav", "-o", "out.npz"}).exit_code, 0);
  ASSERT_EQ(mer({"a.wav", "-o", "out.csv"}).exit_code, 0);
  ASSERT_EQ(mer({"missing.wav", "-o", "gone.csv"}).exit_code, 3);
  std::vector<std::string> names;
  for (const auto& [name, content] : files_below(folder_.path())) names.push_back(name);
  EXPECT_THAT(names, ElementsAre("a.wav", "out.csv", "out.csv.json", "out.npz", "songs/b.wav",
                                 "songs/deep/c.wav"));
}

TEST_F(Features, SweepAwayWhatAKilledRunLeftButNotWhatAnotherRunUses) {
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for (const char* name : {".mer-features-killed", ".mer-features-in-use", ".mer-features-new"}) {
    fs::create_directories(folder_ / name);
    folder_.write(std::string(name) + "/song.safetensors", "half");
    if (std::string(name) != ".mer-features-new") fs::last_write_time(folder_ / name, long_ago);
  }
  const int in_use = ::open((folder_ / ".mer-features-in-use").c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(::flock(in_use, LOCK_EX), 0);
  EXPECT_EQ(mer({"a.wav", "-o", "out.npz"}).exit_code, 0);
  ::close(in_use);
  EXPECT_FALSE(fs::exists(folder_ / ".mer-features-killed"));
  EXPECT_TRUE(fs::exists(folder_ / ".mer-features-in-use/song.safetensors"));
  EXPECT_TRUE(fs::exists(folder_ / ".mer-features-new/song.safetensors"));
}

TEST_F(Features, AsNpzAreWhatNumPyLoadsWithoutPickle) {
  if (python_with_numpy().empty()) GTEST_SKIP() << "python3-numpy is not installed";
  ASSERT_EQ(mer({"a.wav", "-o", "a.npz"}).exit_code, 0);
  ASSERT_EQ(mer({"a.wav", "-o", "a.csv"}).exit_code, 0);
  const std::string script = R"(
import csv, json, numpy as np
song = np.load("a.npz")
assert sorted(song.files) == ["energy_db", "kept", "lld", "lld_columns", "lld_units", "metadata",
                              "spectrogram", "spectrogram_columns", "spectrogram_hz", "time_s"]
with open("a.csv") as file:
    rows = list(csv.reader(file))
assert len(set(rows[0])) == len(rows[0])
assert json.load(open("a.csv.json")) == json.loads(str(song["metadata"]))
assert rows[0][3:] == list(song["spectrogram_columns"]) + list(song["lld_columns"])
values = np.array(rows[1:], dtype=np.float64)
assert np.array_equal(values[:, 0], song["time_s"])
assert song["kept"].dtype == bool and np.array_equal(values[:, 1] == 1, song["kept"])
matrix = np.hstack([song["energy_db"][:, None], song["spectrogram"], song["lld"]])
assert matrix.dtype == np.float32 and np.array_equal(values[:, 2:].astype(np.float32), matrix)
assert len(song["lld_units"]) == song["lld"].shape[1] and "dB" in song["lld_units"]
description = json.loads(str(song["metadata"]))
assert description["recipe"]["features"]["frame"]["hop_samples"] == 1024
assert description["features"][3]["unit"].startswith("semitones")
assert np.all(np.diff(song["spectrogram_hz"]) > 0)
)";
  const Outcome python = run({python_with_numpy(), "-c", script}, {.folder = folder_.path()});
  EXPECT_EQ(python.exit_code, 0) << python.err;
}

TEST_F(Features, AreReadByTheSmallPythonReader) {
  if (python_with_numpy().empty()) GTEST_SKIP() << "python3-numpy is not installed";
  ASSERT_EQ(mer({"a.wav", "-o", "a.safetensors"}).exit_code, 0);
  const std::string reader = std::string(MER_SOURCE_DIR) + "/scripts/read_features.py";
  const Place here = {.folder = folder_.path()};
  const Outcome summary = run({python_with_numpy(), reader, "a.safetensors"}, here);
  EXPECT_EQ(summary.exit_code, 0) << summary.err;
  EXPECT_THAT(summary.out, HasSubstr("audio        0.500 s at 44100 Hz\n"));
  EXPECT_THAT(summary.out, HasSubstr("frames       20, 20 kept\n"));
  const Outcome pitch = run({python_with_numpy(), reader, "a.safetensors", "f0"}, here);
  const auto lines = lines_of(pitch.out);
  ASSERT_THAT(lines, SizeIs(20)) << pitch.err;
  // 220 Hz is two octaves above 55 Hz.
  const std::size_t tab = lines[10].rfind('\t');
  EXPECT_NEAR(std::stod(lines[10].substr(tab + 1)), 24.0, 0.05);
  EXPECT_NE(run({python_with_numpy(), reader, "a.wav"}, here).exit_code, 0);
}

TEST_F(Features, CanBeDrawnWithoutBeingWritten) {
  if (run({"gnuplot", "--version"}).exit_code != 0) GTEST_SKIP() << "gnuplot is not installed";
  ASSERT_EQ(mer({"a.wav", "--plot", "a.svg"}).exit_code, 0);
  EXPECT_THAT(read(folder_ / "a.svg"), HasSubstr(">a.wav</text>"));
  ASSERT_EQ(mer({"a.wav", "--plot", "a.png"}).exit_code, 0);
  EXPECT_THAT(read(folder_ / "a.png"), StartsWith("\x89PNG"));
  const Outcome page = mer({"a.wav", "missing.wav", "songs", "--plot", "all.html", "-j", "3"});
  EXPECT_EQ(page.exit_code, 3);
  const std::string html = read(folder_ / "all.html");
  const std::size_t first = html.find("<h2>a.wav</h2>");
  const std::size_t second = html.find("<h2>b.wav</h2>");
  const std::size_t third = html.find("<h2>c.wav</h2>");
  ASSERT_NE(third, std::string::npos);
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_THAT(html, Not(HasSubstr("missing.wav")));
}

TEST_F(Features, SayWhichPackageDrawsWhenItIsNotThere) {
  folder_.write("bin/empty", "");
  const Outcome outcome =
      run_mer({"features", "a.wav", "--plot", "a.svg"},
              {.folder = folder_.path(), .environment = {{"PATH", (folder_ / "bin").string()}}});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err,
              StartsWith("error: gnuplot, which draws the pictures, cannot be started"));
  EXPECT_THAT(outcome.err, HasSubstr("  hint: apt-get install gnuplot-nox\n"));
  EXPECT_FALSE(fs::exists(folder_ / "a.svg"));
}

TEST_F(Features, AsDescriptorsAreARowASong) {
  const Outcome outcome = mer({"songs", "a.wav", "--descriptors", "-o", "all.csv", "-j", "2"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "3 songs, 0 failed: all.csv\n");
  const std::string csv = read(folder_ / "all.csv");
  const auto lines = lines_of(csv);
  ASSERT_THAT(lines, SizeIs(4));  // names, three songs
  const auto description = nlohmann::json::parse(read(folder_ / "all.csv.json"));
  EXPECT_EQ(description["descriptors"]["dynamic_range_db"], 80.0);
  EXPECT_THAT(lines[0], StartsWith("path,onset_mean,onset_deviation,"));
  EXPECT_THAT(lines[1], StartsWith("songs/b.wav,"));
  EXPECT_THAT(lines[2], StartsWith("songs/deep/c.wav,"));
  EXPECT_THAT(lines[3], StartsWith("a.wav,"));
  EXPECT_EQ(mer({"songs", "a.wav", "--descriptors", "-o", "-", "-j", "1"}).out, csv);
}

TEST_F(Features, AsDescriptorsCanBeThoseOfAFewFamilies) {
  const Outcome outcome = mer({"a.wav", "missing.wav", "--descriptors", "-o", "-", "--set",
                               "descriptors.families=[melody]"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("error: missing.wav: "));
  const auto lines = lines_of(outcome.out);
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_THAT(lines[0], StartsWith("path,voiced_share,voicing_mean,"));
  // A steady tone of half a second: every frame is voiced.
  EXPECT_THAT(lines[1], StartsWith("a.wav,1,"));
  const auto names =
      lines_of(mer({"--list", "--descriptors", "--set", "descriptors.families=[melody]"}).out);
  EXPECT_EQ(std::count(lines[0].begin(), lines[0].end(), ','), static_cast<int>(names.size()) - 1);
}

TEST_F(Features, AsDescriptorsWriteTheSameNumbersInEveryFormat) {
  if (python_with_numpy().empty()) GTEST_SKIP() << "python3-numpy is not installed";
  for (const char* file : {"t.csv", "t.npz", "t.safetensors"}) {
    ASSERT_EQ(mer({"a.wav", "songs/b.wav", "--descriptors", "-o", file}).exit_code, 0);
  }
  const std::string script = R"(
import csv, json, numpy as np, struct
table = np.load("t.npz")
with open("t.csv") as file:
    rows = list(csv.reader(file))
assert [column["name"] for column in json.load(open("t.csv.json"))["columns"]] == rows[0][1:]
assert rows[0] == ["path"] + list(table["names"])
assert [row[0] for row in rows[1:]] == list(table["path"]) == ["a.wav", "songs/b.wav"]
values = np.array([row[1:] for row in rows[1:]], dtype=np.float32)
assert np.array_equal(values, table["descriptors"]) and np.isfinite(values).all()
data = open("t.safetensors", "rb").read()
size = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8 : 8 + size])
assert header["descriptors"]["shape"] == list(values.shape)
assert np.array_equal(np.frombuffer(data[8 + size :], np.float32).reshape(values.shape), values)
assert json.loads(header["__metadata__"]["names"]) == list(table["names"])
)";
  const Outcome python = run({python_with_numpy(), "-c", script}, {.folder = folder_.path()});
  EXPECT_EQ(python.exit_code, 0) << python.err;
}

TEST_F(Features, AreListedWithDimensionUnitAndSource) {
  const Outcome outcome = mer({"--list"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  const auto lines = lines_of(outcome.out);
  EXPECT_THAT(lines[0], StartsWith("feature "));
  for (const char* line : {"logmel          128      dB", "mfcc            20       dB",
                           "formants        6        Hz", "chroma          12       0…1"}) {
    EXPECT_THAT(outcome.out, HasSubstr(std::string("\n") + line));
  }
  EXPECT_THAT(outcome.out, HasSubstr("Jiang et al. (2002)"));
  EXPECT_THAT(outcome.out, HasSubstr("\ntempo         13       Lartillot et al. (2008)"));
  EXPECT_THAT(mer({"--list", "--set", "features.mfcc.num_coefficients=13"}).out,
              HasSubstr("\nmfcc            13 "));
  // Of a recipe without pitch there are no musical descriptors; the frames' features are listed.
  const Outcome without = mer({"--list", "--set", "features.lld=[mfcc]"});
  EXPECT_EQ(without.exit_code, 0);
  EXPECT_THAT(without.out, HasSubstr("\nmfcc     20 "));
  EXPECT_THAT(without.err, HasSubstr("no musical descriptors: features.lld leaves out f0"));
}

TEST_F(Features, PrintTheirConfigWhichIsOne) {
  const Outcome outcome = mer({"--print-config", "--set", "features.frame.hop_samples=512"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("hop_samples: 512"));
  folder_.write("printed.yaml", outcome.out);
  EXPECT_EQ(mer({"--print-config", "-c", "printed.yaml"}).out, outcome.out);
}

struct WrongUse {
  Words words;
  std::string fact;
};

TEST_F(Features, RefuseWhatIsNotMeant) {
  folder_.write("empty/readme.txt", "no audio");
  const std::vector<WrongUse> uses = {
      {{}, "no INPUT is given"},
      {{"a.wav"}, "neither -o nor --plot"},
      {{"a.wav", "-o", "a.xyz"}, "a.xyz: the name does not tell the format"},
      {{"a.wav", "-o", "a.npz", "--format", "csv"}, "a.npz: ends in .npz, but --format is csv"},
      {{"a.wav", "-o", "-", "--format", "npz"}, "-o - writes CSV"},
      {{"songs", "-o", "-"}, "-o - takes one song, there are 2"},
      {{"songs", "-o", "a.wav"}, "a.wav: can't make this folder"},
      {{"a.wav", "-o", "no/a.npz"}, "no/a.npz: cannot be written: no such folder"},
      {{"a.wav", "--plot", "a.gif"}, "a.gif: a picture's name ends in .svg, .png or .html"},
      {{"songs", "--plot", "a.svg"}, "a.svg: holds one song, there are 2"},
      {{"empty", "-o", "out"}, "empty: no audio files in this folder"},
      {{"a.wav", "-o", "a.npz", "--format", "json"}, "json"},
      {{"a.wav", "-o", "a.npz", "--set", "features.frame.hop=1"}, "unknown key"},
      {{"a.wav", "--descriptors", "--plot", "a.svg"}, "--descriptors: there is no -o"},
      {{"a.wav", "--descriptors", "-o", "songs"}, "songs: is a folder; --descriptors writes one"},
      {{"a.wav", "--descriptors", "-o", "no/a.csv"}, "no/a.csv: cannot be written: no such folder"},
      {{"a.wav", "--descriptors", "-o", "a.csv", "--set", "descriptors.families=[tempi]"},
       "families has 'tempi': there is no such family"},
      {{"a.wav", "--descriptors", "-o", "a.csv", "--set", "features.spectrogram=linear"},
       "features.spectrogram is linear"},
  };
  for (const WrongUse& use : uses) {
    const Outcome outcome = mer(use.words);
    EXPECT_EQ(outcome.exit_code, 2) << text_of(use.words) << "\n" << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, HasSubstr(use.fact));
    EXPECT_THAT(outcome.err, HasSubstr("\n  hint: "));
  }
}

TEST_F(Features, OfSilenceAreAnErrorOfThatFile) {
  folder_.write("silence.wav", wav(std::vector<float>(44100, 0.0F), 44100));
  const Outcome outcome = mer({"silence.wav", "-o", "-"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, StartsWith("error: silence.wav: nothing but silence"));
}

}  // namespace
}  // namespace mer::test
