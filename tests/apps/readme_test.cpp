#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "run_mer.hpp"

namespace mer::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// A fenced block of the README and the mark in the line before it.
struct Block {
  std::string mark;  ///< "ci", "experiment" or empty
  int line = 0;      ///< of the fence, from 1
  std::vector<std::string> lines;
};

std::vector<Block> blocks_of(const std::string& markdown) {
  std::vector<Block> blocks;
  const auto lines = lines_of(markdown);
  std::string mark;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].rfind("```", 0) != 0) {
      mark = lines[i] == "<!-- ci -->"           ? "ci"
             : lines[i] == "<!-- experiment -->" ? "experiment"
                                                 : "";
      continue;
    }
    Block block{mark, static_cast<int>(i) + 1, {}};
    for (++i; i < lines.size() && lines[i].rfind("```", 0) != 0; ++i) {
      block.lines.push_back(lines[i]);
    }
    blocks.push_back(block);
    mark.clear();
  }
  return blocks;
}

/// Commands that start with `mer`, continued lines joined and comments cut off.
std::vector<std::string> mer_commands(const Block& block) {
  std::vector<std::string> commands;
  std::string command;
  for (const std::string& line : block.lines) {
    command += line.substr(0, line.find(" #"));
    if (!command.empty() && command.back() == '\\') {
      command.pop_back();
      continue;
    }
    if (command.rfind("mer ", 0) == 0) commands.push_back(command);
    command.clear();
  }
  return commands;
}

/// `mer` of this build first on the PATH, the sources where the README expects them.
Place with_mer(const fs::path& folder) {
  const char* path = std::getenv("PATH");
  return {.folder = folder,
          .environment = {{"PATH", fs::path(MER_PROGRAM).parent_path().string() + ":" +
                                       (path == nullptr ? "" : path)},
                          {"MER_SOURCE", MER_SOURCE_DIR}}};
}

const std::vector<Block>& readme() {
  static const std::vector<Block> blocks = blocks_of(read(fs::path(MER_SOURCE_DIR) / "README.md"));
  return blocks;
}

TEST(ReadmeBlocks, AreToldApartByTheMarkBeforeThem) {
  const auto blocks = blocks_of(
      "text\n<!-- ci -->\n```sh\nmer a \\\n  -x # why\nls\n```\n```\nmer b\n```\n"
      "<!-- experiment -->\n```\nmer c\n```\n");
  ASSERT_EQ(blocks.size(), 3U);
  EXPECT_EQ(blocks[0].mark, "ci");
  EXPECT_EQ(blocks[0].line, 3);
  EXPECT_EQ(mer_commands(blocks[0]), std::vector<std::string>{"mer a   -x"});
  EXPECT_EQ(blocks[1].mark, "");
  EXPECT_EQ(blocks[2].mark, "experiment");
}

TEST(Readme, CommandsMarkedForCiRun) {
  const TemporaryFolder folder;
  for (const Block& block : readme()) {
    if (block.mark != "ci") continue;
    std::string script = "set -euo pipefail\n";
    for (const std::string& line : block.lines) script += line + "\n";
    const Outcome outcome = run({"bash", "-c", script}, with_mer(folder.path()));
    EXPECT_EQ(outcome.exit_code, 0) << "README.md:" << block.line << "\n" << outcome.err;
  }
}

TEST(Readme, ExperimentsHaveConfigsThatLoad) {
  const TemporaryFolder folder;
  fs::create_directory_symlink(fs::path(MER_SOURCE_DIR) / "configs", folder / "configs");
  for (const Block& block : readme()) {
    if (block.mark != "experiment") continue;
    for (const std::string& command : mer_commands(block)) {
      const bool trains = command.rfind("mer train -c", 0) == 0;
      const bool sweeps = command.rfind("mer sweep", 0) == 0;
      if (!trains && !sweeps) continue;
      const std::string checked = command + (trains ? " --print-config" : " --list");
      const Outcome outcome = run({"bash", "-c", checked}, with_mer(folder.path()));
      EXPECT_EQ(outcome.exit_code, 0) << "README.md:" << block.line << "\n"
                                      << checked << "\n"
                                      << outcome.err;
    }
  }
}

TEST(Readme, NamesOnlyVerbsAndFlagsThatExist) {
  for (const Block& block : readme()) {
    for (const std::string& command : mer_commands(block)) {
      std::istringstream words(command);
      std::string verb;
      words >> verb >> verb;
      if (verb.front() == '-') continue;  // mer --version
      const Outcome help = run_mer({verb, "--help"});
      EXPECT_EQ(help.exit_code, 0) << "README.md:" << block.line << ": " << command;
      for (std::string word; words >> word && word != "|" && word != "&&";) {
        if (word.size() < 2 || word.front() != '-') continue;
        const std::string flag = word.substr(0, word.find('='));
        EXPECT_TRUE(help.out.find("  " + flag) != std::string::npos ||
                    help.out.find("," + flag) != std::string::npos)
            << "README.md:" << block.line << ": " << command << ": " << flag;
      }
    }
  }
}

}  // namespace
}  // namespace mer::test
