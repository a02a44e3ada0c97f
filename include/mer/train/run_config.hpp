#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "mer/classic/classic_options.hpp"
#include "mer/core/error.hpp"
#include "mer/data/input_options.hpp"
#include "mer/data/recipe.hpp"
#include "mer/data/segments.hpp"
#include "mer/data/split.hpp"
#include "mer/embed/embed_options.hpp"
#include "mer/features/descriptors.hpp"
#include "mer/model/loss_options.hpp"
#include "mer/model/model_options.hpp"
#include "mer/train/train_options.hpp"

namespace mer {

/// Where the songs are.
struct DataOptions {
  std::filesystem::path manifest;
  std::filesystem::path store;  ///< empty = mer-store/ in the working directory
  SplitOptions split;

  void visit(OptionsVisitor& v) {
    v.field("manifest", manifest, "CSV with path,label[,group][,split][,id]");
    v.field("store", store,
            "folder of the feature files; empty = mer-store in the working directory");
    v.section("split", split);
  }
};

/// A whole config file. Free of LibTorch, so that every verb can read it.
struct RunConfig {
  DataOptions data;
  Recipe recipe;  ///< sections audio, vad, features
  SegmentOptions segment;
  DescriptorOptions descriptors;  ///< of systems that see musical descriptors
  InputOptions inputs;
  EmbedOptions embed;
  ModelOptions model;
  LossOptions loss;            ///< of networks; classical systems have none
  ClassicOptions classic;      ///< of classical systems (is_classic_system(model.name))
  TrainOptions train;          ///< of networks, but for threads, select and fold_jobs
  std::int64_t seed = 0;       ///< of everything random in training
  std::string device = "cpu";  ///< cpu | cuda | auto

  void visit(OptionsVisitor& v) {
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
    v.field("seed", seed, at_least(0), "of weights, order, crops, augmentation and dropout");
    v.choice("device", device, {"cpu", "cuda", "auto"}, "where the network runs");
  }
  /// Whether the system sees musical descriptors, and frozen networks' embeddings.
  bool sees_descriptors() const { return sees("descriptors"); }
  bool sees_embeddings() const { return sees("embeddings"); }

  void validate() const {
    if (!inputs.summary.empty() && model.name != "improved_cnn") {
      throw UsageError(
          "'inputs.summary' is improved_cnn's, which 'model.name: " + model.name + "' is not",
          is_classic_system(model.name) ? "set inputs.summary=[], and classic.inputs"
                                        : "set inputs.summary=[]");
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
    if (segment.test_hop_seconds > 0.0 && segment.test_hop_seconds != segment.hop_seconds) {
      throw UsageError(where + "'segment.test_hop_seconds' would make another",
                       "set segment.test_hop_seconds=0");
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

 private:
  bool sees(std::string_view block) const {
    return is_classic_system(model.name) ? classic.sees(block) : inputs.summarises(block);
  }
  std::string inputs_key() const {
    return is_classic_system(model.name) ? "'classic.inputs'" : "'inputs.summary'";
  }
};

}  // namespace mer
