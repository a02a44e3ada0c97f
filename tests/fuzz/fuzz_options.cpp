// ConfigDocument on any bytes as YAML, then one assignment: options in their ranges, or a
// UsageError.
#include <cmath>
#include <cstdlib>
#include <string>

#include "mer/config/recipe.hpp"
#include "mer/core/error.hpp"
#include "mer/core/options.hpp"
#include "mer/corpus/split.hpp"
#include "mer/store/segments.hpp"

namespace {

/// Every kind of option that there is.
struct Config {
  mer::Recipe recipe;
  mer::SegmentOptions segment;
  mer::SplitOptions split;
  std::int64_t seed = 0;
  std::string text;
  std::vector<std::string> texts;
  std::filesystem::path path;

  void visit(mer::OptionsVisitor& v) {
    recipe.visit(v);
    v.section("segment", segment);
    v.section("split", split);
    v.field("seed", seed, mer::at_least(0), "a whole number");
    v.field("text", text, "any text");
    v.field("texts", texts, "any texts");
    v.field("path", path, "any path");
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // What follows a zero byte is the assignment of a --set.
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t zero = bytes.find('\0');
  try {
    mer::ConfigDocument document =
        mer::ConfigDocument::parse(bytes.substr(0, zero), "fuzz", "/tmp");
    if (zero != std::string::npos) document.set(bytes.substr(zero + 1));
    Config config;
    document.read(config);
    if (config.seed < 0 || !(config.recipe.audio.start_s >= 0.0)) std::abort();
    // What was accepted can be written and read back to the same.
    const std::string yaml = mer::to_yaml(config, false);
    Config again;
    mer::ConfigDocument::parse(yaml, "again", "/tmp").read(again);
    if (mer::to_yaml(again, false) != yaml) std::abort();
  } catch (const mer::UsageError& error) {
    if (std::string(error.what()).empty()) std::abort();
  }
  return 0;
}
