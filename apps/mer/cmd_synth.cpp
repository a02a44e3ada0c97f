#include <CLI/CLI.hpp>

#include "arguments.hpp"
#include "command.hpp"
#include "mer/core/error.hpp"
#include "mer/synth/corpus.hpp"
#include "terminal.hpp"
#include "validators.hpp"

namespace mer::app {
namespace {

struct SynthArgs {
  SynthOptions options;
  std::filesystem::path output;
  int jobs = 0;
};

int run_synth(const SynthArgs& args) {
  catch_interrupts();
  ProgressLine line("composing");
  make_corpus(args.output, args.options, args.jobs, line.callback(), interrupted);
  line.clear();
  log_info(std::to_string(args.options.songs) +
           " songs: " + (args.output / "manifest.csv").string());
  return kDone;
}

}  // namespace

std::function<int()> add_synth(CLI::App& cmd) {
  auto args = std::make_shared<SynthArgs>();
  cmd.add_option("-o,--output", args->output, "Folder for the songs and manifest.csv")
      ->required()
      ->type_name("DIR");
  cmd.add_option("--songs", args->options.songs, "Number of songs, a quarter a class")
      ->capture_default_str()
      ->check(number(between(8, 100000)));
  cmd.add_option("--seconds", args->options.seconds, "Length of a song")
      ->capture_default_str()
      ->check(number(between(3.0, 600.0)));
  cmd.add_option("--seed", args->options.seed, "The same seed composes the same songs")
      ->capture_default_str()
      ->check(number(at_least(0)));
  add_jobs_option(cmd, args->jobs, "Songs at once, 0 for one per core");
  add_verbosity_options(cmd);
  cmd.footer(
      "Example:\n  mer synth -o demo --songs 128\nExit codes: 0 done, 1 failed, 2 wrong usage");
  return [args] { return run_synth(*args); };
}

}  // namespace mer::app
