#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "terminal.hpp"

namespace mer::app {

/// Folders that may hold bundled models, the nearest first: beside the executable as installed,
/// then the source tree's data/models. Only those that exist.
std::vector<std::filesystem::path> model_folders();

/// Every bundled model's file, sorted by name.
std::vector<std::filesystem::path> bundled_models();

/// The bundled weights of pre-trained networks (data/pretrained), by their names.
std::map<std::string, std::filesystem::path> pretrained_weights();

/// The file that train.init_from names: a file, else the name of pre-trained weights, of a run
/// folder or of a bundled model.
/// @throws UsageError when there is no such thing
std::filesystem::path find_initial_weights(const std::filesystem::path& named);

/// A MODEL of the command line, found.
struct FoundModel {
  std::string name;            ///< as the user gave it
  std::filesystem::path file;  ///< the .safetensors
  std::filesystem::path run;   ///< its run folder; empty for a model file
};

/// An existing path (run folder or model file), else a bundled model's name.
/// @param weights  "best", "last", or empty for what the run's config selects
/// @throws UsageError when there is no such thing, or the folder is a parent of folds
FoundModel find_model(const std::string& name, const std::string& weights);

/// The models of the command line, or the bundled one, which is then named on stderr.
std::vector<FoundModel> find_models(const std::vector<std::string>& names, const Talk& talk);

}  // namespace mer::app
