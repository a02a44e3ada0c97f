#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "run_mer.hpp"

namespace mer::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::vector<fs::path> config_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(MER_SOURCE_DIR) / "configs")) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// Whether a config varies something, for `mer sweep`.
bool is_sweep(const fs::path& file) {
  const auto lines = lines_of(read(file));
  return std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
    return line.rfind("cells:", 0) == 0 || line.rfind("grid:", 0) == 0;
  });
}

TEST(Configs, AllLoad) {
  const TemporaryFolder folder;
  const auto files = config_files();
  EXPECT_GE(files.size(), 3U);
  for (const fs::path& file : files) {
    if (is_sweep(file)) continue;
    const Outcome outcome =
        run_mer({"train", "-c", file.string(), "--print-config"}, {.folder = folder.path()});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("\nmodel:\n")) << file;
    EXPECT_EQ(outcome.err, "") << file;
  }
}

TEST(Configs, OfSweepsListTheirCells) {
  const TemporaryFolder folder;
  std::size_t num_sweeps = 0;
  for (const fs::path& file : config_files()) {
    if (!is_sweep(file)) continue;
    ++num_sweeps;
    const Outcome outcome =
        run_mer({"sweep", "-c", file.string(), "--list"}, {.folder = folder.path()});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr(" --cell 2/")) << file;
    EXPECT_EQ(outcome.err, "") << file;
  }
  EXPECT_EQ(num_sweeps, 11U);
}

TEST(PrintConfig, CanBeFedBackAndSaysTheSame) {
  const TemporaryFolder folder;
  folder.write("c.yaml",
               "data: {manifest: songs/m.csv, split: {ratios: [0.5, 0.25, 0.25]}}\n"
               "train: {lr: 1e-05, schedule: cosine}\nloss: {center_update: wen}\n");
  const Place place{.folder = folder.path()};
  const Outcome first =
      run_mer({"train", "-c", "c.yaml", "--set", "train.seed=7", "--print-config"}, place);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("lr: 1e-05"));
  EXPECT_THAT(first.out, HasSubstr("\n  seed: 7"));
  folder.write("elsewhere/printed.yaml", first.out);
  const Outcome second =
      run_mer({"train", "-c", "elsewhere/printed.yaml", "--print-config"}, place);
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_EQ(second.out, first.out);
}

TEST(PrintConfig, TakesPathsInAFileFromItsFolderAndInSetFromTheWorkingFolder) {
  const TemporaryFolder folder;
  folder.write("configs/c.yaml", "data: {manifest: ../songs/m.csv}\n");
  const Place place{.folder = folder.path()};
  const Outcome file = run_mer({"train", "-c", "configs/c.yaml", "--print-config"}, place);
  EXPECT_THAT(file.out, HasSubstr("manifest: " + (folder / "songs/m.csv").string() + " "));
  EXPECT_THAT(file.out, HasSubstr("store: " + (folder / "mer-store").string() + " "));
  const Outcome set = run_mer({"train", "-c", "configs/c.yaml", "--set", "data.manifest=x/m.csv",
                               "--set", "data.store=st", "--print-config"},
                              place);
  EXPECT_THAT(set.out, HasSubstr("manifest: " + (folder / "x/m.csv").string() + " "));
  EXPECT_THAT(set.out, HasSubstr("store: " + (folder / "st").string() + " "));
}

}  // namespace
}  // namespace mer::test
