#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace mer::app {

struct PredictArgs {
  std::vector<std::string> inputs;
  std::vector<std::string> models;
  std::vector<std::filesystem::path> embeddings;
  std::string format = "table";
  std::filesystem::path output;
  int jobs = 0;
  bool timeline = false;
  bool resume = false;
  bool retry_failed = false;
  bool prune = false;
  bool tags = false;
  bool fast = false;
  int adapt = 0;  ///< above 0 --adapt, below --no-adapt
  double max_seconds = 0.0;
  double min_confidence = 0.0;
};

[[gnu::weak]] int run_predict(const PredictArgs& args);

}  // namespace mer::app
