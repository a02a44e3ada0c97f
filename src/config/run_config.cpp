#include "mer/config/run_config.hpp"

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {

void DataOptions::visit(OptionsVisitor& v) {
  v.field("manifest", manifest,
          "CSV of songs and what is known of their emotion: path, label and more");
  v.field("store", store,
          "folder of the feature files; empty = mer-store in the working directory");
  v.section("split", split);
}

Manifest DataOptions::load_manifest() const {
  if (manifest.empty()) {
    throw UsageError("'data.manifest' is not given",
                     "--set data.manifest=songs.csv (mer import writes one)");
  }
  return Manifest::load(manifest);
}

void RunConfig::visit(OptionsVisitor& v) {
  v.section("data", data);
  recipe.visit(v);
  v.section("segment", segment);
  v.section("descriptors", descriptors);
  v.section("inputs", inputs);
  v.section("embed", embed);
  v.section("model", model);
  // Targets and a loss are a network's, what a classical system sees is its own.
  const bool is_network = model.is_network();
  ClassicSection classic_section{classic, model};
  if (is_network) {
    v.section("targets", targets);
    v.section("loss", loss);
  } else {
    v.section("classic", classic_section);
  }
  v.lacks_options_of_others(model.name, "model.name", [is_network] {
    return is_network ? std::vector<std::string>{"classic"}
                      : std::vector<std::string>{"targets", "loss"};
  });
  v.section("train", train);
  v.choice("device", device, {"cpu", "cuda", "auto"}, "where the network runs");
}

void RunConfig::validate() const {
  if (!inputs.song_vector.empty() && !inputs_of(model).song_vector) {
    throw UsageError(
        "'inputs.song_vector': 'model.name: " + model.name + "' looks at no song vector",
        model.is_network() ? "set inputs.song_vector=[]"
                           : "set inputs.song_vector=[], and classic.song_vector");
  }
  if (model.is_network() && train.class_balanced && !targets.has(kClassesTask)) {
    throw UsageError(
        "'train.class_balanced' balances classes, which 'targets.answer' does not name",
        "set train.class_balanced=false");
  }
  if (sees_embeddings() && embed.sources().empty()) {
    throw UsageError(inputs_key() + " has embeddings, but 'embed.networks' names none",
                     "--set 'embed.networks=[" + join(pretrained_networks(), ", ") +
                         "]', or embed.files=DIR for vectors made elsewhere");
  }
  if (data.split.unit == SplitOptions::Unit::kSong) return;
  const std::string where = "'data.split.unit' is segment, which divides one grid of segments: ";
  if (train.random_crops) {
    throw UsageError(where + "'train.random_crops' would draw others",
                     "set train.random_crops=false");
  }
  if (segment.test_hop_s > 0.0 && segment.test_hop_s != segment.hop_s) {
    throw UsageError(where + "'segment.test_hop_s' would make another", "set segment.test_hop_s=0");
  }
  if (data.split.group_by != SplitOptions::GroupBy::kNone) {
    throw UsageError(where + "'data.split.group_by' group would keep a song's together",
                     "set data.split.group_by=none");
  }
  if (sees_embeddings()) {
    throw UsageError(where + inputs_key() + " has embeddings, which are of whole songs",
                     "set data.split.unit=song");
  }
}

bool RunConfig::sees(std::string_view block) const {
  return model.is_network() ? inputs.song_vector_has(block) : classic.sees(block);
}

std::string RunConfig::inputs_key() const {
  return model.is_network() ? "'inputs.song_vector'" : "'classic.song_vector'";
}

}  // namespace mer
