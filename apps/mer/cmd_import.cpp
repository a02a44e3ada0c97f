#include <CLI/CLI.hpp>
#include <functional>
#include <map>

#include "command.hpp"
#include "mer/core/error.hpp"
#include "mer/core/text.hpp"
#include "mer/corpus/corpus_import.hpp"
#include "terminal.hpp"
#include "validators.hpp"

namespace mer::app {
namespace {

const std::vector<std::string> kCorpora = {"folder", "4qaed", "emopia", "emotify", "deam", "pmemo"};

struct ImportArgs {
  std::string corpus;
  std::filesystem::path folder;
  std::filesystem::path output;
  MidiRenderOptions rendering;
  QuadrantOptions quadrants;
};

ImportReport import_corpus(const ImportArgs& args) {
  if (args.corpus == "4qaed") return import_4qaed(args.folder, args.output);
  if (args.corpus == "emotify") return import_emotify(args.folder, args.output);
  if (args.corpus == "deam") return import_deam(args.folder, args.output, args.quadrants);
  if (args.corpus == "pmemo") return import_pmemo(args.folder, args.output, args.quadrants);
  if (args.corpus == "emopia") {
    catch_interrupts();
    ProgressLine line("rendering");
    MidiRenderOptions rendering = args.rendering;
    rendering.progress = line.callback();
    rendering.stop = interrupted;
    return import_emopia(args.folder, args.output, rendering);
  }
  return import_folder(args.folder, args.output);
}

int run_import(const ImportArgs& args) {
  const ImportReport report = import_corpus(args);
  for (const ImportReport::Failure& failure : report.failures) {
    log_error(failure.message, failure.hint);
  }
  for (const std::string& warning : report.warnings) {
    std::fprintf(stderr, "WARNING: %s\n", warning.c_str());
  }
  for (const std::string& note : report.notes) log_info(note);
  if (report.songs == 0) {
    log_error("no clip could be read, no manifest is written", "see above");
    return kSomeInputsFailed;
  }
  std::string line = std::to_string(report.songs) + " songs, classes " + join(report.classes, ", ");
  if (report.groups > 0) line += ", " + std::to_string(report.groups) + " groups";
  log_info(line + ": " + args.output.string());
  return report.failures.empty() ? kDone : kSomeInputsFailed;
}

/// An option that means nothing for the corpus would otherwise be ignored without a word.
void check_options(const CLI::App& command, const std::string& corpus) {
  const bool has_midis = corpus == "emopia";
  const bool has_ratings = corpus == "deam" || corpus == "pmemo";
  for (const auto& [option, is_meant] : {std::pair{"--audio", has_midis},
                                         {"--soundfont", has_midis},
                                         {"--jobs", has_midis},
                                         {"--neutral", has_ratings}}) {
    if (command.count(option) == 0 || is_meant) continue;
    throw UsageError(std::string(option) + " means nothing for '" + corpus + "'",
                     std::string("leave it out: it is for ") +
                         (std::string(option) == "--neutral" ? "deam and pmemo" : "emopia"));
  }
}

const char* const kFooter =
    "Corpora (perceived: what the music expresses; induced: what listeners felt):\n"
    "  folder   DIR/<label>/**/<audio>, one folder a class\n"
    "  4qaed    perceived; Panda et al. 2018, http://mir.dei.uc.pt/downloads.html\n"
    "  emopia   perceived; Hung et al. 2021, https://zenodo.org/record/5257995, CC BY-NC-SA 4.0;\n"
    "           its MIDIs are rendered by fluidsynth unless audio/ holds recordings\n"
    "  emotify  INDUCED; Aljanaki et al. 2016, no licence but \"cite the paper\",\n"
    "           http://www2.projects.science.uu.nl/memotion/emotifydata/\n"
    "  deam     perceived; Aljanaki et al. 2017, songs under Creative Commons licences,\n"
    "           https://cvml.unige.ch/databases/DEAM/\n"
    "  pmemo    INDUCED; Zhang et al. 2018, for research, the songs are their owners',\n"
    "           https://github.com/HuiZhangDB/PMEmo\n"
    "Example:\n  mer import folder ~/music/by-mood -o mood.csv\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some clips could not be rendered, 130 "
    "interrupted";

}  // namespace

std::function<int()> add_import(CLI::App& cmd) {
  auto args = std::make_shared<ImportArgs>();
  cmd.add_option("corpus", args->corpus, "Which corpus, see below")
      ->required()
      ->check(one_of(kCorpora));
  cmd.add_option("dir", args->folder, "The corpus' folder")->required()->type_name("DIR");
  cmd.add_option("-o,--output", args->output, "The manifest to write")
      ->required()
      ->type_name("FILE");
  cmd.add_option("--audio", args->rendering.audio_folder,
                 "emopia: folder for the rendered audio [MANIFEST-audio]")
      ->type_name("DIR");
  cmd.add_option("--soundfont", args->rendering.soundfont, "emopia: what plays the MIDIs")
      ->capture_default_str()
      ->type_name("FILE");
  cmd.add_option("-j,--jobs", args->rendering.jobs, "emopia: clips at once, 0 for one per core")
      ->capture_default_str()
      ->check(number(at_least(0)));
  cmd.add_option("--neutral", args->quadrants.neutral,
                 "deam, pmemo: leave out songs whose valence or arousal is\n"
                 "this share of the scale or less from its middle")
      ->capture_default_str()
      ->check(number(between(0.0, 0.49)));
  add_verbosity_options(cmd);
  cmd.footer(kFooter);
  return [args, &cmd] {
    check_options(cmd, args->corpus);
    return run_import(*args);
  };
}

}  // namespace mer::app
