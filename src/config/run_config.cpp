#include "mer/config/run_config.hpp"

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer {

void DataOptions::visit(OptionsVisitor& v) {
  v.field("manifest", manifest, "CSV with path,label[,group][,split][,id]");
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
  v.section("loss", loss);
  v.section("classic", classic);
  v.section("train", train);
  v.choice("device", device, {"cpu", "cuda", "auto"}, "where the network runs");
}

void RunConfig::validate() const {
  if (!inputs.song_vector.empty() && model.name != "improved_cnn") {
    throw UsageError(
        "'inputs.song_vector' is improved_cnn's, which 'model.name: " + model.name + "' is not",
        is_classic_system(model.name) ? "set inputs.song_vector=[], and classic.song_vector"
                                      : "set inputs.song_vector=[]");
  }
  if (sees_embeddings() && embed.networks.empty()) {
    throw UsageError(inputs_key() + " has embeddings, but 'embed.networks' names none",
                     "--set 'embed.networks=[musicnn, vgg_tagger]'");
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
  return is_classic_system(model.name) ? classic.sees(block) : inputs.song_vector_has(block);
}

std::string RunConfig::inputs_key() const {
  return is_classic_system(model.name) ? "'classic.song_vector'" : "'inputs.song_vector'";
}

}  // namespace mer
