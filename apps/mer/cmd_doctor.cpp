#include "cmd_doctor.hpp"

#include <CLI/CLI.hpp>

#include "command.hpp"

namespace mer::app {

std::function<int()> add_doctor(CLI::App& cmd) {
  cmd.footer(
      "Example:\n  mer doctor\nExit codes: 0 all is well, 1 something that mer needs is broken");
  return [] { return run_doctor(); };
}

}  // namespace mer::app
