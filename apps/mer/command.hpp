#pragma once

#include <functional>
#include <string>
#include <vector>

#include "mer/core/error.hpp"

namespace CLI {
class App;
}

namespace mer::app {

/// A subcommand. All of them stand in the table in command_line.cpp.
struct Verb {
  const char* name;
  const char* help;
  /// Adds the verb's options to its parser and returns what to do once they have been read; its
  /// result is the exit code.
  std::function<int()> (*add)(CLI::App& parser);
  bool needs_engine;  ///< always; others may ask for it by in_engine()
};

const std::vector<Verb>& verbs();

/// Reads the command line, runs the verb and returns the exit code; prints errors as a line of fact
/// and a line of advice on stderr.
int run_command_line(int argc, char** argv);

/// The words of this process, for run.json and for the engine.
const std::vector<std::string>& process_arguments();

/// Whether this process is `mer-engine`, which has LibTorch.
bool is_engine();

/// Puts `mer-engine` in this process' place, with the same arguments.
[[noreturn]] void become_engine();

/// Calls a verb's half that needs LibTorch. It is declared [[gnu::weak]], as only the engine has
/// it: `mer`, where it is null, becomes the engine.
template <class... Parameters, class... Arguments>
int in_engine(int (*half)(Parameters...), const Arguments&... arguments) {
  if (half == nullptr) become_engine();
  return half(arguments...);
}

}  // namespace mer::app
