#pragma once

#include "arguments.hpp"

namespace mer::app {

struct EvalArgs {
  std::vector<std::string> models;
  std::vector<std::filesystem::path> embeddings;
  std::filesystem::path manifest;
  std::string split;
  ConfigArgs config;
  std::string weights;
  std::string format = "table";
  std::filesystem::path output;
  bool keep_overlaps = false;
  bool adapt = false;
  bool fit = false;
  std::vector<std::filesystem::path> fit_on;  ///< cross-validations, one a model
  std::filesystem::path save;
  int jobs = 0;
};

[[gnu::weak]] int run_eval(const EvalArgs& args);

}  // namespace mer::app
