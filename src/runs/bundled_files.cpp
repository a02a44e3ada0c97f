#include "mer/runs/bundled_files.hpp"

#include <algorithm>

#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/runs/run_folder.hpp"

namespace mer {

namespace fs = std::filesystem;

BundledFiles::BundledFiles(std::vector<fs::path> folders) : folders_(std::move(folders)) {}

std::vector<fs::path> BundledFiles::files(const char* kind) const {
  std::vector<fs::path> files;
  for (const fs::path& folder : folders_) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder / kind, ignored)) {
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

std::map<std::string, fs::path> BundledFiles::pretrained_weights() const {
  std::map<std::string, fs::path> weights;
  for (const fs::path& file : files("pretrained")) weights[file.stem().string()] = file;
  return weights;
}

std::map<std::string, fs::path> BundledFiles::configs() const {
  std::map<std::string, fs::path> configs;
  for (const fs::path& folder : folders_) {
    const fs::path place = folder / "configs";
    std::error_code ignored;
    for (const auto& entry : fs::recursive_directory_iterator(place, ignored)) {
      if (entry.path().extension() != ".yaml") continue;
      const fs::path name = entry.path().lexically_relative(place).replace_extension();
      configs.emplace(name.string(), entry.path());
    }
  }
  return configs;
}

fs::path BundledFiles::find_config(const fs::path& named) const {
  if (fs::exists(named)) return named;
  const std::string text = named.string();
  const auto known = configs();
  const auto found = known.find(text.ends_with(".yaml") ? text.substr(0, text.size() - 5) : text);
  return found == known.end() ? named : found->second;
}

fs::path BundledFiles::find_initial_weights(const fs::path& named) const {
  if (fs::is_directory(named)) return find_model(named.string()).file;
  if (fs::exists(named)) return named;
  // A config's paths come with the folder that they are relative to.
  const std::string name = named.filename().string();
  const auto pretrained = pretrained_weights();
  const auto found = pretrained.find(name);
  if (found != pretrained.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, file] : pretrained) names.push_back(known);
  for (const fs::path& file : models()) {
    names.push_back(file.stem().string());
    if (names.back() == name) return file;
  }
  const auto near = nearest_word(name, names);
  throw UsageError("'train.init_from' is '" + named.string() +
                       "', which is neither a file, a run nor bundled: " + join(names, ", "),
                   near ? "did you mean '" + *near + "'?" : "");
}

FoundModel BundledFiles::find_model(const std::string& name, const std::string& weights) const {
  if (fs::is_directory(name)) {
    const RunFolder run(name);
    const auto folds = run.folds();
    if (!folds.empty()) {
      throw UsageError(name + ": is a cross-validation of " + std::to_string(folds.size()) +
                           " folds, not one model",
                       "name a fold, e.g. " + folds.front().path().string());
    }
    if (!run.has_config()) {
      throw UsageError(name + ": is a folder without a run in it",
                       "a run folder holds config.yaml and best.safetensors");
    }
    const fs::path file = run.weights_file(weights.empty() ? run.selected_weights() : weights);
    if (!fs::exists(file)) {
      throw UsageError(file.string() + ": no such file; the run has not been evaluated yet",
                       "mer train --resume " + name);
    }
    return {name, file, name};
  }
  if (fs::exists(name)) return {name, name, {}};
  std::vector<std::string> names;
  for (const fs::path& file : models()) {
    names.push_back(file.stem().string());
    if (names.back() == name) return {name, file, {}};
  }
  const auto near = nearest_word(name, names);
  throw UsageError("model '" + name + "' is neither a path nor a bundled model",
                   near            ? "did you mean '" + *near + "'?"
                   : names.empty() ? "no models are bundled here; train one with mer train"
                                   : "bundled models: " + join(names, ", "));
}

}  // namespace mer
