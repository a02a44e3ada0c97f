#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "mer/core/text.hpp"
#include "world.hpp"

// Lists of predictions over their life: found from anywhere, written by one, never lost.

namespace mer::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

class Lists : public testing::Test {
 protected:
  Lists() {
    for (const char* name : {"a.wav", "b.wav"}) folder_.write(std::string("m/") + name, song_);
  }
  void SetUp() override { ASSERT_EQ(world_.trouble(), ""); }

  Words predict(const Words& more) const {
    Words words = {"predict", "-m", (world_ / "runs/base").string(), "--format",
                   "jsonl",   "-o", (folder_ / "l.jsonl").string()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Outcome mer(const Words& words, const std::string& below = "") const {
    return run_mer(words, {.folder = folder_ / below});
  }
  Outcome resume(const Words& more, const std::string& below = "") const {
    Words words = predict({"--resume"});
    words.insert(words.end(), more.begin(), more.end());
    return mer(words, below);
  }
  std::vector<Json> list() const {
    std::vector<Json> lines;
    for (const std::string& line : lines_of(read(folder_ / "l.jsonl"))) {
      lines.push_back(Json::parse(line));
    }
    return lines;
  }

  const World& world_ = World::get();
  const std::string song_ = wav(tone(300, 1.2, 22050), 22050);
  TemporaryFolder folder_;
};

TEST_F(Lists, KnowASongWhateverItsSpellingAndTheWorkingDirectory) {
  fs::create_directory_symlink("m", folder_ / "link");
  ASSERT_EQ(resume({"m"}).exit_code, 0);
  EXPECT_EQ(list()[0]["path"], (fs::canonical(folder_.path()) / "m/a.wav").string());
  for (const char* spelling : {"./m", "m//", "link", "m/../m/"}) {
    EXPECT_THAT(resume({spelling}).err, HasSubstr("2 done, 0 to do")) << spelling;
  }
  EXPECT_THAT(resume({"."}, "link").err, HasSubstr("2 done, 0 to do"));
  EXPECT_THAT(resume({"m/a.wav", "./m/a.wav", "link/a.wav"}).err, HasSubstr("1 done, 0 to do"));
  EXPECT_THAT(list(), SizeIs(2));
  // The list is read from elsewhere, too.
  const Words all = {"--min-confidence", "0"};
  EXPECT_THAT(mer({"tag", "../l.jsonl", "--write", all[0], all[1]}, "m").err,
              testing::StartsWith("2 files, 2 changed\nundo with: mer tag --undo ../l.tagged-"));
  EXPECT_EQ(mer({"tag", "../l.jsonl", "-q", all[0], all[1]}, "m").out, "");
  EXPECT_EQ(mer({"playlist", "../l.jsonl", "-o", "../p", "-q"}, "m").exit_code, 0);
  EXPECT_EQ(mer({"playlist", "../l.jsonl", "-o", "../p", "-q"}, "m").err, "");
  EXPECT_THAT(resume({"m"}).err, HasSubstr("2 done, 0 to do"));
}

TEST_F(Lists, KeepNamesThatAreNotUtf8) {
  for (const char* name : {"m/caf\xE8.wav", "m/caf\xE9.wav"}) folder_.write(name, song_);
  ASSERT_EQ(resume({"m"}).exit_code, 0);
  for (int again = 0; again < 2; ++again) {
    EXPECT_THAT(resume({"m"}).err, HasSubstr("4 done, 0 to do"));
  }
  EXPECT_THAT(list(), SizeIs(4));
  EXPECT_EQ(mer({"tag", "l.jsonl", "--min-confidence", "0"}).err,
            "4 files, 4 to change; --write stores the moods\n");
  const Outcome playlists = mer({"playlist", "l.jsonl", "-o", "p"});
  EXPECT_EQ(playlists.exit_code, 0) << playlists.err;
}

TEST_F(Lists, OfAnotherMountAreReadWithAMap) {
  ASSERT_EQ(resume({"m"}).exit_code, 0);
  const std::string before = fs::canonical(folder_ / "m").string();
  fs::rename(folder_ / "m", folder_ / "nas");
  EXPECT_EQ(mer({"tag", "l.jsonl"}).exit_code, 3);
  for (const Words& verb :
       {Words{"tag", "l.jsonl", "--write"}, Words{"playlist", "l.jsonl", "-o", "p"}}) {
    Words words = verb;
    words.insert(words.end(), {"--map-path", before + "=nas"});
    const Outcome outcome = mer(words);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  }
  fs::rename(folder_ / "nas", folder_ / "m");
  EXPECT_THAT(resume({"m"}).err, HasSubstr("2 done, 0 to do"));  // the stamps were renewed
}

TEST_F(Lists, HaveOneWriter) {
  for (int i = 0; i < 500; ++i) folder_.write("many/" + std::to_string(1000 + i) + ".wav", song_);
  Words command = predict({"many", "--resume", "-j", "1"});
  command.insert(command.begin(), MER_PROGRAM);
  Process first(command, {.folder = folder_.path()});
  const auto num_lines = [&] { return lines_of(read(folder_ / "l.jsonl")).size(); };
  for (int tries = 0; tries < 20000 && num_lines() < 5; ++tries) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  for (const Words& words :
       {predict({"many", "--resume"}), predict({"m"}), Words{"tag", "l.jsonl", "--write"}}) {
    const Outcome second = mer(words);
    EXPECT_EQ(second.exit_code, 2) << text_of(words);
    EXPECT_THAT(second.err, HasSubstr("l.jsonl: another mer writes this list"));
  }
  first.send(SIGHUP);
  const Outcome outcome = first.wait();
  EXPECT_EQ(outcome.exit_code, 130) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("--resume goes on"));
  EXPECT_EQ(resume({"many"}).exit_code, 0);
  EXPECT_EQ(num_lines(), 500U);
}

TEST_F(Lists, AreReplacedWhenTheNewOneIsComplete) {
  ASSERT_EQ(mer(predict({"m"})).exit_code, 0);
  const std::string before = read(folder_ / "l.jsonl");
  for (int i = 0; i < 100; ++i) folder_.write("many/" + std::to_string(1000 + i) + ".wav", song_);
  Words command = predict({"many"});
  command.insert(command.begin(), MER_PROGRAM);
  Process process(command, {.folder = folder_.path()});
  std::this_thread::sleep_for(milliseconds(1500));
  process.send(SIGTERM);
  const Outcome killed = process.wait();
  if (killed.exit_code != 0) {
    EXPECT_EQ(read(folder_ / "l.jsonl"), before);
  }
  ASSERT_EQ(mer(predict({"m/a.wav"})).exit_code, 0);
  EXPECT_THAT(list(), SizeIs(1));
}

TEST_F(Lists, DoNotTryAgainWhatFailedAndDropWhatIsGone) {
  folder_.write("m/bad.mp3", "no music");
  ASSERT_EQ(resume({"m"}).exit_code, 3);
  const Outcome again = resume({"m"});
  EXPECT_EQ(again.exit_code, 3);
  EXPECT_THAT(again.err, HasSubstr("2 done, 0 to do, 1 failed and have not changed"));
  EXPECT_THAT(resume({"m", "--retry-failed"}).err, HasSubstr("2 done, 1 to do, 1 failed before"));
  fs::remove(folder_ / "m/bad.mp3");
  fs::remove(folder_ / "m/b.wav");
  EXPECT_THAT(resume({"m"}).err, HasSubstr("2 are gone (--prune drops them)"));
  EXPECT_THAT(list(), SizeIs(3));
  const Outcome pruned = resume({"m", "--prune"});
  EXPECT_EQ(pruned.exit_code, 0);
  EXPECT_THAT(pruned.err, HasSubstr("1 done, 0 to do, 2 are gone and dropped"));
  EXPECT_THAT(list(), SizeIs(1));
  EXPECT_EQ(mer({"predict", "m", "--prune"}).exit_code, 2);
}

TEST_F(Lists, AreOfOneModelByItsContentAndOfOneSetOfOptions) {
  ASSERT_EQ(resume({"m"}).exit_code, 0);
  const Outcome outcome = resume({"m", "--max-seconds", "1"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("l.jsonl:1: is an answer of the model"));
  EXPECT_EQ(resume({"m", "--min-confidence", "0.5"}).exit_code, 2);
}

TEST_F(Lists, AndEveryOtherOutputLeaveTheUsersFilesAlone) {
  folder_.write("notes.txt", "mine");
  folder_.write("data.csv", "path,label\nm/a.wav,sad\n");
  const std::string model = (world_ / "runs/base").string();
  const std::vector<Words> uses = {
      {"predict", "m", "-m", model, "-o", "m/a.wav"},
      {"predict", "m", "-m", model, "--format", "csv", "-o", "data.csv"},
      {"predict", "m", "-m", model, "--format", "json", "-o", "notes.txt"},
      {"predict", "m", "-m", model, "--format", "jsonl", "-o", "notes.txt"},
      {"predict", "m", "-m", model, "--format", "jsonl", "-o", "notes.txt", "--resume"},
      {"predict", "m", "-m", model, "-o", "notes.txt"},
      {"predict", "m", "-m", model, "-o", "new.flac"},
      {"features", "m/a.wav", "--format", "csv", "-o", "m/b.wav"},
      {"features", "m/a.wav", "-o", "data.csv"},
      {"features", "m", "--descriptors", "-o", "data.csv"},
      {"import", "folder", ".", "-o", "notes.txt"},
      {"import", "folder", ".", "-o", "m/a.wav"},
      {"report", model, "-o", "notes.txt"},
      {"eval", model, "--save", "notes.txt"},
      {"eval", model, "-o", "notes.txt"},
      {"playlist", "notes.txt", "-o", "p"},
      {"tag", "notes.txt", "--write"}};
  const auto before = files_below(folder_.path());
  for (const Words& words : uses) {
    EXPECT_EQ(mer(words).exit_code, 2) << text_of(words);
    EXPECT_EQ(files_below(folder_.path()), before) << text_of(words);
  }
}

TEST_F(Lists, SayWhatIsWrongWithTheSystemOnce) {
  const auto with_tmpdir = [&](const std::string& tmpdir) {
    return run_mer(predict({"m"}), {.folder = folder_.path(), .environment = {{"TMPDIR", tmpdir}}});
  };
  const Outcome outcome = with_tmpdir("/no/such/folder");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.err,
            "error: the temporary folder can't be used: no such folder\n"
            "  hint: set TMPDIR to a folder that can be written\n");
  const Outcome nowhere =
      mer({"predict", "m", "-m", (world_ / "runs/base").string(), "-o", "no/x"});
  EXPECT_EQ(nowhere.exit_code, 2);
  EXPECT_THAT(nowhere.err, StartsWith("error: no/x: cannot be written: no such folder\n"));
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  const Outcome full =
      mer({"predict", "m", "-m", (world_ / "runs/base").string(), "-o", "/dev/full"});
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_THAT(full.err, HasSubstr("error: /dev/full: cannot be written: disk full\n"));
}

TEST_F(Lists, RefusePipesAsSongs) {
  ASSERT_EQ(::mkfifo((folder_ / "m/pipe.wav").c_str(), 0600), 0);
  EXPECT_EQ(resume({"m"}).exit_code, 0);  // no song, as -v says
  EXPECT_THAT(mer({"predict", "m", "-v", "-m", (world_ / "runs/base").string()}).err,
              HasSubstr("passed over: 1 that are no files (m/pipe.wav)"));
  const Outcome predicted = mer(predict({"m/pipe.wav"}));
  EXPECT_EQ(predicted.exit_code, 3);
  EXPECT_THAT(predicted.err, HasSubstr("m/pipe.wav: not a regular file"));
  EXPECT_EQ(mer({"features", "m/pipe.wav", "-o", "f.csv"}).exit_code, 3);
  EXPECT_EQ(mer({"tag", "l.jsonl", "--write"}).exit_code, 0);
}

/// Runs `mer` as somebody who may not read everything.
TEST_F(Lists, CountAFolderThatCannotBeReadAsAFailedInput) {
  folder_.write("m/closed/c.wav", song_);
  fs::permissions(folder_ / "m/closed", fs::perms::none);
  Words words = {MER_PROGRAM, "predict", "m", "-m", (world_ / "runs/base").string(),
                 "--format",  "csv"};
  if (::geteuid() == 0) {
    // A root that may not read everything.
    const Words bounded = {"setpriv", "--bounding-set=-dac_override,-dac_read_search"};
    Words nothing = bounded;
    nothing.push_back("true");
    if (run(nothing).exit_code != 0) GTEST_SKIP() << "setpriv can't take away root's rights";
    words.insert(words.begin(), bounded.begin(), bounded.end());
  }
  const Outcome outcome = run(words, {.folder = folder_.path()});
  words[words.size() - 5 + 0] = "m/closed";
  const Outcome alone = run(words, {.folder = folder_.path()});
  fs::permissions(folder_ / "m/closed", fs::perms::owner_all);
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("error: m/closed: permission denied\n"));
  EXPECT_THAT(lines_of(outcome.out), SizeIs(3));
  EXPECT_EQ(alone.exit_code, 3);
  EXPECT_THAT(alone.err, HasSubstr("error: m/closed: permission denied\n"));
}

TEST_F(Lists, EndQuietlyAndTidilyWhenNobodyReadsThem) {
  for (int i = 0; i < 60; ++i) folder_.write("many/" + std::to_string(1000 + i) + ".wav", song_);
  fs::create_directory(folder_ / "tmp");
  const std::string command = std::string(MER_PROGRAM) + " predict many --format csv -m " +
                              (world_ / "runs/base").string() +
                              " | head -n 1 > /dev/null; exit ${PIPESTATUS[0]}";
  const Outcome outcome =
      run({"bash", "-c", command},
          {.folder = folder_.path(), .environment = {{"TMPDIR", (folder_ / "tmp").string()}}});
  EXPECT_EQ(outcome.exit_code, 128 + SIGPIPE);
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(files_below(folder_ / "tmp"), IsEmpty());
  EXPECT_TRUE(fs::is_empty(folder_ / "tmp"));
}

TEST_F(Lists, LeaveNoTemporaryFolderWhenTheTerminalIsClosed) {
  for (int i = 0; i < 60; ++i) folder_.write("many/" + std::to_string(1000 + i) + ".wav", song_);
  fs::create_directory(folder_ / "tmp");
  for (const int signal : {SIGHUP, SIGTERM, SIGINT}) {
    fs::remove(folder_ / "l.jsonl");
    Words command = predict({"many"});
    command.insert(command.begin(), MER_PROGRAM);
    Process process(command, {.folder = folder_.path(),
                              .environment = {{"TMPDIR", (folder_ / "tmp").string()}}});
    for (int tries = 0; tries < 20000 && read(folder_ / "l.jsonl").empty(); ++tries) {
      std::this_thread::sleep_for(milliseconds(1));
    }
    process.send(signal);
    EXPECT_THAT(process.wait().exit_code, testing::AnyOf(130, 0)) << signal;
    EXPECT_TRUE(fs::is_empty(folder_ / "tmp")) << signal;
  }
}

}  // namespace
}  // namespace mer::test
