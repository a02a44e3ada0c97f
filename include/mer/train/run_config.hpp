#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "mer/data/network_input.hpp"
#include "mer/data/recipe.hpp"
#include "mer/data/segments.hpp"
#include "mer/data/split.hpp"
#include "mer/embed/embed_options.hpp"
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
  InputOptions inputs;
  EmbedOptions embed;
  ModelOptions model;
  LossOptions loss;
  TrainOptions train;
  std::int64_t seed = 0;       ///< of everything random in training
  std::string device = "cpu";  ///< cpu | cuda | auto

  void visit(OptionsVisitor& v) {
    v.section("data", data);
    recipe.visit(v);
    v.section("segment", segment);
    v.section("inputs", inputs);
    v.section("embed", embed);
    v.section("model", model);
    v.section("loss", loss);
    v.section("train", train);
    v.field("seed", seed, at_least(0), "of weights, order, crops, augmentation and dropout");
    v.choice("device", device, {"cpu", "cuda", "auto"}, "where the network runs");
  }
};

}  // namespace mer
