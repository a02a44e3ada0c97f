#pragma once

#include "arguments.hpp"

namespace mer::app {

struct TrainArgs {
  ConfigArgs config;
  std::string name;
  std::filesystem::path runs = "runs";
  std::filesystem::path resume;
  int replicas = 0;  ///< 0 = as the config says
  bool print_config = false;
};

[[gnu::weak]] int run_train(const TrainArgs& args);

}  // namespace mer::app
