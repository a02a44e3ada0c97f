#include "cmd_train.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "command.hpp"
#include "mer/core/error.hpp"
#include "terminal.hpp"

namespace mer::app {

std::function<int()> add_train(CLI::App& cmd) {
  auto args = std::make_shared<TrainArgs>();
  args->config.add_to(cmd, false);
  cmd.add_option("--name", args->name, "The run's name; default: the config's stem");
  cmd.add_option("--runs", args->runs, "Folder of the run folders")
      ->capture_default_str()
      ->type_name("DIR");
  CLI::Option* resume =
      cmd.add_option("--resume", args->resume, "Continue this run")->type_name("RUN");
  resume->excludes("--config")->excludes("--name")->excludes("--set");
  cmd.add_option("--replicas", args->replicas,
                 "Copies of the network that share each batch, one a thread; default: "
                 "train.replicas")
      ->check(CLI::Range(1, 256));
  cmd.add_flag("--print-config", args->print_config, "Print the effective config and stop");
  add_verbosity_options(cmd);
  cmd.footer(
      "Example:\n  mer train -c configs/4qaed.yaml --set data.manifest=songs.csv --name first\n"
      "Missing features are computed first.\n"
      "Several processes: mpirun -n 2 mer train …, srun, torchrun, or by hand with RANK, "
      "WORLD_SIZE,\n  MASTER_ADDR and MASTER_PORT in the environment of each.\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some songs could not be read, 130 "
      "interrupted");
  return [args] {
    if (args->resume.empty() && args->config.config.empty()) {
      throw UsageError("train needs a config or a run to resume",
                       "mer train -c configs/quickstart.yaml, or mer train --resume runs/NAME");
    }
    if (!args->print_config) return in_engine(run_train, *args);
    std::fputs(to_yaml(args->config.read(), true).c_str(), stdout);
    return static_cast<int>(kDone);
  };
}

}  // namespace mer::app
