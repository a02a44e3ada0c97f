#include "mer/core/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "../support/temporary_folder.hpp"
#include "mer/core/error.hpp"

namespace mer {
namespace {

using test::message_of;
using testing::HasSubstr;

struct InnerOptions {
  int hop_samples = 1024;
  double share = 0.5;
  enum class Tail { kPad, kDrop } tail = Tail::kPad;

  void visit(OptionsVisitor& v) {
    v.field("hop_samples", hop_samples, between(1, 65536), "frames start this far apart");
    v.field("share", share, above_up_to(0, 1), "a share");
    v.choice("tail", tail, {{"pad", Tail::kPad}, {"drop", Tail::kDrop}}, "the last piece");
  }
  void validate() const {
    if (hop_samples == 7 && share == 0.25) throw UsageError("7 does not go with a quarter");
  }
};

struct OuterOptions {
  InnerOptions frame;
  bool enabled = false;
  std::int64_t seed = 0;
  std::string name = "demo";
  std::vector<double> ratios = {0.7, 0.3};
  std::vector<std::string> words = {"a"};
  std::filesystem::path manifest;

  void visit(OptionsVisitor& v) {
    v.section("frame", frame);
    v.field("enabled", enabled, "on or off");
    v.field("seed", seed, at_least(0), "seed");
    v.field("name", name, "a name");
    v.field("ratios", ratios, between(0, 1), "shares");
    v.field("words", words, "some words");
    v.field("manifest", manifest, "songs");
  }
};

OuterOptions read(const std::string& text, const std::vector<std::string>& sets = {}) {
  ConfigDocument document = ConfigDocument::parse(text, "demo.yaml", "/configs");
  for (const std::string& set : sets) document.set(set);
  OuterOptions options;
  document.read(options);
  return options;
}

std::string error_of(const std::string& text, const std::vector<std::string>& sets = {}) {
  return message_of<UsageError>([&] { read(text, sets); });
}

TEST(Options, AnEmptyDocumentKeepsEveryDefault) {
  const OuterOptions options = read("");
  EXPECT_EQ(options.frame.hop_samples, 1024);
  EXPECT_EQ(options.name, "demo");
  EXPECT_EQ(options.ratios, (std::vector<double>{0.7, 0.3}));
}

TEST(Options, EveryKindOfValueIsRead) {
  const OuterOptions options = read(
      "frame: {hop_samples: 512, share: 1e-1, tail: drop}\n"
      "enabled: true\nseed: 9007199254740993\nname: 'two words'\nratios: [1, 0.5]\n"
      "words: [x, y]\nmanifest: ../m.csv\n");
  EXPECT_EQ(options.frame.hop_samples, 512);
  EXPECT_DOUBLE_EQ(options.frame.share, 0.1);
  EXPECT_EQ(options.frame.tail, InnerOptions::Tail::kDrop);
  EXPECT_TRUE(options.enabled);
  EXPECT_EQ(options.seed, 9007199254740993);  // 2^53 + 1: no detour through double
  EXPECT_EQ(options.name, "two words");
  EXPECT_EQ(options.ratios, (std::vector<double>{1.0, 0.5}));
  EXPECT_EQ(options.words, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(options.manifest, "/m.csv");  // relative to the config's folder
}

TEST(Options, AnUnknownKeyNamesFileLineKeyAndNearestKey) {
  EXPECT_EQ(error_of("enabled: true\nframe:\n  hop_sample: 3\n"),
            "demo.yaml:3: unknown key 'frame.hop_sample' | did you mean 'frame.hop_samples'?");
  EXPECT_EQ(error_of("zzzzzz: 1\n"),
            "demo.yaml:1: unknown key 'zzzzzz' | known keys here: frame, enabled, seed, name, "
            "ratios, words, manifest");
}

TEST(Options, ADuplicateKeyIsAnError) {
  EXPECT_THAT(error_of("frame:\n  share: 1\n  share: 0.5\n"),
              HasSubstr("demo.yaml:3: duplicate key 'frame.share'"));
}

TEST(Options, AnAliasWithinWhatItNamesIsAnErrorAndNotEndless) {
  EXPECT_THAT(
      message_of<UsageError>([] { ConfigDocument::parse("a: &x [1, {b: *x}]\n", "c.yaml", ""); }),
      HasSubstr("c.yaml:1: nested more than 32 levels deep"));
}

TEST(Options, AliasesThatGrowWithoutBoundsAreAnError) {
  // Each line is ten times the one before: 10^8 values in 200 bytes.
  std::string text = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
  for (int i = 1; i < 8; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 1; k < 10; ++k) text += ", " + before;
    text += "]\n";
  }
  EXPECT_THAT(message_of<UsageError>([&] { ConfigDocument::parse(text, "c.yaml", ""); }),
              HasSubstr("c.yaml: more than 100000 values"));
}

TEST(Options, ASetOfThousandsOfLevelsIsAnError) {
  std::string key = "a";
  for (int i = 0; i < 100000; ++i) key += ".a";
  EXPECT_THAT(message_of<UsageError>([&] { ConfigDocument().set(key + "=1"); }),
              HasSubstr("is not KEY=VALUE"));
}

TEST(Options, AValueOutOfRangeNamesWhatIsAllowed) {
  EXPECT_EQ(error_of("frame: {hop_samples: 0}\n"),
            "demo.yaml:1: 'frame.hop_samples' is '0', allowed: a whole number in 1…65536");
  EXPECT_EQ(error_of("frame: {share: 0}\n"),
            "demo.yaml:1: 'frame.share' is '0', allowed: a number above 0 up to 1");
  EXPECT_THAT(error_of("ratios: [0.5, 2]\n"), HasSubstr("allowed: a list of numbers in 0…1"));
  EXPECT_THAT(error_of("frame: {share: .nan}\n"), HasSubstr("'frame.share' is '.nan'"));
}

TEST(Options, AMistypedValueNamesWhatIsWanted) {
  EXPECT_THAT(error_of("seed: 1.5\n"), HasSubstr("'seed' is '1.5', allowed: a whole number"));
  EXPECT_THAT(error_of("seed: 10x\n"), HasSubstr("'seed' is '10x'"));
  EXPECT_THAT(error_of("seed:\n"), HasSubstr("'seed' is empty"));
  EXPECT_THAT(error_of("enabled: yes\n"), HasSubstr("allowed: true or false"));
  EXPECT_THAT(error_of("name: [a]\n"), HasSubstr("allowed: text"));
  EXPECT_THAT(error_of("frame: 3\n"), HasSubstr("allowed: a section of keys"));
  EXPECT_EQ(
      error_of("frame: {tail: dorp}\n"),
      "demo.yaml:1: 'frame.tail' is 'dorp', allowed: one of pad, drop | did you mean 'drop'?");
}

TEST(Options, BrokenYamlNamesTheLine) {
  EXPECT_THAT(error_of("enabled: true\nframe: [1\n"), HasSubstr("demo.yaml:"));
  EXPECT_THAT(error_of("just words\n"), HasSubstr("is not a map"));
}

TEST(Options, SurprisesOfYamlAreNamed) {
  EXPECT_THAT(error_of("frame:\n  share: 1\n\tname: a\n"),
              testing::StartsWith("demo.yaml:3: a tab at the beginning of the line"));
  EXPECT_THAT(error_of("name: a\n---\nname: b\n"),
              testing::StartsWith("demo.yaml:2: a second document begins here"));
  EXPECT_THAT(error_of("frame: &f {share: 1}\nname: {<<: *f}\n"),
              testing::StartsWith("demo.yaml:2: merge keys (<<) are not read"));
  EXPECT_THAT(error_of("- a\n- b\n"),
              testing::StartsWith("demo.yaml: is not a map of keys to values"));
  EXPECT_THAT(error_of("name: caf\xE9\n"),
              testing::StartsWith("demo.yaml:1: a byte that is not UTF-8: 'name: caf\uFFFD'"));
  EXPECT_EQ(read("%YAML 1.2\n---\nname: b\n...\n").name, "b");
}

TEST(ConfigDocument, EndsAtACommaAfterADocument) {
  // yaml-cpp would go on for ever.
  for (const std::string text : {",", ",?", "{a: 1},", "[1],", "# c\n ,a", "&x ,"}) {
    EXPECT_THAT(message_of<UsageError>([&] { ConfigDocument::parse(text, "demo.yaml", {}); }),
                testing::ContainsRegex("demo.yaml:[123]: a comma stands outside of"))
        << text;
  }
  EXPECT_NO_THROW(ConfigDocument::parse("a: [1, 2,]\n", "demo.yaml", {}));
}

TEST(Options, ACheckAcrossFieldsNamesTheSection) {
  EXPECT_EQ(error_of("enabled: true\nframe:\n  hop_samples: 7\n  share: 0.25\n"),
            "demo.yaml:3: frame: 7 does not go with a quarter");
}

TEST(Options, SetOverridesTheFileAndIsNamedInErrors) {
  EXPECT_EQ(read("seed: 3\n", {"seed=4", "frame.share=0.25"}).seed, 4);
  EXPECT_DOUBLE_EQ(read("", {"frame.share=0.25"}).frame.share, 0.25);
  EXPECT_EQ(error_of("", {"frame.hop_samples=x"}),
            "--set frame.hop_samples=x: 'frame.hop_samples' is 'x', allowed: a whole number in "
            "1…65536");
  EXPECT_EQ(
      error_of("", {"frame.hop=1"}),
      "--set frame.hop=1: unknown key 'frame.hop' | known keys here: hop_samples, share, tail");
  EXPECT_EQ(error_of("", {"frmae.share=1"}),
            "--set frmae.share=1: unknown key 'frmae' | did you mean 'frame'?");
  EXPECT_THAT(error_of("", {"seed"}), HasSubstr("is not KEY=VALUE"));
  EXPECT_THAT(error_of("", {".seed=1"}), HasSubstr("is not KEY=VALUE"));
}

TEST(Options, APathGivenBySetIsRelativeToTheWorkingDirectory) {
  EXPECT_EQ(read("manifest: a.csv\n", {"manifest=b.csv"}).manifest,
            std::filesystem::current_path() / "b.csv");
}

TEST(Options, YamlAndJsonThatAreWrittenAreReadBackTheSame) {
  OuterOptions options;
  options.name = "yes: \"no\"";
  options.frame.share = 1.0 / 3.0;
  options.frame.tail = InnerOptions::Tail::kDrop;
  options.words = {"true", "1e3", "plain"};
  options.manifest = "/with space/m.csv";
  OuterOptions from_yaml;
  ConfigDocument::parse(to_yaml(options, true), "x", "/").read(from_yaml);
  EXPECT_EQ(to_json(from_yaml), to_json(options));
  EXPECT_EQ(to_json(options_from_json<OuterOptions>(to_json(options), "x")), to_json(options));
}

TEST(Options, AMissingFileIsAnErrorThatNamesIt) {
  EXPECT_THAT(message_of<UsageError>([] { ConfigDocument::load("/nowhere/x.yaml"); }),
              HasSubstr("/nowhere/x.yaml: no such file"));
}

TEST(ConfigTree, HasEveryValueWithItsPlace) {
  ConfigDocument document =
      ConfigDocument::parse("a: word\nmap:\n  x.y: [1, two]\n  empty:\n", "demo.yaml", {});
  document.set("map.z=0.5");
  const ConfigValue tree = document.tree();
  ASSERT_EQ(tree.kind, ConfigValue::Kind::kMap);
  ASSERT_EQ(tree.entries.size(), 2U);
  EXPECT_EQ(tree.entries[0].text, "word");
  EXPECT_EQ(tree.entries[0].place, "demo.yaml:1");
  const auto& map = tree.entries[1].entries;
  ASSERT_EQ(map.size(), 3U);
  EXPECT_EQ(map[0].key, "x.y");
  EXPECT_EQ(map[0].text, "[1, two]");
  EXPECT_EQ(map[0].items[1].text, "two");
  EXPECT_EQ(map[1].kind, ConfigValue::Kind::kEmpty);
  EXPECT_EQ(map[1].place, "demo.yaml:4");
  EXPECT_EQ(map[2].text, "0.5");
  EXPECT_EQ(map[2].place, "--set map.z=0.5");
}

TEST(ConfigDocument, TakesAValueOfAnotherFileWithItsPlaceAndFolder) {
  ConfigDocument document = ConfigDocument::parse("enabled: true\n", "demo.yaml", "/configs");
  document.set("manifest", "songs.csv", "sweep.yaml:3", "/elsewhere");
  OuterOptions options;
  document.read(options);
  EXPECT_EQ(options.manifest, "/elsewhere/songs.csv");
  document.set("frame.hop_sample", "512", "sweep.yaml:4", {});
  const std::string message = message_of<UsageError>([&] { document.read(options); });
  EXPECT_THAT(message, HasSubstr("sweep.yaml:4: unknown key 'frame.hop_sample'"));
}

}  // namespace
}  // namespace mer
