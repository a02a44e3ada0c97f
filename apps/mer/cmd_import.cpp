#include "command.hpp"
#include "mer/core/text.hpp"
#include "mer/data/corpus_import.hpp"
#include "terminal.hpp"
#include "validators.hpp"

namespace mer::app {
namespace {

struct ImportArgs {
  std::string corpus;
  std::filesystem::path folder;
  std::filesystem::path output;
  Talk talk;
};

int run_import(const ImportArgs& args) {
  const ImportReport report = args.corpus == "4qaed" ? import_4qaed(args.folder, args.output)
                                                     : import_folder(args.folder, args.output);
  for (const std::string& warning : report.warnings) {
    std::fprintf(stderr, "WARNING: %s\n", warning.c_str());
  }
  std::string line = std::to_string(report.songs) + " songs, classes " + join(report.classes, ", ");
  if (report.groups > 0) line += ", " + std::to_string(report.groups) + " groups";
  say(args.talk, line + ": " + args.output.string());
  return kDone;
}

}  // namespace

Command add_import(CLI::App& app) {
  auto args = std::make_shared<ImportArgs>();
  CLI::App* cmd = app.add_subcommand("import", "Write a manifest for a corpus on disk");
  cmd->add_option("corpus", args->corpus, "folder: one folder a class; 4qaed: Panda et al. 2018")
      ->required()
      ->check(one_of({"folder", "4qaed"}));
  cmd->add_option("dir", args->folder, "The corpus' folder")->required()->type_name("DIR");
  cmd->add_option("-o,--output", args->output, "The manifest to write")
      ->required()
      ->type_name("FILE");
  add_talk_options(*cmd, args->talk);
  cmd->footer(
      "Example:\n  mer import folder ~/music/by-mood -o mood.csv\nExit codes: 0 done, 1 failed, 2 "
      "wrong usage");
  return {cmd, [args] { return run_import(*args); }};
}

}  // namespace mer::app
