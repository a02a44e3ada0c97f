#pragma once

#include "arguments.hpp"
#include "mer/config/embed_options.hpp"
#include "mer/config/recipe.hpp"
#include "mer/features/descriptors.hpp"

namespace mer::app {

/// What a config and --set say about the features that `mer features` writes.
struct FeatureSettings {
  Recipe recipe;
  DescriptorOptions descriptors;
  EmbedOptions embed;

  void visit(OptionsVisitor& v);  ///< sections audio, vad, features, descriptors, embed
};

/// The whole file unless a config or --set says otherwise: unlike training, nothing wants songs of
/// equal length here. Other sections of a config are checked and left aside.
FeatureSettings read_feature_settings(const ConfigArgs& args);

/// Prints the features of a frame and the families of descriptors; or, if asked for, the name of
/// each descriptor.
void print_features(const FeatureSettings& settings, bool each_descriptor);

}  // namespace mer::app
