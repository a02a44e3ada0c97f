#include "feature_settings.hpp"

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "mer/core/error.hpp"
#include "mer/core/text_table.hpp"
#include "mer/features/feature_extractor.hpp"

namespace mer::app {
namespace {

using Rows = std::vector<std::vector<std::string>>;

void print_table(const Rows& rows) { std::fputs(aligned_rows(rows).c_str(), stdout); }

Rows frame_features(const FeatureLayout& layout) {
  Rows rows = {{"feature", "columns", "unit", "source", "what it is"}};
  const auto add = [&rows](const ColumnGroup& group) {
    rows.push_back({group.name, std::to_string(group.num_columns), group.unit, group.source,
                    group.description});
  };
  add(layout.spectrogram);
  for (const ColumnGroup& group : layout.lld) add(group);
  return rows;
}

Rows families(const std::vector<Descriptor>& descriptors) {
  Rows rows = {{"descriptors", "numbers", "source", "what they are, one vector a song"}};
  for (const auto& [name, family] : builtin_descriptors()) {
    const auto count = std::count_if(
        descriptors.begin(), descriptors.end(),
        [&name = name](const Descriptor& descriptor) { return descriptor.family == name; });
    if (count == 0) continue;
    rows.push_back({name, std::to_string(count), family.source, family.description});
  }
  return rows;
}

}  // namespace

void FeatureSettings::visit(OptionsVisitor& v) {
  recipe.visit(v);
  v.section("descriptors", descriptors);
  v.section("embed", embed);
}

FeatureSettings read_feature_settings(const ConfigArgs& args) {
  ConfigDocument document =
      args.config.empty() ? ConfigDocument() : ConfigDocument::load(args.config);
  args.override_in(document);
  RunConfig config;
  config.recipe.audio.duration_s = 0.0;
  document.read(config);
  return {config.recipe, config.descriptors, config.embed};
}

void print_features(const FeatureSettings& settings, bool each_descriptor) {
  const FeatureOptions& features = settings.recipe.features;
  const int rate_hz = settings.recipe.audio.sample_rate_hz;
  if (each_descriptor) {
    Rows rows = {{"descriptor", "family", "unit"}};
    const MusicalDescriptors made(settings.descriptors, features, rate_hz);
    for (const Descriptor& one : made.descriptors()) {
      rows.push_back({one.name, one.family, one.unit});
    }
    print_table(rows);
    return;
  }
  print_table(frame_features(FeatureExtractor(features, rate_hz).layout()));
  try {
    const MusicalDescriptors made(settings.descriptors, features, rate_hz);
    std::printf("\n");
    print_table(families(made.descriptors()));
  } catch (const UsageError& error) {
    // A recipe of frames alone is no mistake; asked for --descriptors it is one.
    std::fprintf(stderr, "no musical descriptors: %s\n", error.what());
  }
}

}  // namespace mer::app
