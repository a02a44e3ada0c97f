#include "cmd_eval.hpp"

#include <CLI/CLI.hpp>

#include "command.hpp"
#include "terminal.hpp"
#include "validators.hpp"

namespace mer::app {

std::function<int()> add_eval(CLI::App& cmd) {
  auto args = std::make_shared<EvalArgs>();
  cmd.add_option("model", args->models,
                 "Run folder, model file or bundled model; several are averaged")
      ->required()
      ->type_name("MODEL");
  add_embeddings_option(cmd, args->embeddings);
  cmd.add_option("--manifest", args->manifest, "Score these songs instead of the run's")
      ->type_name("FILE");
  cmd.add_option("--split", args->split,
                 "train, validation, test; default: test of a run, all of a manifest");
  cmd.add_flag("--keep-overlaps", args->keep_overlaps,
               "With --manifest of another corpus: score also songs that the runs have learned "
               "(recordings by Chromaprint, or ids)");
  cmd.add_flag("--adapt", args->adapt,
               "Set answers against the songs that are scored, as `mer predict --adapt` does");
  args->config.sections = {"data", "audio", "vad", "features", "segment", "device"};
  args->config.add_to(cmd, false);
  cmd.add_option("--weights", args->weights, "best or last; default: the run's train.checkpoint")
      ->check(one_of({"best", "last"}));
  cmd.add_option("--format", args->format, "table, json or latex (tables with booktabs) on stdout")
      ->capture_default_str()
      ->check(one_of({"table", "json", "latex"}));
  cmd.add_option("-o,--output", args->output,
                 "Folder for metrics.json and tables of songs, segments, confusion, calibration")
      ->type_name("DIR");
  cmd.add_flag("--fit", args->fit,
               "Fit temperature and, of several models, weights on the songs scored; a run's are "
               "then its validation songs");
  one_value_each(
      cmd.add_option(
          "--fit-on", args->fit_on,
          "Fit them on a cross-validation's predictions instead; once a MODEL, in order"))
      ->type_name("RUN");
  cmd.add_option("--save", args->save, "Write the models as one file, with what was fitted")
      ->type_name("FILE");
  add_jobs_option(cmd, args->jobs, "Songs at once, 0 for one per core");
  add_verbosity_options(cmd);
  cmd.footer(
      "Example:\n  mer eval runs/first\n  mer eval default --manifest songs.csv --format json\n"
      "  mer eval runs/a runs/b --fit --save both.safetensors\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some songs could not be read");
  return [args] { return run_eval(*args); };
}

}  // namespace mer::app
