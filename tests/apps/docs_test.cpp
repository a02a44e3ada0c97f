#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <set>
#include <sstream>

#include "run_mer.hpp"

namespace mer::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// A fenced block of a page and the mark in the line before it.
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

/// `mer` of this build first on the PATH, the sources where the pages expect them.
Place with_mer(const fs::path& folder) {
  const char* path = std::getenv("PATH");
  return {.folder = folder,
          .environment = {{"PATH", fs::path(MER_PROGRAM).parent_path().string() + ":" +
                                       (path == nullptr ? "" : path)},
                          {"MER_SOURCE", MER_SOURCE_DIR}}};
}

struct Page {
  std::string name;  ///< relative to the sources
  std::vector<std::string> lines;
  std::vector<Block> blocks;

  std::string place(const Block& block) const { return name + ":" + std::to_string(block.line); }
};

/// Everything that is written for people.
const std::vector<Page>& pages() {
  static const std::vector<Page> all = [] {
    const fs::path source = MER_SOURCE_DIR;
    std::set<fs::path> files;
    for (const char* folder : {".", "data/models", "data/pretrained"}) {
      for (const auto& entry : fs::directory_iterator(source / folder)) files.insert(entry.path());
    }
    for (const auto& entry : fs::recursive_directory_iterator(source / "docs")) {
      files.insert(entry.path());
    }
    std::vector<Page> found;
    for (const fs::path& file : files) {
      if (file.extension() != ".md") continue;
      const std::string text = read(file);
      found.push_back(
          {file.lexically_relative(source).lexically_normal(), lines_of(text), blocks_of(text)});
    }
    return found;
  }();
  return all;
}

/// The page without its blocks, `code` and comments; lines keep their numbers.
std::vector<std::string> prose_of(const Page& page) {
  std::vector<std::string> prose = page.lines;
  for (const Block& block : page.blocks) {
    const auto first = prose.begin() + block.line - 1;
    std::fill(first, first + static_cast<std::ptrdiff_t>(block.lines.size()) + 2, "");
  }
  for (std::string& line : prose) {
    line = std::regex_replace(line, std::regex("`[^`]*`|<!--.*?-->"), "");
  }
  return prose;
}

/// The names that GitHub gives to a page's headings.
std::set<std::string> anchors_of(const Page& page) {
  std::set<std::string> anchors;
  for (const std::string& line : page.lines) {
    if (line.empty() || line.front() != '#') continue;
    std::string anchor;
    for (const char c : line.substr(line.find_first_not_of("# "))) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == ' ') anchor += '-';
      if (std::isalnum(byte) != 0 || c == '-' || c == '_' || byte >= 0x80) {
        anchor += static_cast<char>(std::tolower(byte));
      }
    }
    anchors.insert(anchor);
  }
  return anchors;
}

const Page* find_page(const std::string& name) {
  const auto found = std::find_if(pages().begin(), pages().end(),
                                  [&](const Page& page) { return page.name == name; });
  return found == pages().end() ? nullptr : &*found;
}

std::size_t num_characters(const std::string& utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

TEST(Blocks, AreToldApartByTheMarkBeforeThem) {
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

TEST(Docs, CommandsMarkedForCiRun) {
  for (const Page& page : pages()) {
    const TemporaryFolder folder;
    for (const Block& block : page.blocks) {
      if (block.mark != "ci") continue;
      std::string script = "set -euo pipefail\n";
      for (const std::string& line : block.lines) script += line + "\n";
      const Outcome outcome = run({"bash", "-c", script}, with_mer(folder.path()));
      EXPECT_EQ(outcome.exit_code, 0) << page.place(block) << "\n" << outcome.err;
    }
  }
}

TEST(Docs, ExperimentsHaveConfigsThatLoad) {
  const TemporaryFolder folder;
  fs::create_directory_symlink(fs::path(MER_SOURCE_DIR) / "configs", folder / "configs");
  std::set<std::string> checked;
  for (const Page& page : pages()) {
    for (const Block& block : page.blocks) {
      if (block.mark != "experiment") continue;
      for (const std::string& command : mer_commands(block)) {
        const bool trains = command.rfind("mer train -c", 0) == 0;
        const bool sweeps = command.rfind("mer sweep", 0) == 0;
        if ((!trains && !sweeps) || !checked.insert(command).second) continue;
        const std::string check = command + (trains ? " --print-config" : " --list");
        const Outcome outcome = run({"bash", "-c", check}, with_mer(folder.path()));
        EXPECT_EQ(outcome.exit_code, 0) << page.place(block) << "\n"
                                        << check << "\n"
                                        << outcome.err;
      }
    }
  }
}

TEST(Docs, NameOnlyVerbsAndFlagsThatExist) {
  std::map<std::string, Outcome> helps;
  for (const Page& page : pages()) {
    for (const Block& block : page.blocks) {
      for (const std::string& command : mer_commands(block)) {
        std::istringstream words(command);
        std::string verb;
        words >> verb >> verb;
        if (verb.front() == '-') continue;  // mer --version
        if (!helps.contains(verb)) helps[verb] = run_mer({verb, "--help"});
        const Outcome& help = helps[verb];
        EXPECT_EQ(help.exit_code, 0) << page.place(block) << ": " << command;
        for (std::string word; words >> word && word != "|" && word != "&&";) {
          if (word.size() < 2 || word.front() != '-') continue;
          const std::string flag = word.substr(0, word.find('='));
          EXPECT_TRUE(help.out.find("  " + flag) != std::string::npos ||
                      help.out.find("," + flag) != std::string::npos)
              << page.place(block) << ": " << command << ": " << flag;
        }
      }
    }
  }
}

TEST(Docs, LinksLeadToFilesAndHeadings) {
  const std::regex link(R"(\]\(([^)\s]+)\))");
  for (const Page& page : pages()) {
    const auto prose = prose_of(page);
    for (std::size_t i = 0; i < prose.size(); ++i) {
      for (std::sregex_iterator it(prose[i].begin(), prose[i].end(), link), end; it != end; ++it) {
        const std::string target = (*it)[1];
        if (target.find("://") != std::string::npos) continue;
        const std::string where = page.name + ":" + std::to_string(i + 1) + ": " + target;
        const std::size_t hash = target.find('#');
        const fs::path path =
            hash == 0
                ? fs::path(page.name)
                : (fs::path(page.name).parent_path() / target.substr(0, hash)).lexically_normal();
        EXPECT_TRUE(fs::exists(MER_SOURCE_DIR / path)) << where << ": no such file";
        if (hash == std::string::npos) continue;
        const Page* other = find_page(path);
        EXPECT_TRUE(other != nullptr && anchors_of(*other).contains(target.substr(hash + 1)))
            << where << ": no such heading";
      }
    }
  }
}

TEST(Docs, ReadmeIsALandingPage) {
  EXPECT_LE(fs::file_size(fs::path(MER_SOURCE_DIR) / "README.md"), 8192U);
}

TEST(Docs, LinesOfProseHaveAtMost120Characters) {
  for (const Page& page : pages()) {
    if (page.name.rfind("data/", 0) == 0) continue;
    const auto prose = prose_of(page);  // lines of blocks are empty in it
    for (std::size_t i = 0; i < prose.size(); ++i) {
      if (prose[i].empty() || page.lines[i].front() == '|') continue;
      EXPECT_LE(num_characters(page.lines[i]), 120U) << page.name << ":" << i + 1;
    }
  }
}

TEST(Docs, PagesWrittenByTheProgramAreUpToDate) {
  const Outcome outcome = run({"python3", std::string(MER_SOURCE_DIR) + "/scripts/make_docs.py",
                               "--check", "--mer", MER_PROGRAM});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
}

TEST(Docs, TablesOfResultsAreWhatTheirFiguresSay) {
  const Outcome outcome = run({std::string(MER_SOURCE_DIR) + "/scripts/reproduce.sh", "--check"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
}

/// A table of one figure, whose experiment leaves a summary as a sweep does.
TEST(Reproduce, RunsTheExperimentAndTakesItsFigures) {
  const TemporaryFolder folder;
  const fs::path scripts = fs::path(MER_SOURCE_DIR) / "scripts";
  fs::create_directories(folder / "scripts");
  fs::create_directories(folder / "docs/results/data");
  for (const char* name : {"reproduce.sh", "reproduce.py"}) {
    fs::copy_file(scripts / name, folder / "scripts" / name);
  }
  folder.write("README.md", "");
  folder.write("docs/results/t.md", "<!-- table t -->\nold\n<!-- end -->\nafter\n");
  folder.write("docs/results/data/t.csv",
               "cell,text,acc,acc_low,acc_high\na,A,0.1,,\nb,B,0.2,0.1,0.3\n");
  folder.write("docs/results/data/t.json",
               R"({"commit": "x", "machine": "m", "summary": ["summary.csv"], "commands": [)"
               R"("printf 'acc_high,cell,acc_low,acc\n.8,b,.6,.714\n,a,,-.5\n' > summary.csv"],)"
               R"("columns": {"system": "{text}", "accuracy, %": "{acc:%1i}"}})");
  const Outcome stale =
      run({(folder / "scripts/reproduce.sh").string(), "--check"}, {.folder = folder.path()});
  EXPECT_EQ(stale.exit_code, 1);
  EXPECT_THAT(stale.err, HasSubstr("docs/results/t.md differs from its figures"));

  const Outcome outcome =
      run({(folder / "scripts/reproduce.sh").string(), "t", "--run"}, {.folder = folder.path()});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::string page = read(folder / "docs/results/t.md");
  EXPECT_THAT(page, HasSubstr("| A | −50.0 |\n| B | 71.4 [60.0, 80.0] |\n"));
  EXPECT_THAT(page, testing::EndsWith("```\n<!-- end -->\nafter\n"));
  EXPECT_EQ(read(folder / "docs/results/data/t.csv"),
            "cell,text,acc,acc_low,acc_high\na,A,-.5,,\nb,B,.714,.6,.8\n");
}

TEST(Docs, CodeCitesOnlyPagesThatAreThere) {
  const fs::path source = MER_SOURCE_DIR;
  const std::regex citation(R"([\w./-]+\.md\b)");
  for (const char* room : {"src", "include", "apps", "tests", "cmake", "configs", "scripts"}) {
    for (const auto& entry : fs::recursive_directory_iterator(source / room)) {
      if (!entry.is_regular_file() || entry.path().extension() == ".md") continue;
      for (const std::string& line : lines_of(read(entry.path()))) {
        const std::size_t comment = std::min(line.find("//"), line.find("# "));
        if (comment == std::string::npos || line.size() > 500) continue;
        const std::string text = line.substr(comment);
        for (std::sregex_iterator it(text.begin(), text.end(), citation), end; it != end; ++it) {
          const std::string page = it->str();
          if (page == "summary.md" || page == ".md") continue;  // what a sweep writes; an ending
          EXPECT_TRUE(fs::exists(source / page) || fs::exists(source / "docs" / page))
              << entry.path().string() << ": " << page;
        }
      }
    }
  }
}

}  // namespace
}  // namespace mer::test
