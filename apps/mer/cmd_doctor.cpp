#include "arguments.hpp"
#include "command.hpp"

namespace mer::app {

Command add_doctor(CLI::App& app) {
  CLI::App* cmd = app.add_subcommand(
      "doctor", "Check this installation: versions, threads, BLAS, formats that really decode");
  cmd->footer(
      "Example:\n  mer doctor\nExit codes: 0 all is well, 1 something that mer needs is broken");
  return {cmd, [] { return run_doctor(); }};
}

}  // namespace mer::app
