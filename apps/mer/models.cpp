#include "models.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "mer/config/run_config.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"

namespace mer::app {
namespace {

namespace fs = std::filesystem;

std::string selected_weights(const fs::path& run) {
  RunConfig config;
  ConfigDocument::load(run / "config.yaml").read(config);
  return config.train.checkpoint == TrainOptions::Checkpoint::kBest ? "best" : "last";
}

/// Folders of the name that exist, the nearest first: beside the executable as installed, then the
/// source tree's.
std::vector<fs::path> bundled_folders(const char* name) {
  const fs::path executable = fs::read_symlink("/proc/self/exe").parent_path();
  std::vector<fs::path> folders;
  for (const fs::path& candidate :
       {executable / "../share/mer" / name, executable / "../../share/mer" / name,
        fs::path(MER_SOURCE_DATA) / name}) {
    std::error_code ignored;
    if (fs::is_directory(candidate, ignored)) folders.push_back(candidate.lexically_normal());
  }
  return folders;
}

/// Every .safetensors of these folders, sorted by name; of two of a name the nearest.
std::vector<fs::path> tensor_files_in(const std::vector<fs::path>& folders) {
  std::vector<fs::path> files;
  for (const fs::path& folder : folders) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      const bool known = std::any_of(files.begin(), files.end(), [&](const fs::path& file) {
        return file.filename() == entry.path().filename();
      });
      if (entry.path().extension() == ".safetensors" && !known) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end(),
            [](const fs::path& a, const fs::path& b) { return a.filename() < b.filename(); });
  return files;
}

}  // namespace

std::vector<fs::path> model_folders() { return bundled_folders("models"); }

std::vector<fs::path> bundled_models() { return tensor_files_in(model_folders()); }

std::map<std::string, fs::path> pretrained_weights() {
  std::map<std::string, fs::path> weights;
  for (const fs::path& file : tensor_files_in(bundled_folders("pretrained"))) {
    weights[file.stem().string()] = file;
  }
  return weights;
}

fs::path find_initial_weights(const fs::path& named) {
  if (fs::is_directory(named)) return find_model(named.string(), "").file;
  if (fs::exists(named)) return named;
  // A config's paths come with the folder that they are relative to.
  const std::string name = named.filename().string();
  const auto pretrained = pretrained_weights();
  const auto found = pretrained.find(name);
  if (found != pretrained.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, file] : pretrained) names.push_back(known);
  for (const fs::path& file : bundled_models()) {
    names.push_back(file.stem().string());
    if (names.back() == name) return file;
  }
  const auto near = nearest_word(name, names);
  throw UsageError("'train.init_from' is '" + named.string() +
                       "', which is neither a file, a run nor bundled: " + join(names, ", "),
                   near ? "did you mean '" + *near + "'?" : "");
}

std::vector<fs::path> folds_of(const fs::path& folder) {
  std::vector<fs::path> folds;
  for (int fold = 1; fs::is_directory(folder / ("fold-" + std::to_string(fold))); ++fold) {
    folds.push_back(folder / ("fold-" + std::to_string(fold)));
  }
  return folds;
}

FoundModel find_model(const std::string& name, const std::string& weights) {
  if (fs::is_directory(name)) {
    const auto folds = folds_of(name);
    if (!folds.empty()) {
      throw UsageError(name + ": is a cross-validation of " + std::to_string(folds.size()) +
                           " folds, not one model",
                       "name a fold, e.g. " + folds.front().string());
    }
    if (!fs::exists(fs::path(name) / "config.yaml")) {
      throw UsageError(name + ": is a folder without a run in it",
                       "a run folder holds config.yaml and best.safetensors");
    }
    const std::string chosen = weights.empty() ? selected_weights(name) : weights;
    const fs::path file = fs::path(name) / (chosen + ".safetensors");
    if (!fs::exists(file)) {
      throw UsageError(file.string() + ": no such file; the run has not been evaluated yet",
                       "mer train --resume " + name);
    }
    return {name, file, name};
  }
  if (fs::exists(name)) return {name, name, {}};
  std::vector<std::string> names;
  for (const fs::path& file : bundled_models()) {
    names.push_back(file.stem().string());
    if (names.back() == name) return {name, file, {}};
  }
  const auto near = nearest_word(name, names);
  throw UsageError("model '" + name + "' is neither a path nor a bundled model",
                   near            ? "did you mean '" + *near + "'?"
                   : names.empty() ? "no models are bundled here; train one with mer train"
                                   : "bundled models: " + join(names, ", "));
}

std::vector<FoundModel> find_models(const std::vector<std::string>& names, const Talk& talk) {
  std::vector<FoundModel> models;
  for (const std::string& name : names) models.push_back(find_model(name, ""));
  if (models.empty()) {
    models.push_back(find_model("default", ""));
    say(talk, "model     the bundled model 'default' (mer info default; -m chooses another)");
  }
  return models;
}

}  // namespace mer::app
