#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mer/config/run_config.hpp"
#include "mer/corpus/manifest.hpp"
#include "terminal.hpp"

namespace mer::app {

/// `-c CONFIG [--set KEY=VALUE]…`, shared by the verbs that read a config.
struct ConfigArgs {
  std::filesystem::path config;
  std::vector<std::string> set;

  void add_to(CLI::App& command, bool required);
  /// Defaults < file < --set. `data.store` becomes mer-store/ in the working directory when empty.
  RunConfig read() const;
  /// The same with another document in the place of the file.
  RunConfig read_over(ConfigDocument document) const;
};

struct PreprocessArgs {
  ConfigArgs config;
  int jobs = 0;
  std::string shard = "1/1";
  Talk talk;
};

struct TrainArgs {
  ConfigArgs config;
  std::string name;
  std::filesystem::path runs = "runs";
  std::filesystem::path resume;
  int replicas = 0;  ///< 0 = as the config says
  bool print_config = false;
  Talk talk;
};

struct EvalArgs {
  std::vector<std::string> models;
  std::filesystem::path manifest;
  std::string split;
  ConfigArgs config;
  std::string weights;
  std::string format = "table";
  std::filesystem::path output;
  bool fit = false;
  std::vector<std::filesystem::path> fit_on;  ///< cross-validations, one a model
  std::filesystem::path save;
  int jobs = 0;
  Talk talk;
};

struct PredictArgs {
  std::vector<std::string> inputs;
  std::vector<std::string> models;
  std::string format = "table";
  std::filesystem::path output;
  int jobs = 0;
  bool timeline = false;
  bool resume = false;
  double max_seconds = 0.0;
  double min_confidence = 0.0;
  Talk talk;
};

struct TagArgs {
  std::filesystem::path input;
  bool write = false;
  bool remove = false;
  std::vector<std::string> models;
  int jobs = 0;
  double min_confidence = 0.0;
  Talk talk;
};

// The verbs that need LibTorch. `mer` runs the engine for them; the engine does the work.
int run_train(const TrainArgs& args);
int run_eval(const EvalArgs& args);
int run_predict(const PredictArgs& args);
int run_doctor();
/// `tag` of a folder whose songs have to be predicted first.
int run_tag_folder(const TagArgs& args);
/// `preprocess` with embed.networks.
int run_embed(const PreprocessArgs& args, const RunConfig& config);

/// Fills the feature store and says how many songs that were; returns the exit code.
int preprocess_features(const PreprocessArgs& args, const RunConfig& config,
                        const Manifest& manifest);

}  // namespace mer::app
