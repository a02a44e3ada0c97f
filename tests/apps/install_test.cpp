#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "run_mer.hpp"

namespace mer::test {
namespace {

namespace fs = std::filesystem;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

/// The whole program installed into a folder of its own, once.
class Installed : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    prefix_ = std::make_unique<TemporaryFolder>();
    installation_ = run({MER_CMAKE, "--install", MER_BUILD_DIR, "--prefix", prefix_->path()});
  }
  static void TearDownTestSuite() { prefix_.reset(); }
  void SetUp() override { ASSERT_EQ(installation_.exit_code, 0) << installation_.err; }

  static fs::path prefix() { return prefix_->path(); }

 private:
  static std::unique_ptr<TemporaryFolder> prefix_;
  static Outcome installation_;
};

std::unique_ptr<TemporaryFolder> Installed::prefix_;
Outcome Installed::installation_;

TEST_F(Installed, HasEveryPartWhereItBelongs) {
  for (const char* file :
       {"bin/mer", "libexec/mer/mer-engine", "share/bash-completion/completions/mer",
        "share/mer/configs/quickstart.yaml", "share/mer/pretrained/musicnn.safetensors",
        "share/mer/pretrained/README.md", "share/doc/mer/LICENSE",
        "include/mer/features/feature_extractor.hpp", "include/mer/core/version.hpp"}) {
    EXPECT_TRUE(fs::exists(prefix() / file)) << file;
  }
  EXPECT_TRUE(fs::is_directory(prefix() / "share/mer/models"));
  const auto files = files_below(prefix());
  EXPECT_EQ(std::count_if(files.begin(), files.end(),
                          [](const auto& file) {
                            return fs::path(file.first).filename() == "merConfig.cmake";
                          }),
            1);
  EXPECT_EQ(files.at("share/bash-completion/completions/mer"), run_mer({"completion", "bash"}).out);
}

TEST_F(Installed, LicenceFileNamesEveryModelAndEveryNetworkOfOthers) {
  const auto files = files_below(prefix());
  const std::string& licences = files.at("share/doc/mer/copyright");
  for (const auto& [file, content] : files) {
    if (file.ends_with(".safetensors")) {
      EXPECT_THAT(licences, HasSubstr(" usr/" + file + "\n"));
    }
  }
  EXPECT_EQ(files.at("share/doc/libmer-dev/copyright"), licences);
}

TEST_F(Installed, ProgramRunsFromThereAndItselfNeedsNoLibTorch) {
  const std::string program = prefix() / "bin/mer";
  EXPECT_EQ(run({program, "--version"}).out, run_mer({"--version"}).out);
  const Outcome libraries = run({"ldd", program});
  EXPECT_EQ(libraries.exit_code, 0);
  EXPECT_THAT(libraries.out, HasSubstr("libsndfile"));
  EXPECT_THAT(libraries.out, Not(ContainsRegex("libtorch|libc10")));
  // Starts the engine beside it.
  EXPECT_THAT(run({program, "doctor"}).out, HasSubstr("LibTorch "));
}

TEST_F(Installed, ProgramPredictsWithTheBundledModel) {
  const fs::path model = prefix() / "share/mer/models/default.safetensors";
  if (!fs::exists(model)) GTEST_SKIP() << "no model is bundled";
  const TemporaryFolder folder;
  folder.write("a.wav", wav(tone(300, 3.0, 22050), 22050));
  const std::string program = prefix() / "bin/mer";
  const Outcome outcome = run({program, "predict", "a.wav"}, {.folder = folder.path()});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("a.wav"));
  EXPECT_THAT(run({program, "info"}).out, HasSubstr(model.string()));
}

TEST_F(Installed, FeatureLibraryAloneBuildsAProgramWithoutLibTorch) {
  const TemporaryFolder build;
  const Outcome configured = run({MER_CMAKE, "-S", MER_SOURCE_DIR "/tests/apps/consumer", "-B",
                                  build.path(), "-DCMAKE_PREFIX_PATH=" + prefix().string(),
                                  "-DCMAKE_CXX_COMPILER=" MER_CXX_COMPILER, "-G", MER_GENERATOR});
  ASSERT_EQ(configured.exit_code, 0) << configured.out << configured.err;
  const Outcome built = run({MER_CMAKE, "--build", build.path()});
  ASSERT_EQ(built.exit_code, 0) << built.out << built.err;
  const std::string program = build / "consumer";
  const Outcome outcome = run({program});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  // 1 + floor((44100 - 2048) / 1024)
  EXPECT_EQ(outcome.out, "42 frames, 128 bands\n");
  EXPECT_THAT(run({"ldd", program}).out, Not(ContainsRegex("libtorch|libc10|libyaml|libsndfile")));
}

}  // namespace
}  // namespace mer::test
