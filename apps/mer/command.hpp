#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace mer::app {

/// Exit codes of the contract.
enum ExitCode { kDone = 0, kFailed = 1, kUsage = 2, kSomeInputsFailed = 3, kInterrupted = 130 };

/// A subcommand and what it does once everything has been parsed.
struct Command {
  CLI::App* parser = nullptr;
  std::function<int()> run;
};

Command add_import(CLI::App& app);
Command add_sweep(CLI::App& app);
Command add_synth(CLI::App& app);
Command add_preprocess(CLI::App& app);
Command add_train(CLI::App& app);
Command add_eval(CLI::App& app);
Command add_features(CLI::App& app);
Command add_predict(CLI::App& app);
Command add_report(CLI::App& app);
Command add_tag(CLI::App& app);
Command add_playlist(CLI::App& app);
Command add_info(CLI::App& app);
Command add_doctor(CLI::App& app);
Command add_completion(CLI::App& app);

/// Reads the command line, runs the verb and returns the exit code; prints errors as a line of fact
/// and a line of advice on stderr.
int run_command_line(int argc, char** argv);

/// Every verb with its flags, as the parser has them; feeds the shell completion and the tests.
std::vector<CLI::App*> verbs_of(CLI::App& app);

/// The command line of this process, for run.json and for the engine.
const std::vector<std::string>& process_arguments();

}  // namespace mer::app
