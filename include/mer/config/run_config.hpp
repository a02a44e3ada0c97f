#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "mer/config/classic_options.hpp"
#include "mer/config/embed_options.hpp"
#include "mer/config/input_options.hpp"
#include "mer/config/loss_options.hpp"
#include "mer/config/model_options.hpp"
#include "mer/config/recipe.hpp"
#include "mer/config/segment_options.hpp"
#include "mer/config/target_options.hpp"
#include "mer/config/train_options.hpp"
#include "mer/core/error.hpp"
#include "mer/corpus/manifest.hpp"
#include "mer/corpus/split.hpp"
#include "mer/features/descriptors.hpp"

namespace mer {

/// Where the songs are.
struct DataOptions {
  std::filesystem::path manifest;
  std::filesystem::path store;  ///< empty = mer-store/ in the working directory
  SplitOptions split;

  void visit(OptionsVisitor& v);
  /// @throws UsageError when no manifest is given, or as Manifest::load() does
  Manifest load_manifest() const;
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
  TargetOptions targets;       ///< of networks alone: a key elsewhere is an error
  LossOptions loss;            ///< of networks that answer classes, likewise
  ClassicOptions classic;      ///< of classical systems alone
  TrainOptions train;          ///< of networks, but for seed, threads, checkpoint and fold_jobs
  std::string device = "cpu";  ///< cpu | cuda | auto

  void visit(OptionsVisitor& v);
  /// Whether the system sees musical descriptors, and frozen networks' embeddings.
  bool sees_descriptors() const { return sees("descriptors"); }
  bool sees_embeddings() const { return sees("embeddings"); }

  void validate() const;

 private:
  bool sees(std::string_view block) const;
  std::string inputs_key() const;
};

}  // namespace mer
