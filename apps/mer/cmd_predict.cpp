#include "cmd_predict.hpp"

#include <CLI/CLI.hpp>

#include "arguments.hpp"
#include "command.hpp"
#include "mer/runs/annotation_files.hpp"
#include "terminal.hpp"
#include "validators.hpp"

namespace mer::app {

std::function<int()> add_predict(CLI::App& cmd) {
  auto args = std::make_shared<PredictArgs>();
  cmd.add_option("input", args->inputs,
                 "Files, folders (searched for audio), or - for a list on stdin")
      ->required()
      ->type_name("INPUT");
  add_model_option(
      cmd, args->models,
      "Run folder, model file or bundled model; may be repeated (averaged); default: the "
      "bundled model 'default'");
  cmd.add_flag("--fast", args->fast,
               "The bundled model 'fast': without the taggers, less often right");
  cmd.add_flag("--tags", args->tags,
               "Also tags (mood, genre, instrument) by the taggers that 'default' uses");
  add_embeddings_option(cmd, args->embeddings);
  std::vector<std::string> formats = {"table", "json", "jsonl", "csv"};
  std::string help = "table, json, jsonl or csv; or a file a song, in the folder -o:";
  for (const auto& [name, format] : builtin_annotation_formats()) {
    formats.push_back(name);
    help += "\n" + name + " (" + format.help + ", " + format.extension + ")";
  }
  cmd.add_option("--format", args->format, help)->capture_default_str()->check(one_of(formats));
  cmd.add_option("-o,--output", args->output, "Write there instead of stdout")->type_name("FILE");
  add_jobs_option(cmd, args->jobs, "Songs at once, 0 for one per core");
  cmd.add_flag("--timeline", args->timeline,
               "Draw each song's emotion over its length (table only)");
  cmd.add_option("--max-seconds", args->max_seconds, "Analyse this much from the start, 0 for all")
      ->capture_default_str()
      ->check(number(at_least(0)));
  cmd.add_option("--min-confidence", args->min_confidence, "Below it the answer is \"uncertain\"")
      ->capture_default_str()
      ->check(number(between(0.0, 1.0)));
  cmd.add_flag("--adapt,!--no-adapt", args->adapt,
               "Whether answers are set against the songs given, where they are another kind of "
               "music than the model learned from; default: of 100 songs or more");
  cmd.add_flag(
      "--resume", args->resume,
      "Go on with a jsonl file: songs that it holds, of the same size and time, are skipped");
  cmd.add_flag("--retry-failed", args->retry_failed,
               "With --resume: try songs again that failed and have not changed");
  cmd.add_flag("--prune", args->prune, "With --resume: drop songs that are gone from the file");
  add_verbosity_options(cmd);
  cmd.footer(
      "Example:\n  mer predict song.mp3\n  mer predict ~/music --format jsonl -o moods.jsonl\n"
      "  mer predict ~/music --format jams -o annotations\n"
      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some files failed, 130 interrupted");
  return [args] { return run_predict(*args); };
}

}  // namespace mer::app
