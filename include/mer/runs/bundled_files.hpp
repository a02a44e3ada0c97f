#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace mer {

/// A MODEL that a user names, found.
struct FoundModel {
  std::string name;            ///< as the user gave it
  std::filesystem::path file;  ///< the .safetensors
  std::filesystem::path run;   ///< its run folder; empty for a model file
};

/// The models and weights that come with the program, and whatever else a user may name.
class BundledFiles {
 public:
  /// @param folders  each may hold models/, pretrained/ and configs/; of two files of a name the
  /// first counts
  explicit BundledFiles(std::vector<std::filesystem::path> folders);

  /// Every bundled model's file, sorted by name.
  std::vector<std::filesystem::path> models() const { return files("models"); }
  /// The bundled weights of pre-trained networks, by their names.
  std::map<std::string, std::filesystem::path> pretrained_weights() const;

  /// The file that train.init_from names: a file, else the name of pre-trained weights, of a run
  /// folder or of a bundled model.
  /// @throws UsageError when there is no such thing
  std::filesystem::path find_initial_weights(const std::filesystem::path& named) const;

  /// The installed configs by the names that find_config() takes, sorted: 4qaed, paper/table2, …
  std::map<std::string, std::filesystem::path> configs() const;
  /// An existing path, else an installed config's name, with or without its `.yaml`; else as given.
  std::filesystem::path find_config(const std::filesystem::path& named) const;

  /// An existing path (run folder or model file), else a bundled model's name.
  /// @param weights  "best", "last", or empty for what the run's config selects
  /// @throws UsageError when there is no such thing, or the folder is a parent of folds
  FoundModel find_model(const std::string& name, const std::string& weights = {}) const;

 private:
  std::vector<std::filesystem::path> files(const char* kind) const;

  std::vector<std::filesystem::path> folders_;
};

}  // namespace mer
